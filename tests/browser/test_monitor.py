"""The monitor: what the process is doing, live, in tiles, in charts and in a table beside each."""
import re

from playwright.sync_api import expect

from tests.live.api import Api


def test_streams_that_come_and_events_that_are_sent_are_seen_as_they_are(server, visit):
    person = visit(server.url, "/monitor").is_connected()
    tile = {name: person.page.locator(f"p[data-figure={name}]") for name in ("streams", "broker", "p50", "processes")}
    expect(tile["streams"]).to_have_text("1")
    expect(tile["broker"]).to_have_text("up")
    expect(tile["p50"]).to_have_text("–")
    expect(person.page.locator("[data-processes] > tr")).to_have_count(1)
    visit(server.url, "/users").is_connected()
    expect(tile["streams"]).to_have_text("2")
    Api(server.address).ask("POST", "/api/rows", {"value": 5})
    expect(tile["p50"]).to_have_text(re.compile(r"^[0-9.]+ ms$"))
    expect(person.page.locator("[data-chart] canvas")).to_have_count(4)
    person.page.get_by_text("As a table").first.click()
    expect(person.page.locator("details[open] tbody > tr").first.locator("td").first).to_have_text(re.compile("[12]"))
    person.page.get_by_role("button", name="15 min").click()
    expect(person.page.get_by_role("button", name="15 min")).to_have_attribute("aria-pressed", "true")


def test_a_paused_monitor_stands_still_and_then_has_what_came_meanwhile(server, visit):
    person = visit(server.url, "/monitor").is_connected()
    streams = person.page.locator("p[data-figure=streams]")
    expect(streams).to_have_text("1")
    pause = person.page.get_by_role("button", name=re.compile("Pause|Resume"))
    pause.click()
    visit(server.url, "/users").is_connected()
    expect(pause).to_have_text(re.compile(r"Resume \([2-9]\)"))
    expect(streams).to_have_text("1")
    pause.click()
    expect(streams).to_have_text("2")
