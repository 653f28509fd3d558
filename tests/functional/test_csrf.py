"""CSRF: what a browser sends by itself needs the token, what a program sends does not."""
import pytest

from .conftest import PASSWORD

FIELDS = {"name": "Ada", "email": "ada@example.org"}


def test_a_program_without_cookies_needs_no_token(client):
    assert not client.cookies
    client.post_json("/api/users", FIELDS, status=201)
    client.delete("/api/users/2", status=204)


@pytest.mark.parametrize("method, url", [
    ("POST", "/api/users"), ("PUT", "/api/users/1"), ("DELETE", "/api/users/1"), ("POST", "/users/new"), ("POST", "/users/1/edit"),
    ("POST", "/users/1/delete")])
@pytest.mark.parametrize("token", [None, "", "wrong", "\u2603", "x" * 1000])
def test_a_request_with_a_cookie_needs_the_right_token(sqlite_client, method, url, token):
    sqlite_client.token()
    before = sqlite_client.everything()
    if url.startswith("/api/"):
        ask = {"POST": sqlite_client.post_json, "PUT": sqlite_client.put_json, "DELETE": sqlite_client.delete_json}[method]
        headers = {} if token is None else {"X-CSRF-Token": token.encode().decode("latin-1")}
        answer = ask(url, {"name": "Eve", "email": "eve@example.org"}, headers=headers, status=400)
        assert answer.content_type == "application/problem+json"
    else:
        answer = sqlite_client.post(url, {**FIELDS, **({} if token is None else {"csrf_token": token})}, status=400)
        assert "Reload the page" in answer.text
    assert sqlite_client.everything() == before


def test_the_token_is_taken_from_the_header_or_the_field(client):
    token = client.token()
    client.post_json("/api/users", FIELDS, headers={"X-CSRF-Token": token}, status=201)
    client.post("/users/2/edit", {"name": "b", "csrf_token": token}, status=303)
    client.post("/users/2/edit", {"name": "c"}, headers={"X-CSRF-Token": token}, status=303)


def test_a_token_in_the_address_counts_for_nothing(client):
    client.post(f"/users/new?csrf_token={client.token()}", FIELDS, status=400)


def test_a_cookie_of_any_kind_makes_the_token_needed(client):
    client.set_cookie("session", "whatever")
    client.post_json("/api/users", FIELDS, status=400)


@pytest.mark.parametrize("cookie", [
    "csrf_token=", "csrf_token", "csrf_token=\xff", "=", ";;;", "csrf_token=a; csrf_token=b", "\xc3\x28", "a" * 3000])
def test_a_strange_cookie_is_no_token(sqlite_client, cookie):
    sqlite_client.get("/", headers={"Cookie": cookie}, status=200)
    sqlite_client.post_json("/api/users", FIELDS, headers={"Cookie": cookie, "X-CSRF-Token": "x"}, status=400)


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client):
    cookie = client.get("/").headers["Set-Cookie"]
    assert cookie.startswith("csrf_token=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_every_form_carries_the_token(client):
    for url in ("/users/new", "/users/1/edit", "/users/1/delete"):
        page = client.get(url)
        assert page.forms[0]["csrf_token"].value == page.html.find("meta", attrs={"name": "csrf-token"})["content"]


# Sessions, tokens, and where a request comes from

ADA = {"username": "Ada", "password": PASSWORD}
NEW = {"name": "Bob", "email": "bob@example.org"}


def test_a_session_has_a_token_of_its_own_that_dies_with_it(visitor):
    browser, other = visitor.signed_in(1), visitor.signed_in(1)
    token = browser.token()
    assert "csrf_token" not in browser.cookies and token != other.token()
    browser.post_json("/api/users", NEW, headers={"X-CSRF-Token": other.token()}, status=400)
    browser.post_json("/api/users", NEW, headers={"X-CSRF-Token": visitor.elsewhere().token()}, status=400)
    browser.set_cookie("csrf_token", "planted")
    browser.post_json("/api/users", NEW, headers={"X-CSRF-Token": "planted"}, status=400)
    browser.post_json("/api/users", NEW, headers={"X-CSRF-Token": token}, status=201)


def test_nobody_is_signed_in_by_another_sites_form(visitor):
    before = visitor.everything()
    visitor.post("/login", ADA, status=400)
    visitor.post("/login", {**ADA, "csrf_token": "guessed"}, status=400)
    assert visitor.everything() == before
    visitor.post("/login", {**ADA, "csrf_token": visitor.token()}, status=303)


def test_nobody_is_signed_out_by_another_sites_form(visitor):
    browser = visitor.signed_in(2)
    browser.post("/logout", {}, status=400)
    browser.get("/api/me", status=200)


def test_a_request_that_says_it_comes_from_elsewhere_is_refused_whatever_its_token(visitor):
    browser = visitor.signed_in(1)
    headers = {"X-CSRF-Token": browser.token()}
    for said in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "https://localhost"},
                 {"Origin": "http://localhost:81"}, {"Origin": "http://localhost.evil.example"}, {"Origin": "http://evil.example/localhost"},
                 {"Origin": "http://localhost, http://evil.example"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"},
                 {"Sec-Fetch-Site": ""}, {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}):
        before = visitor.everything()
        browser.post_json("/api/users", NEW, headers={**headers, **said}, status=400)
        browser.post("/users/new", NEW, headers={**headers, **said}, status=400)
        visitor.post_json("/api/tokens", ADA, headers=said, status=400)     # without cookies, too
        assert visitor.everything() == before, said


def test_a_request_that_says_it_comes_from_here_or_nothing_at_all_is_taken(visitor):
    browser = visitor.signed_in(1)
    headers = {"X-CSRF-Token": browser.token()}
    for said in ({}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        browser.put_json("/api/users/3", {"name": "Eve"}, headers={**headers, **said}, status=200)
        visitor.post_json("/api/tokens", ADA, headers=said, status=201)


def test_a_bearer_token_is_taken_from_anywhere(visitor):
    """No browser adds that header by itself."""
    headers = {**visitor.bearer(1), "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    visitor.signed_in(2).delete("/api/users/3", headers=headers, status=204)


def test_the_own_origin_is_that_of_the_scheme_and_the_port(visitor):
    for environ, origin in (({"wsgi.url_scheme": "https", "HTTP_HOST": "a.example"}, "https://a.example"),
                            ({"HTTP_HOST": "a.example:8080"}, "http://a.example:8080"), ({"HTTP_HOST": "[::1]:6543"}, "http://[::1]:6543")):
        browser = visitor.elsewhere_as({"REMOTE_ADDR": "192.0.2.1", **environ})
        browser.post_json("/api/tokens", ADA, headers={"Origin": origin}, status=201)
        browser.post_json("/api/tokens", ADA, headers={"Origin": "http://b.example"}, status=400)


@pytest.mark.parametrize("token", ["\u2603", "x" * 10_000, "a\0b", "' OR 1=1 --"])
def test_a_strange_token_is_not_that_of_the_session(visitor, token):
    browser = visitor.signed_in(1)
    browser.post("/users/new", {**FIELDS, "csrf_token": token}, status=400)
    browser.post_json("/api/users", FIELDS, headers={"X-CSRF-Token": token.encode().decode("latin-1")}, status=400)
