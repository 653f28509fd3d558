"""A page that is live by attributes alone, and what it says when one of its topics is taken away while it is open."""
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

PASSWORD = "correct horse"
NOTE = "You no longer have access to this list."


@pytest.fixture
def server(start_server, migrated_sqlite):
    return start_server(migrated_sqlite, factory="call:tests.browser.two_lists:main")


@pytest.fixture
def admin(server):
    """The API as the admin uses it."""
    return Api(server.address)


@pytest.fixture
def member(admin):
    """The path of a membership of the private channel `team`, and the account that has it."""
    admin.ask("POST", "/api/channels", {"name": "team", "title": "Team", "kind": "discussion", "visibility": "private"})
    ada = admin.create(f"Ada {secrets.token_hex(4)}", password=PASSWORD)
    membership = f"/api/channels/team/members/{ada['id']}"
    assert admin.ask("PUT", membership).status == 204
    return membership, ada


def test_a_list_that_is_taken_away_says_so_the_others_stay_live_and_refresh_brings_it_back(server, admin, member, visit):
    membership, ada = member
    person = visit(server.url, "/login?next=%2Ftwo-lists", may_fail=True)
    page = person.page
    page.get_by_label("E-mail or name").fill(ada["email"])
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}/two-lists")
    person.is_connected()
    assert admin.ask("DELETE", membership).status == 204

    expect(page.get_by_label("Team").get_by_text(NOTE)).to_be_visible()
    expect(page.locator("[data-rt-say]")).to_contain_text(NOTE)
    bob = admin.create("Bob")
    expect(person.row("Bob")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("3")
    admin.delete(bob)
    expect(person.row("Bob")).to_have_count(0)
    expect(page.locator("#count")).to_have_text("2")
    expect(page.get_by_label("Users").get_by_text(NOTE)).to_have_count(0)
    person.is_connected()

    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_label("Team").get_by_text(NOTE)).to_be_visible()
    assert admin.ask("PUT", membership).status == 204
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_label("Team").get_by_text(NOTE)).to_have_count(0)
    person.is_connected()
