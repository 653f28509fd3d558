"""Errors: what people and programs are told when something breaks, and what they are not."""
import threading

import pytest
import sqlalchemy as sa

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
    from myapp.app.models import User

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
