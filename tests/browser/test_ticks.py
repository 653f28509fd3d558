"""A sensor that ticks three hundred times a second, for half a minute, on the wall: every tick is heard, few are drawn, none is stored.

What is counted of the browser is the CPU time of all its renderers, as it says itself: of the page, of the shared worker that has the
connection, and of what paints them. A context has renderers of its own, and there is no other one meanwhile.
"""
import threading
import time

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

import myapp
from myapp.realtime import session
from tests.functional.applications import end
from tests.live.api import Api
from tests.live.inside import serving
from tests.waiting import wait_until

PANELS = [{"kind": "metric", "metric": "load"}, {"kind": "users"}, {"kind": "rows"}, {"kind": "clock"}]
RATE, SECONDS = 300, 30
TICKS = RATE * SECONDS
DRAW_S = 0.25
MOST_OF_A_CORE = 0.1

LISTEN = """() => {
    window.heard = [];
    window.drawings = 0;
    document.addEventListener("metric-changed", ({detail}) => window.heard.push(detail.data.value));
    new MutationObserver(() => { window.drawings += 1; }).observe(document.querySelector("polyline"), {attributes: true});
}"""


@pytest.fixture
def app(migrated_sqlite):
    """The application, within this process, so that all that it says to its database is seen."""
    app = myapp.main({}, **{"sqlalchemy.url": migrated_sqlite, "myapp.auto_login": "admin"})
    yield app
    end(app)


@pytest.fixture
def api(app):
    with serving(app) as server:
        yield Api(*server.addresses)


@pytest.fixture
def wall(api, visit):
    """The page of a display that has PANELS, opened by its key, and live."""
    assert api.ask("POST", "/api/displays", {"slug": "lobby", "panels": PANELS}).status == 201
    key = api.ask("POST", "/api/displays/lobby/key", {}).json["path"]
    page = visit("http://{}:{}".format(*api.address), key).page
    expect(page.locator("html")).to_have_attribute("data-rt-state", "sse")
    return page


def test_three_hundred_ticks_a_second_are_heard_and_drawn_at_a_pace_by_little_of_a_core_and_without_the_database(app, api, wall):
    devtools, said = wall.context.browser.new_browser_cdp_session(), []
    wall.evaluate(LISTEN)
    stored, engine = rows(app), app.registry["dbsession_factory"].kw["bind"]
    sa.event.listen(engine, "before_cursor_execute", lambda *given: said.append((threading.get_ident(), given[2])))

    used, begun = used_by_pages(devtools), time.monotonic()
    tick(app, range(TICKS))
    wait_until(lambda: wall.evaluate("window.heard.at(-1)") == TICKS - 1)
    used = used_by_pages(devtools) - used
    expect(wall.locator("[data-value]")).to_have_text("8,999")
    drawings, lasted_s = wall.evaluate("window.drawings"), time.monotonic() - begun

    assert wall.evaluate("window.heard") == [*range(TICKS)]
    assert SECONDS <= drawings <= lasted_s / DRAW_S + 2
    assert used / SECONDS < MOST_OF_A_CORE
    assert not [statement for thread, statement in said if thread == threading.get_ident()]
    assert len(said) < lasted_s * 20, "the watch over open streams asks as without any tick, some times a second"
    assert rows(app) == stored

    event = {"type": "value", "data": {"value": -1}, "transient": True}
    assert api.ask("POST", "/api/topics/metric:load/events", event).status == 202
    expect(wall.locator("[data-value]")).to_have_text("-1")


def tick(app, values):
    """Publish each of `values` in a transaction of its own, RATE of them a second: a program that has its readings to tell."""
    with session(app.registry) as rt:
        begun = time.monotonic()
        for number, value in enumerate(values):
            threading.Event().wait(max(0, begun + number / RATE - time.monotonic()))
            rt.publish("metric:load", "value", {"value": value, "unit": "kW"}, transient=True)
            rt.request.tm.commit()
            rt.request.tm.begin()


def used_by_pages(devtools):
    """Return the CPU seconds of all renderers."""
    processes = devtools.send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")


def rows(app):
    with app.registry["dbsession_factory"]() as dbsession:
        return [dbsession.execute(sa.text(f"SELECT * FROM {table}")).all() for table in ("event_log", "metrics")]
