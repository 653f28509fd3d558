"""/account: what one sees of oneself and can end or change, by plain forms, and nothing of anybody else's."""
import pytest

from myapp.app.agents import agent_name

from .conftest import LOCAL
from .test_login_page import PASSWORD, WRONG, sign_in, viewer

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1"
NEW = "another horse"


@pytest.fixture
def ada(sqlite_client, as_role):
    """A browser in which Ada, a member, is signed in."""
    sqlite_client.add_user("Ada", password=PASSWORD)
    browser = as_role(sqlite_client, "anonymous").elsewhere_as({**LOCAL, "HTTP_USER_AGENT": FIREFOX})
    sign_in(browser)
    return browser


def also(client, agent=IPHONE, username="ada@example.org", address="192.0.2.7"):
    """Sign in from another browser."""
    browser = client.elsewhere_as({"REMOTE_ADDR": address, "HTTP_HOST": "localhost", "HTTP_USER_AGENT": agent})
    sign_in(browser, username)
    return browser


def form(page, action):
    return next(form for form in page.forms.values() if form.action.partition("#")[0] == action)


def entries(page, section):
    return [" ".join(entry.text.split()) for entry in page.html.find(id=section).find(class_="credentials").find_all("li")]


def actions(client):
    """What has been done to credentials: [(action, by whom)]."""
    wanted = "action LIKE 'token%' OR action LIKE 'session%'"
    return [tuple(row) for row in client.rows(f"SELECT action, user_name FROM audit WHERE {wanted} ORDER BY id")]


def test_one_sees_who_one_is_and_where_one_is_signed_in(ada):
    also(ada)
    page = ada.get("/account")
    assert "ada@example.org" in page.text and "member" in page.html.find(id="main").text
    other, own = entries(page, "sessions")
    assert "Safari on iPhone" in other and "192.0.2.7" in other and "this session" not in other
    assert "Firefox on Linux" in own and "this session" in own
    assert entries(page, "tokens") == []


# Password

def change_password(browser, present, password, status=303):
    asked = form(browser.get("/account"), "/account/password")
    asked["present"], asked["password"] = present, password
    return asked.submit(status=status)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one_and_the_tokens(ada):
    other, token = also(ada), make_token(ada)[1]
    assert "has been changed" in change_password(ada, PASSWORD, NEW).follow().html.find(role="status").text
    assert viewer(ada.get("/users")) == "Ada"
    other.get("/users", status=401)
    ada.elsewhere().get("/api/me", headers={"Authorization": f"Bearer {token}"}, status=200)
    sign_in(ada.elsewhere(), password=PASSWORD, status=401)
    sign_in(ada.elsewhere(), password=NEW, status=303)


def test_a_password_is_not_changed_without_the_present_one_or_to_none(ada):
    before = ada.rows("SELECT * FROM users ORDER BY id")
    for present, password, field in [(WRONG, NEW, "present"), ("", NEW, "present"), ("\0", NEW, "present"), (PASSWORD, "", "password"),
                                     (PASSWORD, "short", "password"), (PASSWORD, "x" * 201, "password"), ("x" * 100_000, NEW, "present")]:
        page = change_password(ada, present, password, status=422)
        wrong = page.html.find(attrs={"aria-invalid": "true"})
        assert wrong["name"] == field and wrong.has_attr("autofocus") and page.html.find(id=f"{field}-error").text
        assert "horse" not in page.text and "house" not in page.text
    assert ada.rows("SELECT * FROM users ORDER BY id") == before


def test_guessing_the_present_password_is_limited_like_a_sign_in(sqlite_client, make_client, migrated_sqlite):
    browser = make_client(migrated_sqlite, None, **{"myapp.rate_limit.sign_in": "2 per 5 minutes"})
    browser.add_user("Ada", password=PASSWORD)
    sign_in(browser)
    for _ in range(2):
        change_password(browser, WRONG, NEW, status=422)
    page = change_password(browser, PASSWORD, NEW, status=429)
    assert int(page.headers["Retry-After"]) > 0 and page.html.find(id="password").find(role="alert").text


def test_an_account_without_a_password_has_no_form_for_one(sqlite_client):
    page = sqlite_client.get("/account")
    assert not page.html.find(attrs={"name": "present"}) and "no password" in page.html.find(id="password").text
    sqlite_client.post("/account/password", {"csrf_token": sqlite_client.token(), "present": "", "password": NEW}, status=422)


# Sessions

def test_a_session_that_is_ended_is_nobody_at_once(ada):
    other = also(ada)
    end = next(each for each in ada.get("/account").forms.values() if each.action.endswith("/end") and "credentials" in each.action)
    page = end.submit(status=303).follow()
    assert "ended" in page.html.find(role="status").text and len(entries(page, "sessions")) == 1
    other.get("/account", status=401)
    assert actions(ada) == [("session_ended", "Ada")]


def test_all_others_end_at_once_and_this_one_stays(ada):
    others = [also(ada), also(ada)]
    form(ada.get("/account"), "/account/sessions/end").submit(status=303)
    assert len(entries(ada.get("/account"), "sessions")) == 1
    for other in others:
        other.get("/account", status=401)


