"""The audit trail: every line that was asked for is written once, whatever becomes of the request, and only admins read it."""
import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from pyramid.config import Configurator
from pyramid.response import Response
from sqlalchemy.exc import IntegrityError
from transaction.interfaces import TransientError

from myapp.app.audit import MOST, Action, audit_into, prune
from myapp.app.models import AuditLine, User, now

from .conftest import LOCAL, Client, with_admin

ADA = SimpleNamespace(id=77, name="Ada")
HOSTILE = "a\0b\r\nc\u2028d\ud800e\u202e<script>' OR 1=1 --"


@pytest.fixture
def ask(migrated):
    """ask(view, method="POST", status="*"): what the application answers whose only addition is that view; ask.client is asked last."""
    clients = []

    def ask(view, method="POST", status="*"):
        settings = {"sqlalchemy.url": migrated, "sqlalchemy.pool_size": "5", "myapp.auto_login": "admin@localhost"}
        with Configurator(settings=settings) as config:
            for part in "myapp.db", "myapp.realtime", "myapp.app":
                config.include(part)
            config.add_route("act", "/act")
            config.add_view(view, route_name="act")
        clients.append(Client(config.make_wsgi_app(), extra_environ=dict(LOCAL)))
        ask.client = with_admin(clients[-1])
        clear(ask.client)
        return ask.client.request("/act", method=method, status=status)

    yield ask
    for client in clients:
        client.registry.realtime.close()
        client.registry["dbsession_factory"].kw["bind"].dispose()


def lines(client, columns="action, subject"):
    return [tuple(row) for row in client.rows(f"SELECT {columns} FROM audit ORDER BY id")]


def clear(client):
    with client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.execute(sa.delete(AuditLine))


def rename(request, name):
    request.dbsession.get(User, 1).name = name
    request.dbsession.flush()


def test_a_line_says_who_did_what_when_and_from_where(ask):
    def view(request):
        request.audit("role_changed", subject="user 3 (Bob)", detail="role: member -> editor")
        request.audit(Action.SIGN_IN, user=ADA)
        return Response()
    begun = now()
    ask(view)
    assert lines(ask.client, "user_id, user_name, action, subject, detail, address") == [
        (1, "admin", "role_changed", "user 3 (Bob)", "role: member -> editor", "127.0.0.1"), (77, "Ada", "sign_in", "", "", "127.0.0.1")]
    with ask.client.registry["dbsession_readers"]() as dbsession:
        assert all(begun <= line.created <= now() for line in dbsession.scalars(sa.select(AuditLine)))


@pytest.mark.parametrize("how", ["commit", "303", "403", "422", "500", "raise", "doom", "read", "late"])
def test_a_line_is_written_once_whatever_becomes_of_the_request(ask, how):
    def view(request):
        if how not in {"read", "late"}:
            rename(request, "changed")
        if how == "late":       # when the transaction is over, and with it the session's own work
            request.add_response_callback(lambda request, response: request.audit("sign_out", user=ADA))
            return Response()
        request.audit("sign_out")
        if how == "raise":
            raise KeyError("x")
        if how == "doom":
            request.tm.doom()
        return Response(status=int(how) if how.isdigit() else 200)
    ask(view, method="GET" if how == "read" else "POST")
    assert [action for action, _ in lines(ask.client)] == (["sign_out", "refused"] if how == "403" else ["sign_out"])
    is_changed = ask.client.rows("SELECT name FROM users") == [("changed",)]
    assert is_changed == (how in {"commit", "303"})


def test_a_line_is_part_of_the_transaction_that_it_tells_of(ask):
    """Else a crash between the two would leave an act without its line."""
    seen = []

    def view(request):
        rename(request, "changed")
        request.audit("user_changed")
        request.tm.get().addAfterCommitHook(lambda is_committed: seen.append(lines(ask.client)))
        return Response()
    ask(view)
    assert seen == [[("user_changed", "")]]


