"""CSRF: what a browser sends by itself needs the token, what a program sends does not."""
import pytest

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