def test_nobody_ends_what_belongs_to_another(ada):
    ada.add_user("Bob", password=PASSWORD)
    bob = also(ada, username="bob@example.org")
    make_token(bob)
    for credential, in bob.rows("SELECT id FROM credentials WHERE user_id = (SELECT id FROM users WHERE name = 'Bob')"):
        ada.post(f"/account/credentials/{credential}/end", {"csrf_token": ada.token()}, status=404)
    ada.post("/account/credentials/999999999999999999/end", {"csrf_token": ada.token()}, status=404)
    assert len(entries(bob.get("/account"), "sessions") + entries(bob.get("/account"), "tokens")) == 2


# Tokens

def make_token(browser, name="boiler room", status=200, **fields):
    """Make a token by the form. Returns (the page, the token as it is shown)."""
    asked = form(browser.get("/account"), "/account/tokens")
    asked["name"] = name
    for field, value in {"access": "all", **fields}.items():
        asked[field] = value
    page = asked.submit(status=status)
    made = page.html.find(id="made")
    return page, made and made["value"]


def test_a_new_token_is_shown_once_works_and_can_be_revoked(ada):
    page, token = make_token(ada, "<b>boiler</b>")
    assert token.startswith("myapp_") and "<b>boiler" not in page.text
    again = ada.get("/account")
    assert token not in again.text and "<b>boiler</b> all that you may do" in entries(again, "tokens")[0]
    bearer = {"Authorization": f"Bearer {token}"}
    assert ada.elsewhere().get("/api/me", headers=bearer).json["name"] == "Ada"
    [(credential,)] = ada.rows("SELECT id FROM credentials WHERE kind = 'token'")
    assert entries(form(again, f"/account/credentials/{credential}/end").submit().follow(), "tokens") == []
    ada.elsewhere().get("/api/me", headers=bearer, status=401)
    assert actions(ada) == [("token_created", "Ada"), ("token_ended", "Ada")]


def test_a_token_may_do_what_was_ticked_and_typed(ada):
    make_token(ada, access="some", scope=["read:*"], other=" publish:metric:heat  read:users ")
    [(scopes,)] = ada.rows("SELECT scopes FROM credentials WHERE kind = 'token'")
    assert scopes == '["read:*", "publish:metric:heat", "read:users"]'


@pytest.mark.parametrize("fields, status, field", [
    ({"access": "some"}, 422, "other"), ({"access": "some", "other": "write:*"}, 422, "other"),
    ({"access": "some", "other": "admin"}, 403, None), ({"access": "some", "other": "read:\u2603"}, 422, "other"),
    ({"name": "x" * 101}, 422, "name"), ({"name": "a\u202eb"}, 422, "name")])
def test_a_token_that_cannot_be_made_is_said_at_the_field_which_keeps_what_was_typed(ada, fields, status, field):
    page, token = make_token(ada, status=status, **fields)
    assert token is None and ada.rows("SELECT * FROM credentials WHERE kind = 'token'") == []
    if field:
        wrong = page.html.find(attrs={"aria-invalid": "true"})
        assert wrong["name"] == field and page.html.find(id=wrong["aria-describedby"].split()[0]).text
    else:
        assert page.html.find(id="tokens").find(role="alert").text
    again = form(page, "/account/tokens")
    assert all(again[name].value == value for name, value in fields.items())


# Who may come here

def test_the_anonymous_are_asked_to_sign_in_and_a_token_with_scopes_has_no_account(ada, sqlite_client):
    ada.elsewhere().get("/account", status=401)
    token = make_token(ada, access="some", scope=["read:*"])[1]
    ada.elsewhere().get("/account", headers={"Authorization": f"Bearer {token}"}, status=403)


def test_under_auto_login_there_is_no_session_to_end(sqlite_client):
    page = sqlite_client.get("/account")
    assert "without a sign-in" in page.html.find(id="sessions").text


def test_whoever_asks_for_the_address_of_a_form_gets_the_page(ada):
    for url in "/account/password", "/account/tokens":
        assert ada.get(url, status=303).location == "http://localhost/account"


def test_every_form_needs_its_token(ada):
    page = ada.get("/account")
    make_token(ada)
    before = ada.rows("SELECT id FROM credentials")
    for url in {each.action.partition("#")[0] for each in page.forms.values()} | {"/account/sessions/end"}:
        ada.post(url, {"present": PASSWORD, "password": NEW, "access": "all"}, status=400)
    assert ada.rows("SELECT id FROM credentials") == before


@pytest.mark.parametrize("agent, name", [
    ("curl/8.5.0", "curl/8.5.0"), ("", "unknown program"), ("x" * 200, "x" * 60), ("Chrome/1", "Chrome"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
     "Edge on Windows"),
    ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36", "Chrome on Android")])
def test_a_browser_has_the_name_that_people_call_it_by(agent, name):
    assert agent_name(agent) == name
