"""/login and /logout as a browser without JavaScript meets them, and where one is sent on to."""
import re

import pytest

from .conftest import LOCAL
from .test_redirects import OTHER_SITES

PASSWORD, WRONG = "correct horse", "correct house"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(sqlite_client, as_role):
    """A Client of which nobody is signed in, and an account: Ada, a member, with a password."""
    sqlite_client.add_user("Ada", password=PASSWORD)
    return as_role(sqlite_client, "anonymous")


def sign_in(browser, username="ada@example.org", password=PASSWORD, url="/login", status=303):
    """Open the form, fill it in and send it, as a browser does."""
    form = browser.get(url, status="*").forms[0]
    form["username"], form["password"] = username, password
    return form.submit(status=status)


def viewer(page):
    name = page.html.find(class_="viewer-name")
    return name and name.text


def actions(client):
    return [action for action, in client.rows("SELECT action FROM audit WHERE action LIKE 'sign%' ORDER BY id")]


def test_who_signs_in_is_somebody_until_he_signs_out(browser):
    answer = sign_in(browser)
    assert answer.location == "http://localhost/" and "session" in browser.cookies
    page = browser.get("/users")
    assert viewer(page) == "Ada"
    answer = page.forms["sign-out"].submit(status=303)
    assert answer.location == "http://localhost/login"
    assert "session" not in browser.cookies and viewer(answer.follow()) is None
    browser.get("/users", status=401)
    assert actions(browser) == ["sign_in", "sign_out"]


def test_every_failure_says_the_same_and_keeps_the_name_but_not_the_password(browser):
    for username, password in [("ada@example.org", WRONG), ("nobody@example.org", PASSWORD), ("ada@example.org", ""), ("", ""),
                               ("<script>alert(1)</script>", PASSWORD)]:
        page = sign_in(browser, username, password, status=401)
        assert page.html.find(role="alert").text == "The name or the password is not right."
        assert page.forms[0]["username"].value == username and page.forms[0]["password"].value == ""
        assert "session" not in browser.cookies and "<script>alert" not in page.text
        [focused] = page.html.find_all(attrs={"autofocus": True})
        assert focused["name"] == ("password" if username else "username")


def test_a_form_that_was_refused_may_be_sent_again_and_remembers_where_one_wanted_to_go(browser):
    form = sign_in(browser, password=WRONG, url="/login?next=/users", status=401).forms[0]
    form["password"] = PASSWORD
    assert form.submit(status=303).location == "http://localhost/users"


def test_whatever_is_typed_is_refused_and_never_a_fault(browser):
    fields = {"csrf_token": browser.token(), "username": "ada@example.org", "password": WRONG}
    for typed in [{"username": "\0"}, {"username": "a\r\nSet-Cookie: x=y"}, {"username": "x" * 100_000}, {"username": "' OR 1=1 --"},
                  {"password": "\0"}, {"password": "x" * 100_000}, {"next": "\u2028\0"}, {"username": "a" * 254}]:
        page = browser.post("/login", {**fields, **typed}, status=401)
        assert len(page.forms[0]["username"].value) <= 254 and "x=y" not in str(page.headers)
    del fields["password"]
    browser.post("/login", fields, status=401)


def test_too_many_attempts_are_429_with_the_time_to_wait(migrated_sqlite, make_client):
    browser = make_client(migrated_sqlite, None, **{"myapp.rate_limit.sign_in": "2 per 5 minutes"})
    browser.add_user("Ada", password=PASSWORD)
    for _ in range(2):
        sign_in(browser, password=WRONG, status=401)
    page = sign_in(browser, status=429)
    wait_s = int(page.headers["Retry-After"])
    assert 0 < wait_s <= 300
    assert int(page.html.find(role="timer")["data-countdown"]) == wait_s
    assert page.forms[0]["username"].value == "ada@example.org" and page.html.find(role="alert").text


# Where one is sent on to

def test_a_page_that_needs_a_sign_in_is_the_form_itself_and_leads_to_the_page(browser):
    for asked in "/users", "/users/new", "/audit", "/account", "/users?a=1&b=%C3%A9":
        page = browser.get(asked, status=401)
        assert page.html.find("h1").text == "Sign in" and page.headers["WWW-Authenticate"].startswith("Bearer")
        assert page.forms[0]["next"].value == asked
    assert sign_in(browser, url=asked).location == f"http://localhost{asked}"


def test_a_change_that_needs_a_sign_in_leads_to_the_dashboard(browser):
    page = browser.post("/users/1/delete", {"csrf_token": browser.token()}, status=401)
    assert page.forms[0]["next"].value == "/"


