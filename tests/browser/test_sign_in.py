"""Signing in and out in a browser: with and without JavaScript, back to the page that was asked for, and out of every other one."""
import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api
from tests.live.conftest import assert_quiet
from tests.live.server import Server, run

from .person import Person

PASSWORD, WRONG, NEW = "correct horse", "correct house", "another horse"
PHONE = {"width": 390, "height": 844}
SETTINGS = {"myapp.auto_login": "", "myapp.rate_limit.sign_in": "3 per 5 minutes"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A web process that lets nobody in without a password."""
    folder = tmp_path_factory.mktemp("sign-in")
    server = Server(folder, f"sqlite:///{folder}/myapp.sqlite", SETTINGS)
    assert run("myapp-init-db", server.ini, "--admin-password", PASSWORD).returncode == 0
    try:
        yield server.start()
    finally:
        server.end()
    assert_quiet(server)


@pytest.fixture(scope="module")
def admin(server):
    """The API as the admin uses it."""
    answer = Api(server.address).ask("POST", "/api/tokens", {"username": "admin", "password": PASSWORD})
    return as_bearer(server, answer.json["token"])


@pytest.fixture
def ada(admin):
    """An account that nobody else uses: an editor."""
    return admin.create(f"Ada {secrets.token_hex(4)}", role="editor", password=PASSWORD)


def as_bearer(server, token):
    return Api(server.address, {"Authorization": f"Bearer {token}"})


def sign_in(page, account, password=PASSWORD):
    page.get_by_label("E-mail or name").fill(account["email"])
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def is_signed_in(page, account):
    expect(page.locator("[data-menu] > summary")).to_contain_text(account["name"])


def test_one_signs_in_and_out_by_the_menu_with_the_keyboard_alone(server, visit, ada):
    page = visit(server.url, "/login").page
    expect(page.get_by_label("E-mail or name")).to_be_focused()
    for text in ada["email"], PASSWORD:
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/")
    is_signed_in(page, ada)

    summary, way_out = page.locator("[data-menu] > summary"), page.get_by_role("button", name="Sign out")
    summary.focus()
    page.keyboard.press("Enter")
    expect(way_out).to_be_visible()
    page.keyboard.press("Escape")
    expect(way_out).to_be_hidden()
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    expect(way_out).to_be_visible()
    way_out.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/login")
    expect(summary).to_have_count(0)


def test_a_wrong_password_is_said_and_what_was_typed_can_be_looked_at(server, visit, ada):
    page = visit(server.url, "/login", may_fail=True).page
    sign_in(page, ada, WRONG)
    expect(page.get_by_role("alert")).to_have_text("The name or the password is not right.")
    expect(page.get_by_label("E-mail or name")).to_have_value(ada["email"])
    password = page.get_by_label("Password", exact=True)
    expect(password).to_be_focused()
    expect(password).to_have_value("")
    password.fill(PASSWORD)
    page.get_by_role("button", name="Show the password").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Sign in").click()
    is_signed_in(page, ada)


def test_after_too_many_attempts_the_page_counts_down_and_sends_nothing(server, visit, ada):
    page = visit(server.url, "/login", may_fail=True).page
    for _ in range(4):
        sign_in(page, ada, WRONG)
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"You can try again in [0-4]:[0-5][0-9]\."))
    expect(page.get_by_role("button", name="Sign in")).to_be_disabled()


def test_the_page_that_was_asked_for_comes_after_the_sign_in(server, visit, ada):
    person = visit(server.url, "/users", may_fail=True)
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(person.page, ada)
    person.page.wait_for_url(f"{server.url}/users")
    person.is_connected()
    expect(person.row(ada["name"])).to_have_count(1)


def test_a_new_password_signs_the_other_browser_out_which_comes_back_to_its_page(server, visit, ada):
    one, other = (visit(server.url, "/users", may_fail=True) for _ in range(2))
    for person in (one, other):
        sign_in(person.page, ada)
        person.is_connected()
    one.page.goto(f"{server.url}/account")
    one.page.get_by_label("Present password").fill(PASSWORD)
    one.page.get_by_label("New password").fill(NEW)
    one.page.get_by_role("button", name="Change password").click()
    expect(one.page.get_by_role("status")).to_contain_text("has been changed")
    is_signed_in(one.page, ada)

    other.page.get_by_role("link", name="New user").first.click()
    other.page.wait_for_url(f"{server.url}/login?next=%2Fusers")
    sign_in(other.page, ada, NEW)
    other.page.wait_for_url(f"{server.url}/users")
    other.is_connected()


@pytest.mark.parametrize("shares", [True, False])
def test_signing_out_in_one_tab_is_said_in_all_and_the_next_user_of_the_browser_sees_nothing_of_the_former_ones(
        server, admin, visit, ada, shares):
    first = visit(server.url, "/login", may_fail=True, shares=shares)
    sign_in(first.page, ada)
    is_signed_in(first.page, ada)
    first.page.goto(f"{server.url}/users")
    others = [another_tab(first, server, "/users"), another_tab(first, server, "/")]
    for tab in (first, *others):
        tab.is_connected()
    first.page.locator("[data-menu] > summary").click()
    first.page.get_by_role("button", name="Sign out").click()
    first.page.wait_for_url(f"{server.url}/login")
    for tab in others:
        expect(tab.page.get_by_role("status")).to_have_text("Signed out")

    bob = admin.create(f"Bob {secrets.token_hex(4)}", password=PASSWORD)
    sign_in(first.page, bob)
    is_signed_in(first.page, bob)
    first.page.goto(f"{server.url}/users")
    first.is_connected()
    for tab in others:
        tab.page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    admin.create(f"Seen by {bob['name']}")
    expect(first.row(f"Seen by {bob['name']}")).to_have_count(1)
    assert admin.ask("GET", "/api/stats").json["streams"] == 1
    for tab in others:
        expect(tab.page.get_by_role("status")).to_have_text("Signed out")
        is_signed_in(tab.page, ada)
    assert others[0].row(f"Seen by {bob['name']}").count() == 0
    expect(others[1].page.get_by_text("You are signed out here")).to_be_visible()
    others[0].page.get_by_role("button", name="Reload").click()
    is_signed_in(others[0].is_connected().page, bob)


def test_a_page_of_somebody_else_makes_a_tab_say_signed_out_though_its_session_lasts(server, admin, visit, ada):
    """As where the server does not end streams at a sign-out."""
    bob = admin.create(f"Bob {secrets.token_hex(4)}", password=PASSWORD)
    cookies = []
    for account in bob, ada:
        person = visit(server.url, "/login", may_fail=True)
        sign_in(person.page, account)
        is_signed_in(person.page, account)
        cookies += person.page.context.cookies()
    person.is_connected()
    [bobs] = [cookie for cookie in cookies if cookie["name"] == "session"][:1]
    person.page.context.add_cookies([bobs])
    other = another_tab(person, server, "/users")
    other.is_connected()
    is_signed_in(other.page, bob)
    expect(person.page.get_by_role("status")).to_have_text("Signed out")
    is_signed_in(person.page, ada)


def another_tab(person, server, path):
    page = person.page.context.new_page()
    page.goto(server.url + path)
    return Person(page)


def test_without_javascript_one_signs_in_and_out_too(server, visit, ada):
    page = visit(server.url, "/account", java_script_enabled=False, may_fail=True).page
    expect(page.get_by_role("button", name="Show the password")).to_be_hidden()
    sign_in(page, ada, WRONG)
    expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page, ada)
    page.wait_for_url(f"{server.url}/account")
    page.locator("#password").get_by_label("Present password").fill(WRONG)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("This is not your present password.")).to_be_visible()
    page.locator("[data-menu] > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{server.url}/login")


def test_a_token_is_made_shown_and_revoked_without_javascript(server, visit, ada):
    page = visit(server.url, "/account", java_script_enabled=False, may_fail=True).page
    sign_in(page, ada)
    page.get_by_label("Name", exact=True).fill("boiler room")
    page.get_by_label("Read everything").check()
    page.get_by_role("button", name="Make token").click()
    token = page.get_by_label("The new token").input_value()
    assert as_bearer(server, token).ask("GET", "/api/users").status == 200
    page.get_by_role("button", name="Revoke the token boiler room").click()
    expect(page.get_by_text("The token has been revoked.")).to_be_visible()
    assert as_bearer(server, token).ask("GET", "/api/users").status == 401


def test_no_page_is_wider_than_a_phone(server, visit):
    page = visit(server.url, "/login", viewport=PHONE).page
    assert_fits(page)
    sign_in(page, {"email": "admin@localhost"})
    page.wait_for_url(f"{server.url}/")
    for path in "/", "/users", "/account", "/audit":
        page.goto(server.url + path)
        page.locator("[data-menu] > summary").click()
        assert_fits(page)


def assert_fits(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
    for each in page.locator("header :is(a, button, summary):visible").all():
        each.scroll_into_view_if_needed()       # the navigation scrolls, by itself
        box = each.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"], page.url