def test_a_savepoint_that_is_rolled_back_takes_no_line_with_it(ask):
    def view(request):
        rename(request, "changed")
        with pytest.raises(IntegrityError), request.dbsession.begin_nested():
            request.audit("user_created")
            request.dbsession.add(User(name="b", email="admin@localhost", role="member"))
        return Response()
    ask(view)
    assert lines(ask.client) == [("user_created", "")] and ask.client.rows("SELECT name FROM users") == [("changed",)]


@pytest.mark.parametrize("where", ["view", "commit"])
def test_of_a_request_that_is_tried_again_the_last_attempt_counts(ask, where):
    attempts = []

    def conflict():
        raise TransientError("somebody was quicker")

    def view(request):
        attempts.append(request)
        rename(request, "changed")
        request.audit("user_changed", subject=f"attempt {len(attempts)}")
        if len(attempts) < 3:
            conflict() if where == "view" else request.tm.get().addBeforeCommitHook(conflict)
        return Response()
    ask(view, status=200)
    assert lines(ask.client) == [("user_changed", "attempt 3")]


def test_when_every_attempt_fails_the_line_of_the_last_is_written(ask):
    attempts = []

    def view(request):
        attempts.append(request)
        request.audit("user_changed", subject=f"attempt {len(attempts)}")
        raise TransientError("somebody was quicker")
    ask(view, status=500)
    assert lines(ask.client) == [("user_changed", "attempt 3")]


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 1000, "\U0001f600" * 2000], ids=["hostile", "long", "wide"])
def test_any_text_can_be_written_and_is_cut_to_its_size(ask, text):
    def view(request):
        request.audit("sign_in", user=SimpleNamespace(id=2**62, name=text), subject=text, detail=text)
        return Response()
    ask(view, status=200)
    columns = ("user_name", "subject", "detail")
    for column, stored in zip(columns, *lines(ask.client, ", ".join(columns)), strict=True):
        assert len(stored) == min(len(text), MOST[column])
        assert not set(stored) & set("\0\r\n\u2028\ud800") and stored[0] == text[0]


def test_an_action_that_is_not_on_the_list_is_a_fault_of_the_program(ask):
    ask(lambda request: request.audit("made_up"), status=500)
    assert lines(ask.client) == []


@pytest.mark.parametrize("outcome", [200, 422])
def test_a_trail_that_cannot_be_written_fails_no_request_and_its_lines_are_in_the_log(ask, outcome, caplog):
    def view(request):
        with request.registry["dbsession_factory"].begin() as dbsession:
            dbsession.connection().exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
        request.audit("user_changed", subject="user 1 (admin)")
        rename(request, "changed")
        return Response(status=outcome)
    with caplog.at_level(logging.ERROR):
        ask(view, status=outcome)
    assert caplog.text.count("user 1 (admin)") == 1 and "audit trail" in caplog.text
    assert (ask.client.rows("SELECT name FROM users") == [("changed",)]) == (outcome == 200)


# Refusals

@pytest.mark.parametrize("role, method, url, written", [
    ("member", "POST", "/api/users", True), ("member", "DELETE", "/api/users/1", True), ("member", "POST", "/users/1/delete", True),
    ("editor", "DELETE", "/api/users/1", True), ("editor", "POST", "/users/1/delete", True),
    ("member", "GET", "/users/new", False), ("anonymous", "DELETE", "/api/users/1", False), ("admin", "DELETE", "/api/users/9", False)])
def test_what_a_person_tried_to_change_and_was_refused_is_a_line(sqlite_client, as_role, role, method, url, written):
    client = as_role(sqlite_client, role)
    clear(client)
    ask = client.post_json if (method, url) == ("POST", "/api/users") else None
    if ask:
        ask(url, {"name": "x", "email": "x@example.org"}, status=403)
    else:
        client.request(url, method=method, status=[401, 403, 404])
    assert lines(client, "action, user_name, subject") == ([("refused", f"the-{role}", f"{method} {url}")] if written else [])