def test_nobody_is_sent_back_to_the_form_or_out_again(browser):
    for asked in "/login", "/login?next=/login", "/logout", "/login#x":
        assert browser.get("/login", {"next": asked}).forms[0]["next"].value == "/"


def test_the_form_sends_nobody_to_another_site(browser):
    fields = {"csrf_token": browser.token(), "username": "ada@example.org", "password": ""}
    for text in (text for text in OTHER_SITES if isinstance(text, str) and "\ud800" not in text):
        shown = browser.get("/login", {"next": text}), browser.post("/login", {**fields, "next": text}, status=401)
        assert [page.forms[0]["next"].value for page in shown] == ["/", "/"], ascii(text)


def test_a_sign_in_that_succeeds_does_not_either(browser):
    for text in "//evil.example", "/\\evil.example", "https:evil.example":
        fields = {"csrf_token": browser.token(), "username": "ada@example.org", "password": PASSWORD, "next": text}
        assert browser.post("/login", fields, status=303).location == "http://localhost/"


def test_who_is_signed_in_already_is_sent_on_at_once(browser):
    sign_in(browser)
    assert browser.get("/login?next=/users", status=303).location == "http://localhost/users"
    assert browser.get("/login?next=//evil.example", status=303).location == "http://localhost/"


def test_under_auto_login_one_may_sign_in_as_somebody_else_and_out_again(sqlite_client):
    sqlite_client.add_user("Ada", password=PASSWORD)
    assert viewer(sqlite_client.get("/login")) == "admin"
    assert viewer(sign_in(sqlite_client).follow()) == "Ada"
    assert viewer(sqlite_client.get("/").forms["sign-out"].submit().follow()) == "admin"


# What the page is made of

def test_the_form_is_what_a_password_manager_and_a_screen_reader_expect(browser):
    page = browser.get("/login").html
    name, password = page.find(attrs={"name": "username"}), page.find(attrs={"name": "password"})
    assert (name["autocomplete"], password["autocomplete"]) == ("username", "current-password")
    for field in (name, password):
        assert page.find("label", attrs={"for": field["id"]}).text
    assert not page.find(attrs={"data-rt-url": True}) and not page.find(attrs={"data-rt-status": True})


def test_htmx_gets_no_form_to_put_in_place_of_a_part(browser):
    answer = browser.get("/users", headers=HTMX, status=401)
    noswap = re.search(r'"noSwap": \[([^]]*)\]', browser.get("/").text)[1]
    assert '"401"' in noswap and "<html" not in answer.text


def test_there_is_no_way_out_by_a_link(browser):
    sign_in(browser)
    for method in "GET", "HEAD", "PUT", "DELETE":
        browser.request("/logout", method=method, headers={"X-CSRF-Token": browser.token()}, status=405)
    assert viewer(browser.get("/users")) == "Ada"


def test_signing_out_when_nobody_is_signed_in_leads_to_the_form_and_is_no_act(browser):
    assert browser.post("/logout", {"csrf_token": browser.token()}, status=303).location == "http://localhost/login"
    assert actions(browser) == []


def test_neither_form_works_without_its_token(browser):
    sign_in(browser)
    for url in "/login", "/logout":
        fields = {"username": "ada@example.org", "password": PASSWORD}
        browser.post(url, fields, status=400)
        browser.post(url, {**fields, "csrf_token": "wrong"}, status=400)
    assert viewer(browser.get("/users")) == "Ada"


def test_another_browser_needs_the_token_to_sign_in_even_without_a_cookie(browser):
    browser.elsewhere_as(LOCAL).post("/login", {"username": "ada@example.org", "password": PASSWORD}, status=400)


def test_the_anonymous_see_the_way_in_and_not_what_is_behind_it(browser):
    page = browser.get("/")
    link = page.html.find("header").find("a", string="Sign in")
    assert link["href"] == "/login?next=%2F" and not page.html.find(id="sign-out")
    assert not browser.get("/login").html.find("header").find("a", string="Sign in")


@pytest.mark.parametrize("role, has_more", [("admin", True), ("editor", False), ("member", False)])
def test_the_menu_has_the_account_and_the_way_out_and_for_admins_the_trail_and_the_monitor(sqlite_client, as_role, role, has_more):
    menu = as_role(sqlite_client, role).get("/").html.find(attrs={"data-menu": True})
    links = {link["href"] for link in menu.find_all("a")}
    assert links == {"/account"} | ({"/audit", "/monitor"} if has_more else set())
    assert menu.find("button", attrs={"form": "sign-out"}).text == "Sign out"
