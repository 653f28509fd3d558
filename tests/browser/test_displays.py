"""A display on a wall, opened by its key: live, honest about its age while the server is away, and told what to do from afar."""
import re

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

PANELS = [{"kind": "metric", "metric": "load"}, {"kind": "users"}, {"kind": "clock"}]
AS_OF = re.compile(r"as of \d")
WANT_RELOAD = "document.body.dispatchEvent(new CustomEvent('rt-reload', {bubbles: true, cancelable: true}))"


@pytest.fixture
def wall_server(start_server, migrated_sqlite):
    return start_server(migrated_sqlite)


@pytest.fixture
def api(wall_server):
    return Api(wall_server.address)


@pytest.fixture
def wall(wall_server, api, visit):
    """The page of a display that has PANELS, in a browser that has its key."""
    assert api.ask("POST", "/api/displays", {"slug": "lobby", "name": "Lobby", "panels": PANELS}).status == 201
    page = visit(wall_server.url, api.ask("POST", "/api/displays/lobby/key", {}).json["path"], may_fail=True).page
    is_live(page)
    return page


def is_live(page):
    expect(page.locator("html")).to_have_attribute("data-rt-state", "sse")


def publish(api, value, **options):
    event = {"type": "value", "data": {"value": value, "unit": "kW"}, **options}
    assert api.ask("POST", "/api/topics/metric:load/events", event).status in (201, 202)


def test_a_wall_keeps_the_last_values_with_their_age_while_the_server_is_away_and_heals_without_a_reload(wall_server, api, wall):
    assert "key=" not in wall.url
    publish(api, 41.5)
    expect(wall.locator("[data-value]")).to_have_text("41.5")
    api.create("Ada")
    expect(wall.locator("#panel-2")).to_contain_text("Ada")
    wall.evaluate("window.isTheSame = true")

    wall_server.kill()
    expect(wall.locator("[data-lost]")).to_have_text(re.compile("Disconnected"))
    expect(wall.locator("#panel-1 [data-rt-age]")).to_have_text(AS_OF)
    expect(wall.locator("[data-value]")).to_have_text("41.5")
    expect(wall.locator("#panel-2")).to_contain_text("Ada")
    expect(wall.locator("#panel-1")).to_have_css("border-top-color", "rgb(138, 143, 150)")

    wall_server.start()
    is_live(wall)
    expect(wall.locator("[data-lost]")).to_be_hidden()
    expect(wall.locator("#panel-1 [data-rt-age]")).to_be_hidden()
    publish(api, 7, transient=True)
    expect(wall.locator("[data-value]")).to_have_text("7")
    assert wall.evaluate("window.isTheSame")

    wall_server.kill()
    assert not wall.evaluate(WANT_RELOAD), "for a newer build it waits until the server has the page"
    expect(wall.locator("[data-lost]")).to_have_text(re.compile("Disconnected"))
    expect(wall.locator("[data-value]")).to_have_text("7")


WATCH_LOCK = """() => {
    window.locks = 0;
    Object.defineProperty(navigator, "wakeLock", {value: {request: async () => { window.locks += 1; }}});
}"""


def test_a_wall_identifies_itself_follows_what_is_composed_and_shows_nothing_that_it_may_not_show(wall_server, api, wall, visit):
    api.ask("POST", "/api/displays/lobby/commands", {"command": "identify"})
    expect(wall.locator("[data-identify]")).to_be_visible()
    wall.evaluate(WATCH_LOCK)
    wall.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert wall.evaluate("window.locks") == 1

    api.ask("POST", "/api/updates", {"channel": "general", "text": "Cake at four"})
    panels = [{"kind": "text", "text": "Mind the step"}, {"kind": "channel", "channel": "general"}]
    api.ask("PUT", "/api/displays/lobby", {"name": "Hall", "panels": panels})
    expect(wall.locator("h1")).to_have_text("Hall")
    expect(wall.locator("#panel-1")).to_have_text("Mind the step")
    is_live(wall)
    viewers = visit(wall_server.url, "/displays/lobby", may_fail=True).page
    is_live(viewers)
    api.ask("POST", "/api/updates", {"channel": "general", "text": "No cake"})
    expect(wall.locator("#panel-2")).to_contain_text("No cake")
    api.ask("PUT", "/api/channels/general", {"visibility": "private"})
    expect(wall.locator("#panel-2")).to_have_text("What this panel shows is not there, or not for you.", use_inner_text=True)

    assert api.ask("DELETE", "/api/displays/lobby/key").status == 204
    expect(wall.locator("[data-lost]")).to_contain_text("may not be shown here any more")
    expect(wall.locator("#panel-1")).to_be_hidden()
    expect(viewers.locator("#panel-1")).to_be_visible()
    assert api.ask("DELETE", "/api/displays/lobby").status == 204
    expect(viewers.locator("[data-lost]")).to_contain_text("not there any more")
    expect(viewers.locator("#panel-1")).to_be_hidden()
