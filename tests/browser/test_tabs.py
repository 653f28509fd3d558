"""The tabs of one browser share one connection. The server has room for two streams, one of them for that which takes the place of the
other when the tabs want other topics; with a stream each, not all tabs could be connected."""
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

from .person import Person

PAGE = "/users"


@pytest.fixture
def server(start_server, migrated_sqlite):
    return start_server(migrated_sqlite, {"realtime.max_streams": 2})


@pytest.fixture
def open_tab(server, visit):
    """open_tab(): a Person before another tab of one and the same browser, on the page of users."""
    context = visit(server.url, "/account").page.context

    def open_tab():
        page = context.new_page()
        page.goto(server.url + PAGE)
        return Person(page)
    return open_tab


@pytest.fixture
def name():
    return f"Ada {secrets.token_hex(4)}"


def test_ten_tabs_share_one_stream_also_when_the_one_that_made_it_is_closed(server, open_tab, name):
    tabs = [open_tab() for _ in range(10)]      # more than a browser has connections for
    api = Api(server.address)
    api.create(name)
    for tab in tabs:
        expect(tab.is_connected().row(name)).to_have_count(1)
    assert api.ask("GET", "/api/stats").json["streams"] == 1
    tabs[0].page.close()
    api.create(f"{name} II")
    for tab in tabs[1:]:
        expect(tab.row(f"{name} II")).to_have_count(1)
        assert [each for each in tab.names() if each.startswith(name)] == [f"{name} II", name]


def test_a_tab_that_goes_elsewhere_and_back_is_live_again_and_has_what_it_missed(server, open_tab, name):
    stays, goes = open_tab().is_connected(), open_tab().is_connected()
    goes.page.goto(f"{server.url}/account")
    Api(server.address).create(name)
    expect(stays.row(name)).to_have_count(1)
    goes.page.go_back()
    expect(goes.is_connected().row(name)).to_have_count(1)
    live = Api(server.address).create(f"{name} II")["name"]
    for tab in (stays, goes):
        expect(tab.row(live)).to_have_count(1)


def test_tabs_whose_worker_is_gone_have_another_soon_after_one_looks_at_them(server, open_tab, browser, name):
    tabs = [open_tab().is_connected() for _ in range(2)]
    browsing = browser.new_browser_cdp_session()
    [worker] = workers_of(server, browsing)
    browsing.send("Target.closeTarget", {"targetId": worker["targetId"]})
    Api(server.address).create(name)
    for tab in tabs:
        tab.page.evaluate("() => window.dispatchEvent(new Event('focus'))")     # a headless browser's tabs all have it already
    for tab in tabs:
        expect(tab.row(name)).to_have_count(1)
    assert [each["targetId"] for each in workers_of(server, browsing)] != [worker["targetId"]]
    assert len(workers_of(server, browsing)) == 1


def workers_of(server, browsing):
    targets = browsing.send("Target.getTargets")["targetInfos"]
    return [each for each in targets if each["type"] == "shared_worker" and each["url"].startswith(server.url)]
