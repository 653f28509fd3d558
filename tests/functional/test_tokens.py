"""Tokens: who makes and ends them, and what one with scopes may do, which is never more than its account."""
import pytest

from .conftest import LOCAL, PASSWORD

ADA = {"username": "Ada", "password": PASSWORD}
HOSTILE = ["a\r\nb", "a\0b", "a\u2028b", "\ud800", "x" * 200_000, 7, True, {}, {"$ne": 1}, 1e300]
ODD = ["' OR 1=1 --", "<script>", "../../etc"]      # as a name like any other


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def of_a_session(client):
    """Return the headers that a browser of Ada's sends."""
    browser = client.signed_in(2)
    token = browser.token()
    return {"Cookie": f"session={browser.cookies['session']}", "X-CSRF-Token": token}


def refused(client, body, *, headers=None):
    """Ask for a token that is refused; returns the status. Nothing has been stored."""
    before = client.everything()
    answer = client.post_json("/api/tokens", body, headers=headers, status="*")
    assert answer.content_type == "application/problem+json" and client.everything() == before, ascii(body)[:100]
    return answer.status_int


def test_a_token_is_made_of_name_and_password_shown_once_and_ended_by_itself(visitor):
    made = visitor.post_json("/api/tokens", {**ADA, "name": " sensor ", "scopes": ["read:*", "read:*"]}, status=201).json
    assert made["name"] == "sensor" and made["scopes"] == ["read:*"] and made["token"].startswith("myapp_")
    me = visitor.get("/api/me", headers=bearer(made["token"])).json
    assert me == {"id": 2, "name": "Ada", "role": "member", "credential": "token", "scopes": ["read:*"]}
    listed = visitor.get("/api/tokens", headers=visitor.bearer(2)).text
    assert '"sensor"' in listed and made["token"].removeprefix("myapp_") not in listed
    visitor.delete("/api/tokens/current", headers=bearer(made["token"]), status=204)
    visitor.get("/api/me", headers=bearer(made["token"]), status=401)
    assert [line for line in visitor.audit() if "token 1" in line[2]] == [
        ("Ada", "token_created", "token 1 (sensor) of user 2"), ("Ada", "token_ended", "token 1 (sensor) of user 2")]
    assert ("realtime", "revoke", None, {"session": "1"}) in visitor.events()


def test_who_has_a_session_makes_one_for_himself_and_who_has_scopes_makes_none(visitor):
    browser = visitor.signed_in(2)
    token = browser.post_json("/api/tokens", {}, headers={"X-CSRF-Token": browser.token()}, status=201).json["token"]
    assert visitor.get("/api/me", headers=bearer(token)).json["email"] == "ada@example.org"
    assert refused(browser, {}) == 400                                                  # without the CSRF token
    assert refused(visitor, {}) == 401
    assert refused(visitor, {}, headers=visitor.bearer(2, "read:*")) == 403
    assert refused(visitor, {"scopes": ["read:*"]}, headers=visitor.bearer(2, "read:*")) == 403
    browser.delete("/api/tokens/current", headers={"X-CSRF-Token": browser.token()}, status=409)


def test_one_revokes_ones_own_tokens_and_admins_those_of_others(visitor):
    victim = visitor.bearer(2)
    visitor.delete("/api/tokens/1", headers=visitor.bearer(3), status=404)
    visitor.delete("/api/tokens/1", headers=visitor.bearer(3, "read:*", "publish:*"), status=403)
    visitor.get("/api/me", headers=victim, status=200)
    assert [item["id"] for item in visitor.get("/api/tokens?user=2", headers=visitor.bearer(1)).json["items"]] == [1]
    visitor.delete("/api/tokens/1", headers=visitor.bearer(1), status=204)
    visitor.get("/api/me", headers=victim, status=401)


def test_the_scope_admin_is_for_admins(visitor):
    assert refused(visitor, {**ADA, "scopes": ["admin"]}) == 403
    headers = visitor.bearer(1, "admin")
    visitor.post_json("/api/users", {"name": "x", "email": "x@example.org"}, headers=headers, status=201)
    visitor.put_json("/api/users/2", {"role": "admin"}, headers=headers, status=200)
    visitor.put_json("/api/users/1", {"role": "member"}, headers=headers, status=200)
    visitor.post_json("/api/users", {"name": "y", "email": "y@example.org"}, headers=headers, status=403)     # what his account may not


def test_an_account_has_so_many_tokens_at_most(visitor):
    for _ in range(100):
        visitor.give(2, "token")
    assert refused(visitor, {}, headers=of_a_session(visitor)) == 409


@pytest.mark.parametrize("field", ["name", "scopes", "one scope"])
def test_what_is_no_name_or_scope_is_refused_and_nothing_is_made(visitor, field):
    headers = of_a_session(visitor)
    for value in [*HOSTILE, *([] if field == "name" else ODD), "", [], ["read:*"] * 51]:
        body = {"scopes": [value]} if field == "one scope" else {field: value}
        assert refused(visitor, body, headers=headers) == 422, ascii(body)[:100]


