"""Where no stream comes through, a page goes on by polls, and by a stream again as soon as that may be had."""
import secrets
import time

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

STREAMS = "**/events?*"
WITHIN_S = 2.0      # a waiting poll is answered at once; the rest is the browser's and the test's own
KEEP_STATES = 'window.states = []; document.addEventListener("rt-state", ({detail}) => window.states.push(detail.state))'


@pytest.fixture
def name():
    return f"Ada {secrets.token_hex(4)}"


def is_polling(person):
    expect(person.page.get_by_role("status")).to_have_text("Connected (Polling)")
    return person


def test_a_page_whose_streams_fail_is_live_by_polls_and_by_a_stream_again_when_refresh_is_pressed(server, visit, name):
    person = visit(server.url, may_fail=True, shares=False)
    person.page.route(STREAMS, lambda route: route.abort())
    person.page.reload()
    is_polling(person)
    begun = time.monotonic()
    Api(server.address).create(name)
    expect(person.row(name)).to_have_count(1)
    assert time.monotonic() - begun < WITHIN_S
    person.page.unroute(STREAMS)
    person.page.get_by_role("button", name="Refresh").click()
    person.is_connected()
    Api(server.address).create(f"{name} II")
    expect(person.row(f"{name} II")).to_have_count(1)
    assert [each for each in person.names() if each.startswith(name)] == [f"{name} II", name]


def test_a_page_for_whose_stream_there_is_no_place_polls_and_was_not_red_before(start_server, migrated_sqlite, visit, name):
    server = start_server(migrated_sqlite, {"realtime.max_streams": 1})
    visit(server.url).is_connected()
    person = visit(server.url, "/account", may_fail=True)
    person.page.add_init_script(KEEP_STATES)
    person.page.goto(f"{server.url}/users")
    is_polling(person)
    assert person.page.evaluate("() => window.states") == ["connecting", "polling"]
    Api(server.address).create(name)
    expect(person.row(name)).to_have_count(1)
