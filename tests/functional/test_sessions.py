"""Sessions: how long they last, what counts as their use, who sees and ends them."""
import logging
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pyramid.interfaces import ISecurityPolicy

from myapp.app.contexts import EDIT_USERS, VIEW, UsersContext
from myapp.app.credentials import prune
from myapp.app.fields import moment
from myapp.app.models import Credential, now
from myapp.realtime import session

from .applications import QUICK
from .conftest import LOCAL, PASSWORD, url_of

HOSTILE_COOKIES = ["", "A", "A" * 43, "A" * 100_000, "%00", "' OR 1=1 --", "\xff\xfe", "a\x85b", '"' + "A" * 43 + '"', "myapp_" + "A" * 43]


def moved(client, column, ago):
    """Move a moment of the only credential into the past."""
    client.execute(f"UPDATE credentials SET {column} = :moment", moment=(now() - ago).replace(tzinfo=None).isoformat(" ", "microseconds"))


@pytest.mark.parametrize("column, ago, status", [
    ("seen", timedelta(hours=7, minutes=59), 200), ("seen", timedelta(hours=8), 401),
    ("expires", timedelta(seconds=-60), 200), ("expires", timedelta(0), 401)])
def test_a_session_ends_without_use_and_at_last_whatever_its_use(visitor, column, ago, status):
    browser = visitor.signed_in(2)
    moved(visitor, column, ago)
    browser.get("/api/me", status=status)
    browser.head("/events?topic=users", status=status)


def test_how_long_is_a_setting(visitor, make_client):
    client = make_client(url_of(visitor), None, **{"myapp.session_timeout": "2m", "myapp.session_lifetime": "1h"})
    browser = client.signed_in(2)
    [item] = browser.get("/api/sessions").json["items"]
    assert moment(item["expires"]) - moment(item["created"]) < timedelta(hours=1, seconds=10)
    moved(client, "seen", timedelta(minutes=1, seconds=50))
    browser.get("/api/me", status=200)
    moved(client, "seen", timedelta(minutes=2))
    browser.get("/api/me", status=401)


def test_a_token_lasts_until_it_is_revoked(visitor):
    headers = visitor.bearer(2)
    moved(visitor, "seen", timedelta(days=1000))
    visitor.get("/api/me", headers=headers, status=200)


@pytest.mark.parametrize("ask, is_use", [
    (lambda browser: browser.get("/api/users"), True), (lambda browser: browser.get("/api/users/77", status=404), True),
    (lambda browser: browser.post("/users/new", {"csrf_token": browser.token()}, status=403), True),
    (lambda browser: browser.head("/events?topic=users"), False),
    (lambda browser: browser.get("/events/poll?topic=users"), False)])
def test_use_is_written_down_even_of_a_request_that_is_rolled_back_but_an_open_stream_is_none(visitor, ask, is_use):
    browser = visitor.signed_in(2)
    moved(visitor, "seen", timedelta(minutes=5))
    before = visitor.rows("SELECT seen FROM credentials")
    ask(browser)
    assert (visitor.rows("SELECT seen FROM credentials") > before) == is_use


def test_use_is_written_down_at_most_once_a_minute(visitor):
    browser = visitor.signed_in(2)
    moved(visitor, "seen", timedelta(seconds=50))
    before = visitor.rows("SELECT seen FROM credentials")
    browser.get("/api/users")
    assert visitor.rows("SELECT seen FROM credentials") == before


def test_a_use_that_cannot_be_written_down_is_a_line_in_the_log(visitor, caplog):
    browser = visitor.signed_in(2)
    moved(visitor, "seen", timedelta(minutes=5))
    visitor.execute("CREATE TRIGGER never BEFORE UPDATE ON credentials BEGIN SELECT RAISE(ABORT, 'no'); END")
    with caplog.at_level(logging.WARNING, "myapp"):
        browser.get("/api/users", status=200)
    assert "credential 1 was used cannot be written" in caplog.text


def test_of_many_sessions_the_oldest_end(visitor):
    for _ in range(101):
        visitor.give(2, "session")
    assert visitor.rows("SELECT min(id), max(id), count(*) FROM credentials") == [(2, 101, 100)]


