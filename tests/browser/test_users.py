"""The table of users beyond its first page, and the form of a user whom somebody else changes meanwhile."""
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api


@pytest.fixture
def api(server):
    return Api(server.address)


@pytest.fixture
def word():
    """A word that is in nobody's name yet."""
    return f"w{secrets.token_hex(4)}"


def test_new_users_wait_where_their_place_is_not_known_and_a_press_puts_them_there(server, visit, api, word):
    here, gone = api.create(f"{word} B"), api.create(f"{word} D")
    person = visit(server.url, f"/users?q={word}&sort=-name").is_connected()
    held = person.page.locator("[data-rt-held]")
    expect(held).to_be_hidden()
    api.create(f"{word} A")
    expect(held).to_have_text("1 new user")
    unwanted = api.create(f"{word} X")
    api.create(f"{word} C")
    expect(held).to_have_text("3 new users")
    api.delete(unwanted)
    expect(held).to_have_text("2 new users")
    api.change(here, role="editor")
    api.delete(gone)
    expect(person.row(f"{word} B")).to_contain_text("editor")
    expect(person.row(f"{word} D")).to_have_count(0)
    assert person.names() == [f"{word} B"]
    held.click()
    expect(person.row(f"{word} A")).to_have_count(1)
    assert person.names() == [f"{word} {letter}" for letter in "CBA"]
    expect(held).to_be_hidden()


def test_a_change_of_somebody_who_is_on_another_page_puts_nobody_on_this_one(server, visit, api, word):
    old = api.create(word)
    person = visit(server.url).is_connected()
    # As if forty-nine others were there already.
    person.page.evaluate("""() => {
        document.getElementById("users").dataset.rtMost = 1;
        document.querySelector("[data-pages-of]").dataset.rows = 1;
    }""")
    person.row(word).get_by_role("link", name="Edit").focus()
    api.create(f"{word} II")
    expect(person.row(f"{word} II")).to_have_count(1)
    assert person.names() == [f"{word} II", word]      # he is at one of its buttons
    person.page.evaluate("document.activeElement.blur()")
    api.create(f"{word} III")
    expect(person.row(word)).to_have_count(0)
    person.page.evaluate("document.querySelector('#users > tr').isTheSame = true")
    api.change(old, role="editor")
    person.opens_new()      # with each form, what is known is looked at again
    assert person.page.evaluate("document.querySelector('#users > tr').isTheSame")
    last = api.create(f"{word} IV")
    expect(person.row(last["name"])).to_have_count(1)
    assert person.names() == [last["name"]]
    total = api.ask("GET", "/api/users?limit=1").json["total"]
    expect(person.page.get_by_role("navigation", name="Pages")).to_contain_text(f"Page 1 of {total}, {total} users")
    expect(person.page.locator("[data-next]")).to_have_attribute("href", "/users?page=2")
    expect(person.page.locator("[data-next]")).to_be_visible()


def test_a_form_says_who_has_changed_the_user_meanwhile_and_shows_both_values_and_keeps_what_is_typed(server, visit, api, word):
    user = api.create(word)
    person = visit(server.url).is_connected()
    person.opens_edit(word)
    person.fills(name="Mine")
    api.change(user, email=f"{word}@elsewhere.example.org")
    expect(person.form.get_by_role("status")).to_have_text("Changed by admin meanwhile. Show")
    expect(person.form.get_by_label("Name")).to_have_value("Mine")
    person.presses("Show")
    expect(person.form.get_by_role("alert").first).to_contain_text("admin")
    expect(person.form.locator("#email-hint")).to_have_text(f"Now: {word}@elsewhere.example.org")
    expect(person.form.get_by_label("Name")).to_have_value("Mine")
    person.presses("Save")
    expect(person.form).to_be_hidden()
    expect(person.row("Mine")).to_contain_text(user["email"])