# Scripts and retention

def test_acts_outside_a_request_write_with_their_transaction(sqlite_client):
    clear(sqlite_client)
    for is_kept in (True, False):
        with sqlite_client.registry["dbsession_factory"]() as dbsession:
            audit_into(dbsession, User(name="console"))("user_created", subject="user 9 (Bob)")
            (dbsession.commit if is_kept else dbsession.rollback)()
    assert lines(sqlite_client, "user_id, user_name, action, subject, address") == [(None, "console", "user_created", "user 9 (Bob)", None)]


def test_lines_older_than_a_moment_are_forgotten(client):
    with client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.execute(sa.delete(AuditLine))
        for days in (400, 366, 364, 0):
            dbsession.add(AuditLine(action="sign_in", subject=str(days), detail="", created=now() - timedelta(days=days)))
    with client.registry["dbsession_factory"].begin() as dbsession:
        assert prune(dbsession, now() - timedelta(days=365)) == 2
    assert [subject for _, subject in lines(client)] == ["364", "0"]


# Who reads it

def fill(client, count):
    with client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.execute(sa.delete(AuditLine))
        dbsession.execute(sa.insert(AuditLine), [
            {"id": id, "action": "sign_in", "user_id": 1, "user_name": "<b>Ada", "subject": f"line {id}", "detail": "", "address": "::1",
             "created": now() - timedelta(hours=count - id)} for id in range(1, count + 1)])


@pytest.mark.parametrize("url", ["/audit", "/api/audit"])
@pytest.mark.parametrize("role, status", [("admin", 200), ("editor", 403), ("member", 403), ("anonymous", 401)])
def test_only_admins_read_it(sqlite_client, as_role, url, role, status):
    as_role(sqlite_client, role).get(url, status=status)


def test_the_api_lists_the_lines_newest_first_with_limit_offset_and_since(client):
    fill(client, 5)
    answer = client.get("/api/audit?limit=2&offset=1").json
    assert [item["id"] for item in answer["items"]] == [4, 3] and answer["total"] == 5 and answer["cursor"]
    assert {**answer["items"][0], "created": None} == {
        "id": 4, "created": None, "user_id": 1, "user_name": "<b>Ada", "action": "sign_in", "subject": "line 4", "detail": "",
        "address": "::1"}
    since = answer["items"][0]["created"]
    assert [item["id"] for item in client.get("/api/audit", {"since": since}).json["items"]] == [5, 4]
    for query in ("limit=x", "limit=501", "offset=-1", "since=yesterday"):
        client.get(f"/api/audit?{query}", status=422)


def shown(page):
    return [int(row.find(class_="cell-about").text.split()[-1]) for row in page.html.find("tbody").find_all("tr")]


def test_the_page_shows_fifty_lines_and_leads_to_the_others_and_back(client):
    fill(client, 120)
    newest = client.get("/audit")
    assert shown(newest) == list(range(120, 70, -1)) and "<b>Ada" in newest.html.find("tbody").text
    older = newest.click("Older")
    assert shown(older) == list(range(70, 20, -1))
    oldest = older.click("Older")
    assert shown(oldest) == list(range(20, 0, -1)) and not oldest.html.find("a", rel="next")
    assert shown(oldest.click("Newer")) == shown(older) and shown(oldest.click("Newest")) == shown(newest)
    assert not newest.html.find("a", rel="prev")


@pytest.mark.parametrize("query", ["before=x", "before=-1", "after=9999999999999999999", "before=1'--", "after=%00"])
def test_a_page_that_cannot_be_is_refused(sqlite_client, query):
    sqlite_client.get(f"/audit?{query}", status=[400, 422])


def test_a_trail_without_a_line_says_so(sqlite_client):
    clear(sqlite_client)
    assert "Nothing here yet" in sqlite_client.get("/audit").text
    assert "Newest" in sqlite_client.get("/audit?before=1").text
