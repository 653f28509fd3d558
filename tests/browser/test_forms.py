"""The forms in the dialog: what is wrong is said by field, nothing typed is lost, and a server that fails is said so."""
import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api
from tests.live.server import run


@pytest.fixture
def name():
    """A name that nobody has yet."""
    return f"Bob {secrets.token_hex(4)}"


@pytest.fixture
def api(server):
    return Api(server.address)


def test_a_wrong_field_is_said_at_the_field_which_has_the_focus_and_everything_typed_is_kept(server, visit, name):
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_new()
    person.fills(name=name, email="no address")
    person.form.get_by_label("Role").select_option("editor")
    person.presses("Save")
    email = person.form.get_by_label("E-mail")
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description(re.compile("Write an address such as name@example.org"))
    expect(email).to_be_focused()
    expect(email).to_have_value("no address")
    expect(person.form.get_by_label("Name")).to_have_value(name)
    expect(person.form.get_by_label("Role")).to_have_value("editor")
    email.fill(f"{secrets.token_hex(4)}@example.org")
    person.presses("Save")
    expect(person.form).to_be_hidden()
    expect(person.row(name)).to_contain_text("editor")


def test_every_field_that_is_wrong_is_marked_at_once(server, visit):
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_new()
    person.fills(name=" ", email="", password="short")
    person.presses("Save")
    expect(person.form.locator("[aria-invalid=true]")).to_have_count(3)
    expect(person.form.get_by_label("Name")).to_be_focused()
    expect(person.form.get_by_text("This is needed.")).to_have_count(2)
    expect(person.form.get_by_text("8 to 200 characters, please.")).to_be_visible()


def test_an_address_that_is_taken_is_said_at_the_field_and_nothing_is_stored(server, api, visit, name):
    taken = api.create(f"{name} the first")
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_new()
    person.fills(name=name, email=taken["email"].upper())
    person.presses("Save")
    expect(person.form.get_by_label("E-mail")).to_have_accessible_description(re.compile("Another account has this address."))
    assert name not in [user["name"] for user in api.users()["items"]]


def test_a_user_changed_meanwhile_is_shown_beside_what_was_typed_and_saving_again_wins(server, api, visit, name):
    user = api.create(name)
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_edit(name)
    person.fills(name=f"{name} mine")
    api.change(user, name=f"{name} theirs")
    person.presses("Save")
    expect(person.form.get_by_role("alert").first).to_contain_text("changed meanwhile")
    expect(person.form.get_by_label("Name")).to_have_value(f"{name} mine")
    expect(person.form.get_by_text(f"{name} theirs")).to_be_visible()
    person.presses("Save")
    expect(person.form).to_be_hidden()
    expect(person.row(f"{name} mine")).to_have_count(1)


@pytest.mark.parametrize("leave", ["Escape", "Cancel"])
def test_a_form_that_is_left_changes_nothing_and_the_focus_goes_back_to_where_it_was(server, api, visit, name, leave):
    api.create(name)
    person = visit(server.url).is_connected()
    person.opens_edit(name)
    person.fills(name="Never mind")
    if leave == "Escape":
        person.page.keyboard.press("Escape")
    else:
        person.form.get_by_role("link", name="Cancel").click()
    expect(person.form).to_be_hidden()
    expect(person.row(name).get_by_role("link", name="Edit")).to_be_focused()
    person.opens_edit(name)
    expect(person.form.get_by_label("Name")).to_have_value(name)


def test_a_dialog_can_be_worked_with_the_keyboard_alone(server, visit, name):
    person = visit(server.url).is_connected()
    person.page.get_by_role("link", name="New user").first.focus()
    person.page.keyboard.press("Enter")
    expect(person.form.get_by_label("Name")).to_be_focused()
    person.page.keyboard.type(name)
    person.page.keyboard.press("Tab")
    person.page.keyboard.type(f"{secrets.token_hex(4)}@example.org")
    person.page.keyboard.press("Enter")
    expect(person.form).to_be_hidden()
    expect(person.row(name)).to_have_count(1)


def test_a_user_deleted_by_somebody_else_meanwhile_is_said_and_the_page_goes_on(server, api, visit, name):
    user = api.create(name)
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_delete(name)
    api.delete(user)
    expect(person.row(name)).to_have_count(0)
    person.presses("Delete")
    expect(person.form).to_contain_text("no longer")
    person.page.keyboard.press("Escape")
    person.creates(f"{name} the second", f"{secrets.token_hex(4)}@example.org")
    expect(person.row(f"{name} the second")).to_have_count(1)


def test_the_last_admin_cannot_be_deleted_and_the_dialog_says_why(server, visit):
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_delete("admin")
    person.presses("Delete")
    expect(person.form).to_contain_text("last admin")
    expect(person.row("admin")).to_have_count(1)


def test_a_server_that_is_gone_is_said_in_the_form_which_keeps_its_text_and_can_be_sent_again(start_server, migrated_sqlite, visit, name):
    server = start_server(migrated_sqlite)
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_new()
    person.fills(name=name, email="kept@example.org")
    server.kill()
    person.form.get_by_role("button", name="Save").click()
    expect(person.form.get_by_role("alert")).to_contain_text("could not be reached")
    expect(person.form.get_by_label("Name")).to_have_value(name)
    server.start()
    person.presses("Retry")
    expect(person.form).to_be_hidden()
    expect(person.row(name)).to_have_count(1)
    expect(person.row(name)).to_contain_text("kept@example.org")


def test_an_answer_503_is_said_in_the_form_which_keeps_its_text(server, visit, name):
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_new()
    person.fills(name=name, email=f"{secrets.token_hex(4)}@example.org")
    person.page.route("**/users/new", lambda route: route.fulfill(status=503, body="<h1>Away</h1>", content_type="text/html"), times=1)
    person.presses("Save")
    expect(person.form.get_by_role("alert")).to_contain_text("could not do this just now")
    expect(person.page.get_by_text("Away")).to_have_count(0)
    expect(person.form.get_by_label("Name")).to_have_value(name)
    person.presses("Retry")
    expect(person.form).to_be_hidden()
    expect(person.row(name)).to_have_count(1)


def test_a_link_that_cannot_be_opened_is_said_on_the_page_and_can_be_tried_again(server, visit):
    person = visit(server.url, may_fail=True).is_connected()
    person.page.route("**/users/new", lambda route: route.abort(), times=1)
    person.page.get_by_role("link", name="New user").first.click()
    notice = person.page.get_by_role("alert").filter(has_text="could not be reached")
    notice.get_by_role("button", name="Retry").click()
    expect(person.form.get_by_label("Name")).to_be_focused()
    expect(notice).to_be_hidden()


def test_an_empty_table_says_what_to_do_first_and_not_when_somebody_comes(start_server, migrated_sqlite, visit, name):
    server = start_server(migrated_sqlite)
    person = visit(server.url).is_connected()
    empty = person.page.get_by_text("No users yet")
    expect(empty).to_be_hidden()
    done = run("myapp-publish", server.ini, "users", "user_deleted", '{"id": 1}', "--key", "user-1")    # the viewer's own row
    assert done.returncode == 0, done.stderr
    expect(empty).to_be_visible()
    assert person.names() == []
    Api(server.address).create(name)
    expect(empty).to_be_hidden()
    assert person.names() == [name]
