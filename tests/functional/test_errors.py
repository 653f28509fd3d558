"""Errors: what people and programs are told when something breaks, and what they are not."""
import gc
import threading

import pytest
import sqlalchemy as sa

from myapp.app.models import User

SECRET = "the inside of the house"


@pytest.fixture
def broken_client(migrated_sqlite, make_client):
    """A Client on a database in which the table of users has gone: every statement on it raises, with the statement in the message."""
    client = make_client(migrated_sqlite)
    client.add_user("admin", "admin", email="admin@localhost")
    with client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.connection().exec_driver_sql("ALTER TABLE users RENAME COLUMN name TO nickname")
    return client


@pytest.mark.parametrize("url, content_type", [("/users", "text/html"), ("/api/users", "application/problem+json"), ("/", "text/html")])
def test_a_fault_of_the_server_tells_nothing_of_the_inside(broken_client, url, content_type, caplog):
    answer = broken_client.get(url, status=503)
    assert answer.content_type == content_type
    assert answer.headers["Retry-After"]
    for word in ("users.name", "sqlalchemy", "Traceback", "SELECT", "sqlite"):
        assert word not in answer.text
    assert "no such column" in caplog.text


def test_an_error_nobody_thought_of_is_logged_and_answered_with_500(sqlite_client, monkeypatch, caplog):
    def fail(user):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(User, "as_dict", fail)
    for url, content_type in (("/users", "text/html"), ("/api/users", "application/problem+json")):
        answer = sqlite_client.get(url, status=500)
        assert answer.content_type == content_type and SECRET not in answer.text
    assert caplog.text.count(SECRET) >= 2


def test_an_error_page_asks_the_database_nothing(sqlite_client):
    statements = []
    engine = sqlite_client.registry["dbsession_factory"].kw["bind"]
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for url in ("/nothing", "/%ff", "/api/nothing"):
        sqlite_client.get(url, status=[400, 404])
    assert statements == []


def test_a_database_that_is_locked_too_long_is_answered_with_503_and_nothing_is_stored(migrated_sqlite, make_client):
    client = make_client(migrated_sqlite)
    client.add_user("admin", "admin", email="admin@localhost")
    before = client.everything()
    sa.event.listen(client.registry["dbsession_factory"].kw["bind"], "checkout",
                    lambda connection, *_: connection.execute("PRAGMA busy_timeout = 50"))
    with client.registry["dbsession_factory"].begin() as other:
        other.connection()      # BEGIN IMMEDIATE: the one writer
        answer = client.post_json("/api/users", {"name": "Ada", "email": "a@b"}, status=503)
        assert answer.headers["Retry-After"] and "locked" not in answer.text
        client.get("/users", status=200)    # readers are not held up
    assert client.everything() == before


def test_a_pool_that_is_empty_is_answered_with_503(migrated_sqlite, make_client):
    client = make_client(migrated_sqlite, **{"sqlalchemy.pool_size": "1", "sqlalchemy.pool_timeout": "0"})
    client.add_user("admin", "admin", email="admin@localhost")
    with client.registry["dbsession_readers"]() as other:
        other.connection()
        client.get("/users", status=503)
    client.get("/users", status=200)


def test_a_refused_form_does_not_leave_a_connection_behind(client):
    engine = client.registry["dbsession_factory"].kw["bind"]
    for _ in range(10):
        client.elsewhere().post("/users/1/edit", {"email": "nonsense"}, status=422)
        client.post_json("/api/users", {}, status=422)
        client.delete("/api/users/1", status=409)
    assert engine.pool.checkedout() == 0


def test_an_error_just_before_the_commit_does_not_either(client):
    """The transaction is then neither committed nor aborted, and only the garbage collector would end its session."""
    engine = client.registry["dbsession_factory"].kw["bind"]
    with client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.connection().exec_driver_sql("DELETE FROM event_log_head")
    gc.disable()
    try:
        client.post_json("/api/users", {"name": "Ada", "email": "a@b"}, status=500)
        assert engine.pool.checkedout() == 0
    finally:
        gc.enable()
    assert client.rows("SELECT count(*) FROM users") == [(1,)]


def test_an_address_that_is_taken_while_the_form_is_handled_is_a_message_at_its_field(migrated_postgresql, make_client):
    client = make_client(migrated_postgresql)
    client.add_user("admin", "admin", email="admin@localhost")

    def overtake(mapper, connection, user):
        with client.registry["dbsession_factory"].begin() as other:
            other.execute(sa.insert(User).values(
                name="b", email=user.email, email_key=user.email_key, role="member", version=1, created=user.created, changed=user.changed))

    sa.event.listen(User, "before_insert", overtake)
    try:
        page = client.post("/users/new", {"name": "Ada", "email": "ada@example.org"}, status=409)
    finally:
        sa.event.remove(User, "before_insert", overtake)
    assert "Another account" in page.html.find(id="email-error").text and page.forms[0]["name"].value == "Ada"


def test_the_same_address_at_the_same_moment_goes_to_one(client):
    answers = []
    barrier = threading.Barrier(4)

    def create(name):
        browser = client.elsewhere()
        barrier.wait()
        answers.append(browser.post_json("/api/users", {"name": name, "email": "one@example.org"}, status="*").status_int)

    threads = [threading.Thread(target=create, args=(f"n{place}",)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [201, 409, 409, 409]
    assert len(client.events()) == 2


def test_two_admins_who_delete_each_other_at_the_same_moment_leave_one(client):
    for place in range(5):
        other = client.add_user(f"b{place}", "admin")
        [(first,)] = client.rows("SELECT min(id) FROM users WHERE role = 'admin'")
        barrier, answers = threading.Barrier(2), []

        def delete(user_id, barrier=barrier, answers=answers):
            browser = client.elsewhere()
            barrier.wait()
            answers.append(browser.delete(f"/api/users/{user_id}", status="*").status_int)

        threads = [threading.Thread(target=delete, args=(user_id,)) for user_id in (first, other["id"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert 204 in answers
        assert client.rows("SELECT count(*) FROM users WHERE role = 'admin'") == [(1,)]
        if client.rows("SELECT email FROM users WHERE role = 'admin'") != [("admin@localhost",)]:
            break       # the viewer has deleted himself: he can do no more