def test_only_hashes_are_stored_and_a_key_makes_them_worthless_elsewhere(visitor, make_client):
    keyed = make_client(url_of(visitor), None, **{"myapp.secret": "k" * 32})
    secrets = [visitor.give(2, "session"), visitor.give(2, "token"), keyed.give(2, "session"), keyed.give(2, "token")]
    stored = str(visitor.rows("SELECT * FROM credentials"))
    assert not any(secret.removeprefix("myapp_") in stored for secret in secrets)
    for client, own in ((visitor, secrets[1]), (keyed, secrets[3])):
        for secret in secrets[1], secrets[3]:
            client.get("/api/me", headers={"Authorization": f"Bearer {secret}"}, status=200 if secret == own else 401)


def test_a_cookie_that_is_no_session_is_nobodys(visitor):
    before = visitor.everything()
    for value in HOSTILE_COOKIES:
        visitor.get("/api/users", headers={"Cookie": f"session={value}"}, status=401)
        visitor.get("/", headers={"Cookie": f"session={value}"}, status=200)
    assert visitor.everything() == before


def test_what_a_browser_says_of_itself_is_stored_as_text(visitor):
    browser = visitor.elsewhere()
    browser.post("/login", {"username": "Ada", "password": PASSWORD, "csrf_token": browser.token()},
                 headers={"User-Agent": "a\0b\x85c<script>" + "x" * 1000}, status=303)
    [item] = browser.get("/api/sessions").json["items"]
    assert item["agent"].startswith("abc<script>xxx") and len(item["agent"]) <= 200


# Who sees and ends them

def test_one_sees_and_ends_ones_own_sessions(visitor):
    browser, other = visitor.signed_in(2), visitor.signed_in(2)
    items = browser.get("/api/sessions").json["items"]
    assert [(item["id"], item["is_current"], item["address"], item["agent"]) for item in items] == [
        (2, False, "192.0.2.7", "the tests"), (1, True, "192.0.2.7", "the tests")]
    browser.delete("/api/sessions/2", headers={"X-CSRF-Token": browser.token()}, status=204)
    other.get("/api/me", status=401)
    browser.get("/api/me", status=200)
    assert ("realtime", "revoke", None, {"session": "2"}) in visitor.events()
    assert visitor.audit()[-1] == ("Ada", "session_ended", "session 2 of user 2")


def test_others_sessions_are_for_admins(visitor):
    victim = visitor.signed_in(2)
    editor, admin = visitor.bearer(3), visitor.bearer(1)
    visitor.get("/api/sessions?user=2", headers=editor, status=404)
    visitor.delete("/api/sessions/1", headers=editor, status=404)
    victim.get("/api/me", status=200)
    assert [item["id"] for item in visitor.get("/api/sessions?user=2", headers=admin).json["items"]] == [1]
    visitor.delete("/api/sessions/1", headers=admin, status=204)
    victim.get("/api/me", status=401)
    visitor.delete("/api/sessions/1", headers=admin, status=404)
    visitor.delete("/api/sessions/2", headers=admin, status=404)      # a token is none


