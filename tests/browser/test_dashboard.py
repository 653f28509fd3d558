"""The dashboard: whatever happens elsewhere is seen on each of its tiles, without a reload. On the way the list of displays is tried."""
import pytest
from playwright.sync_api import expect

from tests.live.api import Api


@pytest.fixture
def served(start_server, migrated_sqlite, own_redis):
    return start_server(migrated_sqlite, {"realtime.broker": own_redis.url})


def test_what_one_browser_does_is_seen_on_every_tile_of_the_dashboard_in_another(served, own_redis, visit):
    watcher = visit(served.url, "/").is_connected().page
    count, online, broker = (watcher.locator(f"[{mark}]") for mark in ("data-user-count", "data-displays-online", "data-broker"))
    expect(count).to_have_text("1")
    expect(online).to_have_text("0")
    expect(broker).to_have_text("Up")
    api = Api(served.address)
    assert api.ask("POST", "/api/displays", {"slug": "lobby"}).status == 201
    wall = visit(served.url, api.ask("POST", "/api/displays/lobby/key", {}).json["path"]).page

    actor = visit(served.url, may_fail=True).is_connected()
    actor.creates("Ada Lovelace", "ada@example.org")
    expect(count).to_have_text("2")
    expect(watcher.get_by_text("Ada Lovelace")).to_have_count(2)     # newest, and changed last
    expect(online).to_have_text("1")

    actor.page.get_by_role("link", name="Displays", exact=True).click()
    expect(actor.page.locator("#display-table tbody tr")).to_contain_text("Online")
    actor.page.get_by_role("button", name="Identify lobby").click()
    expect(wall.locator("[data-identify]")).to_be_visible()

    actor.page.goto(f"{served.url}/updates")
    actor.page.get_by_role("link", name="New update").click()
    actor.form.get_by_label("Text").fill("Welcome, Ada")
    actor.presses("Post")
    expect(watcher.locator("#newest-updates li").first).to_contain_text("Welcome, Ada")

    own_redis.kill()
    expect(broker).to_have_text("Down")
    own_redis.start()
    expect(broker).to_have_text("Up")
