"""Two things at once, on SQLite, where one waits for the other: what comes late finds things as they are then."""
import threading

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from myapp.app.passwords import Passwords
from myapp.realtime import session

from .applications import QUICK
from .conftest import PASSWORD

ADA = {"username": "ada@example.org", "password": PASSWORD}
BOB = {"name": "Bob", "email": "bob@example.org", "password": "correct horse"}


class Meanwhile(PasswordHasher):
    """Argon2, and something that happens while it works."""

    def __init__(self, act):
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._act = act

    def hash(self, password, **options):
        self._act()
        return super().hash(password, **options)

    def verify(self, hash, password):
        self._act()
        return super().verify(hash, password)


def at_begin_of_writing(client, act):
    """Have `act()` called once, just before a request begins the transaction in which it writes."""
    engine, pending = client.registry["dbsession_factory"].kw["bind"], [act]

    @sa.event.listens_for(engine, "before_cursor_execute")
    def look(connection, cursor, statement, *_):
        if statement == "BEGIN IMMEDIATE" and pending:
            pending.pop()()


def test_the_password_before_the_last_opens_nothing_though_it_was_looked_at_in_time(visitor):
    new = QUICK.hash("another horse")
    visitor.registry["myapp.passwords"] = Passwords(
        Meanwhile(lambda: visitor.execute("UPDATE users SET password_hash = :hash WHERE id = 2", hash=new)))
    visitor.post_json("/api/tokens", ADA, status=401)
    visitor.post("/login", {**ADA, "csrf_token": visitor.token()}, status=401)
    assert visitor.rows("SELECT * FROM credentials") == []


@pytest.mark.parametrize("ask", [
    lambda client: client.put_json("/api/users/1", {"password": "another horse"}, status=200),
    lambda client: client.post_json("/api/users", {"name": "x", "email": "x@example.org", "password": "another horse"}, status=201),
    lambda client: client.post("/users/1/edit", {"password": "another horse"}, status=303)])
def test_while_a_password_is_hashed_others_write(sqlite_client, ask):
    written = []

    def write():
        sqlite_client.execute("UPDATE channels SET title = title")      # would wait for 10 s, and fail
        written.append(1)
    sqlite_client.registry["myapp.passwords"] = Passwords(Meanwhile(write))
    ask(sqlite_client)
    assert written


@pytest.mark.parametrize("taking, status", [
    ("UPDATE users SET role = 'member' WHERE id = 1", 403), ("DELETE FROM credentials", 401),
    ("UPDATE credentials SET seen = '2020-01-01 00:00:00'", 401)])
def test_a_right_that_is_lost_while_a_request_waits_is_lost(visitor, taking, status):
    browser, before = visitor.signed_in(1), visitor.rows("SELECT * FROM users WHERE id = 3")
    headers = {"X-CSRF-Token": browser.token()}
    at_begin_of_writing(visitor, lambda: visitor.execute(taking))
    browser.put_json("/api/users/3", {"name": "Eva", "role": "admin"}, headers=headers, status=status)
    assert visitor.rows("SELECT * FROM users WHERE id = 3") == before


def test_the_name_of_a_channel_is_not_given_again_while_its_updates_could_be_replayed(sqlite_client):
    client = sqlite_client
    client.post_json("/api/channels", {"name": "board", "visibility": "private"}, status=201)
    client.delete("/api/channels/board", status=204)
    client.post_json("/api/channels", {"name": "board", "visibility": "private"}, status=201)
    with session(client.registry) as rt:
        rt.publish("updates:board", "update_created", {"text": "not for everybody"})
    client.delete("/api/channels/board", status=204)
    answer = client.post_json("/api/channels", {"name": "board"}, status=409)
    assert "had this name" in answer.json["errors"]["name"]


def test_more_passwords_than_there_are_places_for_are_told_to_come_again(visitor):
    is_busy, begun, goes_on, answers = threading.Event(), threading.Semaphore(0), threading.Event(), []
    admin = visitor.bearer(1)

    def wait():
        if is_busy.is_set():
            begun.release()
            assert goes_on.wait(10)

    def sign_in(client):
        answers.append(client.post_json("/api/tokens", ADA).status_int)

    visitor.registry["myapp.passwords"] = Passwords(Meanwhile(wait))
    sign_in(visitor)
    is_busy.set()
    threads = [threading.Thread(target=sign_in, args=[visitor.elsewhere()]) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert all(begun.acquire(timeout=10) for _ in threads)
        answer = visitor.post_json("/api/tokens", ADA, status=503)
        page = visitor.elsewhere().post("/users/new", BOB, headers=admin, status=503)
        assert int(answer.headers["Retry-After"]) >= 1 and int(page.headers["Retry-After"]) >= 1
        visitor.get("/login", status=200)
    finally:
        goes_on.set()
        for thread in threads:
            thread.join()
    assert answers == [201, 201, 201]
