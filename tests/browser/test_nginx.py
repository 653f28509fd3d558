"""Pages behind a real nginx, on sites that treat streams well and badly, while it answers 502 and while the server dies.

All sites are looked at together: what takes most of the time is to wait.
"""
import secrets
import threading
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests import servers
from tests.live.api import Api
from tests.live.proxy import Proxy

AWAY_S = 10.0               # how long nginx answers 502
RECOVERED_MS = 20_000       # after which a page says that it is well again
AT_REST_MS = 40_000         # until the page of a site that cuts what it likes has found out what may be had there
BRIEF = "brief"             # the site that cuts every connection,
BRIEF_S = 3.0               # after this
# Site -> what its page says when it is well.
WORDS = {"plain": "Connected (SSE)", "buffering": "Connected (Polling)", "impatient": "Connected (Polling)", BRIEF: "Connected (Polling)"}
# What the badge has said, in order, and a mark that a reload would take away.
WATCH = """() => {
    window.isTheSame = true;
    const badge = document.querySelector("[data-rt-status]");
    window.said = [badge.textContent];
    new MutationObserver(() => window.said.push(badge.textContent)).observe(badge, {childList: true});
}"""


@pytest.fixture
def house(start_server, migrated_sqlite):
    """(server, a network that can be cut between it and nginx, {site: its URL})."""
    server = start_server(migrated_sqlite)
    with Proxy(server.address) as network, servers.Nginx(network.address) as nginx:
        plain = urlsplit(nginx.url["plain"])
        with Proxy((plain.hostname, plain.port), lifetime_s=BRIEF_S) as brief:      # nginx itself cuts only what is silent
            yield server, network, {**nginx.url, BRIEF: brief.url}


def test_pages_behind_nginx_show_each_row_once_and_are_well_again_soon_after_502s_and_a_killed_server(house, visit):
    server, network, url = house
    people = {site: visit(url[site], may_fail=True) for site in WORDS}
    for person in people.values():
        person.page.evaluate(WATCH)
    are_well(people, AT_REST_MS)
    names = [create(server)]
    show(people, names)

    network.cut()
    names.append(create(server))
    threading.Event().wait(AWAY_S)      # no wait for a thing: this long is the thing
    names.append(create(server))
    for person in people.values():
        person.is_disconnected()
    network.mend()
    are_well(people)
    show(people, names)

    server.kill()
    for person in people.values():
        person.is_disconnected()
    server.start()
    names.append(create(server))
    are_well(people)
    names.append(create(server))
    show(people, names)
    for site, person in people.items():
        assert person.page.evaluate("() => window.isTheSame"), site
        assert set(person.page.evaluate("() => window.said")) <= {"Connecting…", "Disconnected", "Connected (SSE)", "Connected (Polling)"}


def create(server):
    """Create a user, at the server itself; returns the name."""
    return Api(server.address).create(f"Ada {secrets.token_hex(4)}")["name"]


def are_well(people, within_ms=RECOVERED_MS):
    for site, person in people.items():
        expect(person.page.locator("[data-rt-status]"), site).to_have_text(WORDS[site], timeout=within_ms)


def show(people, names):
    for site, person in people.items():
        for name in names:
            expect(person.row(name), site).to_have_count(1)
        assert [each for each in person.names() if each in names] == names[::-1], site     # newest first