def test_the_anonymous_are_told_to_sign_in(visitor):
    for method, url in (("GET", "/api/me"), ("GET", "/api/sessions"), ("DELETE", "/api/sessions/1"), ("GET", "/api/tokens"),
                        ("DELETE", "/api/tokens/1"), ("DELETE", "/api/tokens/current")):
        answer = visitor.request(url, method=method, status=401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer") and answer.json["status"] == 401


def test_a_user_that_is_no_number_is_refused(visitor):
    for user in ("", "x", "0", "-1", "9" * 5000, "1%3B--", "1%00", "%ff", "%e2%80%a8", "1%20OR%201=1"):
        assert visitor.get(f"/api/sessions?user={user}", headers=visitor.bearer(1), status="*").status_int in (400, 422), user


# What ends them

def test_a_changed_password_ends_the_other_sessions_and_leaves_tokens(visitor):
    own, other, token = visitor.signed_in(3), visitor.signed_in(3), visitor.bearer(3)
    own.put_json("/api/users/3", {"password": "another one"}, headers={"X-CSRF-Token": own.token()})
    own.get("/api/me", status=200)
    other.get("/api/me", status=401)
    visitor.get("/api/me", headers=token, status=200)
    assert ("Eve", "password_changed", "user 3 (Eve)") in visitor.audit()
    visitor.put_json("/api/users/3", {"password": "and another"}, headers=visitor.bearer(1))
    own.get("/api/me", status=401)
    visitor.get("/api/me", headers=token, status=200)


def test_streams_are_looked_at_again_only_of_accounts_that_may_have_some(visitor):
    admin = visitor.bearer(1)
    visitor.put_json("/api/users/2", {"role": "editor"}, headers=admin)
    visitor.delete("/api/users/2", headers=admin)
    assert not [event for event in visitor.events() if event[0] == "realtime"]
    visitor.give(3, "session")
    visitor.put_json("/api/users/3", {"role": "member"}, headers=admin)
    visitor.delete("/api/users/3", headers=admin)
    assert [event[1:] for event in visitor.events() if event[0] == "realtime"] == [
        ("recheck", None, {"userid": "3"}), ("revoke", None, {"userid": "3"})]
    assert [action for _, action, _ in visitor.audit()[-4:]] == ["role_changed", "user_deleted", "role_changed", "user_deleted"]
    assert visitor.rows("SELECT user_id FROM credentials") == [(1,)]


def test_an_expired_session_is_pruned_and_nothing_else(visitor):
    visitor.give(2, "session")
    moved(visitor, "seen", timedelta(hours=9))
    visitor.give(2, "session"), visitor.give(2, "token")
    with visitor.registry["dbsession_factory"].begin() as dbsession:
        assert prune(dbsession, visitor.registry["myapp.terms"]) == 1
    assert visitor.rows("SELECT id FROM credentials ORDER BY id") == [(2,), (3,)]


def test_a_request_asks_once_who_it_is(visitor):
    browser, statements = visitor.signed_in(2), []
    engine = visitor.registry["dbsession_factory"].kw["bind"]
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    browser.get("/users", status=200)
    assert sum("credentials" in statement for statement in statements) == 1


# What myapp.realtime asks about open streams, on each database

def test_many_sessions_are_looked_up_by_one_statement(client):
    """`client` is signed in by auto_login."""
    statements, policy = [], client.registry.getUtility(ISecurityPolicy)
    for _ in range(3):
        client.give(1, "session")
    client.give(1, "token", scopes=["read:users"])
    client.execute("UPDATE credentials SET seen = created, expires = created WHERE id = 2")
    client.execute("DELETE FROM credentials WHERE id = 3")
    with session(client.registry) as rt:
        engine = rt.request.dbsession.connection().engine
        sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        found = policy.identities(rt.request, {"1", "2", "3", "4", "77", "nonsense"})
        assert len(statements) == 1
        auto = policy.identities(rt.request, {"auto"})
    assert {key: identity and (identity.id, identity.credential, identity.kind, identity.scopes) for key, identity in found.items()} == {
        "1": (1, "1", "session", None), "2": None, "4": (1, "4", "token", ("read:users",))}
    assert auto["auto"].id == 1 and auto["auto"].credential == "auto"
    context = UsersContext(None)
    assert policy.identity_permits(found["1"], context, EDIT_USERS) and policy.identity_permits(found["4"], context, VIEW)
    assert not policy.identity_permits(found["4"], context, EDIT_USERS) and not policy.identity_permits(None, context, VIEW)


def test_a_session_works_on_each_database(client):
    client.execute("UPDATE users SET password_hash = :hash", hash=QUICK.hash(PASSWORD))
    browser = client.elsewhere_as({**LOCAL, "REMOTE_ADDR": "192.0.2.1"})      # from where auto_login signs nobody in
    form = {"username": "admin", "password": PASSWORD}
    browser.post("/login", {**form, "csrf_token": browser.token()}, status=303)
    with client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.execute(sa.update(Credential).values(seen=now() - timedelta(minutes=5)))
    browser.get("/api/me", status=200)
    [item] = client.get("/api/sessions").json["items"]
    assert now() - moment(item["seen"]) < timedelta(minutes=4)
    browser = client.signed_in(1)
    browser.put_json("/api/users/1", {"password": "another one"}, headers={"X-CSRF-Token": browser.token()}, status=200)
    assert [item["is_current"] for item in browser.get("/api/sessions").json["items"]] == [True]
