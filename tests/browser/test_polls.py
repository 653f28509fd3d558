"""Where no stream comes through, a page goes on by polls, and by a stream again as soon as that may be had."""
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

STREAMS, LONG_POLLS = "**/events?*", "**/events/poll?*wait=25*"
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
    with person.page.expect_request(LONG_POLLS):
        person.page.reload()
    is_polling(person)
    Api(server.address).create(name)
    expect(person.row(name)).to_have_count(1)
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


def test_a_page_that_gets_neither_streams_nor_long_polls_asks_now_and_then_and_has_a_stream_when_one_comes_back_to_it(server, visit, name):
    person = visit(server.url, "/account", may_fail=True, shares=False)
    context = person.page.context
    for blocked in STREAMS, LONG_POLLS:
        context.route(blocked, lambda route: route.abort())
    with person.page.expect_request(LONG_POLLS):
        person.page.goto(f"{server.url}/users")
    is_polling(person)
    Api(server.address).create(name)
    expect(person.row(name)).to_have_count(1)
    context.unroute(STREAMS)
    person.page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    person.is_connected()
    assert [each for each in person.names() if each.startswith(name)] == [name]


def test_behind_a_proxy_that_keeps_streams_to_itself_only_the_first_page_of_a_tab_has_to_find_out(server, visit, name):
    person, kept = visit(server.url, "/account", shares=False), []
    person.page.context.route(STREAMS, lambda route: kept.append(route))
    person.page.goto(f"{server.url}/")
    is_polling(person)
    assert len(kept) == 1
    person.page.goto(f"{server.url}/users")
    is_polling(person)
    assert len(kept) == 1
    Api(server.address).create(name)
    expect(person.row(name)).to_have_count(1)