def test_a_scope_has_one_spelling(visitor):
    headers = of_a_session(visitor)
    for scope in ("read:", "read", "write:users", "publish:", "admin:*", "Admin", "read:users\n", "read:us*ers", "read:**", "read: users",
                  "read:users:", ":users", "*", "read:" + "a" * 210, "read:caf\xe9"):
        assert refused(visitor, {"scopes": [scope]}, headers=headers) == 422, scope


# What a token may do

TABLE = [   # scopes of a token of the admin, method, address, body, status
    ((), "GET", "/api/users", None, 200),
    (("read:users",), "GET", "/api/users", None, 200),
    (("read:u*",), "GET", "/api/users/2", None, 200),
    (("read:channels",), "GET", "/api/users", None, 403),
    (("read:user",), "GET", "/api/users", None, 403),
    (("publish:*",), "GET", "/api/users", None, 403),
    (("read:*", "publish:*"), "POST", "/api/users", {"name": "x", "email": "x@example.org"}, 403),
    (("read:*",), "PUT", "/api/users/2", {"name": "x"}, 403),
    (("read:*",), "DELETE", "/api/users/2", None, 403),
    (("read:*",), "GET", "/api/audit", None, 403),
    (("read:users",), "GET", "/api/stats", None, 403),
    (("read:monitor",), "GET", "/api/stats", None, 200),
    (("read:*",), "GET", "/api/sessions", None, 403),
    (("read:*",), "GET", "/users", None, 403),
    (("read:*",), "HEAD", "/events?topic=users", None, 200),
    (("read:users",), "HEAD", "/events?topic=users&topic=channels", None, 403),
    (("publish:*",), "HEAD", "/events?topic=users", None, 403),
    (("read:users",), "GET", "/events/poll?topic=users", None, 200),
    (("read:users",), "GET", "/events/poll?topic=users&topic=channels", None, 403),
    (("read:metric:*",), "HEAD", "/events?topic=metric:a", None, 200),
    (("read:metric:*",), "POST", "/api/topics/metric:a/events", {"type": "value", "data": {"value": 1}}, 403),
    (("publish:metric:a",), "POST", "/api/topics/metric:a/events", {"type": "value", "data": {"value": 1}}, 201),
    (("publish:metric:a",), "POST", "/api/topics/metric:ab/events", {"type": "value", "data": {"value": 1}}, 403),
    (("publish:metric:*",), "POST", "/api/topics/metric:ab/events", {"type": "value", "data": {"value": 1}}, 201),
]


def test_a_token_may_do_what_its_scopes_say_and_nothing_else(visitor):
    for scopes, method, url, body, status in TABLE:
        headers = visitor.bearer(1, *scopes)
        before = visitor.everything()
        if body is None:
            visitor.request(url, method=method, headers=headers, status=status)
        else:
            {"POST": visitor.post_json, "PUT": visitor.put_json}[method](url, body, headers=headers, status=status)
        assert (visitor.everything() == before) == (method in ("GET", "HEAD") or status == 403), (scopes, url)


def test_a_scope_gives_no_right_that_the_account_has_not(visitor):
    value = {"type": "value", "data": {"value": 1}}
    visitor.post_json("/api/topics/metric:a/events", value, headers=visitor.bearer(2, "publish:*"), status=403)
    visitor.post_json("/api/topics/metric:a/events", value, headers=visitor.bearer(3, "publish:*"), status=201)
    visitor.head("/events?topic=user:3", headers=visitor.bearer(2, "read:*"), status=403)
    visitor.head("/events?topic=user:2", headers=visitor.bearer(2, "read:*"), status=200)


# How it is said

def test_a_header_that_is_no_token_is_nobodys(visitor):
    for value in ("Bearer", "Bearer ", "Bearer x", "Bearer " + "A" * 43, "Bearer myapp_" + "A" * 43, "bearer " + "x" * 100_000,
                  "Bearer a\x00b", "Bearer \xff", "Bearer ' OR 1=1 --", "Bearer a b c", "Basic YWRtaW46YWRtaW4=", "Digest x", "\xa0",
                  "myapp_" + "A" * 43):
        visitor.get("/api/me", headers={"Authorization": value}, status=401)


def test_a_bearer_token_counts_alone_and_needs_no_csrf_token(visitor):
    browser = visitor.signed_in(1)
    assert browser.get("/api/me", headers=visitor.bearer(2)).json["id"] == 2
    browser.get("/api/me", headers={"Authorization": "Bearer wrong"}, status=401)
    browser.post_json("/api/users", {"name": "x", "email": "x@example.org"}, headers={"Authorization": "bearer wrong"}, status=401)
    browser.post_json("/api/users", {"name": "x", "email": "x@example.org"}, headers=visitor.bearer(1), status=201)


def test_a_session_is_no_token_and_a_token_no_session(visitor):
    visitor.get("/api/me", headers=bearer(visitor.give(2, "session")), status=401)
    visitor.get("/api/me", headers=bearer("myapp_" + visitor.give(2, "session")), status=401)
    for secret in (visitor.give(2, "token"), visitor.give(2, "token").removeprefix("myapp_")):
        browser = visitor.elsewhere_as(LOCAL)
        browser.set_cookie("session", secret)
        browser.get("/api/me", status=401)
