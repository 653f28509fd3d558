"""SIGTERM drains a process, kill -9 does no harm, and nor does a network that fails."""
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg2
import pytest

from .api import Api, new_user
from .listener import Listener
from .proxy import Proxy
from .stream import Stream

WRITERS = 4
ENOUGH = 25         # users made before the crash, and again after it: each writer is then in the middle of something
PATIENCE_S = 60.0   # for a hundred writes with one process start among them
AT_ONCE_S = 4.0     # half of what a drain may last


class Writers:
    """Four programs that create users one after the other, whatever happens to the server. `made`: names that were answered 2xx."""

    def __init__(self, address):
        self.made = []
        self._api, self._changed, self._is_closed = Api(address), threading.Condition(), threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(WRITERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info):
        self._is_closed.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count):
        """Wait until `count` more users are made."""
        with self._changed:
            wanted = len(self.made) + count
            assert self._changed.wait_for(lambda: len(self.made) >= wanted, PATIENCE_S), f"{len(self.made)} made, {wanted} wanted"

    def _run(self, writer):
        number = 0
        while not self._is_closed.is_set():
            number += 1
            try:
                answer = self._api.ask("POST", "/api/users", new_user(f"user {writer}-{number}"))
            except (OSError, http.client.HTTPException):    # it is not known whether this one was made; the listener knows
                self._is_closed.wait(0.05)
                continue
            with self._changed:
                self.made += [answer.json["name"]] if answer.status == 201 else []
                self._changed.notify_all()


def test_sigterm_says_farewell_to_streams_and_the_process_is_gone_with_exit_code_0(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite)
    with Stream(server.address, "users") as stream, Stream(server.address, "users", fragments=1) as other:
        stream.first("connected"), other.first("connected")
        server.tell_to_stop()
        assert stream.first("closing").data == other.first("closing").data == {"reason": "shutdown"}
        stream.wait_for_end()
        assert server.wait() == 0
    with pytest.raises(ConnectionRefusedError):
        Api(server.address).users()


@contextmanager
def draining(server, url, number):
    """Within, the process has been sent signal `number` and drains.

    Gives the Future of the answer to the request that it waits for, and a function that lets that request go on.
    """
    api = Api(server.address)
    with (closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)) as rival,
          ThreadPoolExecutor(1) as pool, Stream(server.address, "users") as stream):
        stream.first("connected")
        rival.execute("BEGIN IMMEDIATE")            # SQLite has one writer at a time, and that is us
        answer = pool.submit(api.ask, "POST", "/api/users", new_user("Slow but sure"))
        assert api.ask("GET", "/api/users").status == 200 and not answer.done()
        os.kill(server.pid, number)
        stream.first("closing")
        yield answer, lambda: rival.execute("ROLLBACK")


def test_a_request_that_is_being_answered_when_sigterm_comes_is_answered(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite)
    with draining(server, migrated_sqlite, signal.SIGTERM) as (answer, let_go):
        let_go()
        assert answer.result().status == 201
        assert server.wait() == 0


def test_a_second_sigterm_does_not_cut_the_drain_short(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite)
    with draining(server, migrated_sqlite, signal.SIGTERM) as (answer, let_go):
        server.tell_to_stop()
        with pytest.raises(subprocess.TimeoutExpired):
            server.wait(1)
        let_go()
        assert answer.result().status == 201
        assert server.wait() == 0


def test_ctrl_c_for_the_second_time_ends_the_process_at_once(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite)
    with draining(server, migrated_sqlite, signal.SIGINT) as (answer, _):
        os.kill(server.pid, signal.SIGINT)
        server.wait(AT_ONCE_S)
        assert isinstance(answer.exception(), (OSError, http.client.HTTPException))


def test_a_request_whose_body_is_still_on_its_way_when_sigterm_comes_is_answered(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite)
    body = json.dumps(new_user("Slow to say")).encode()
    with Stream(server.address, "users") as stream, closing(http.client.HTTPConnection(*server.address, timeout=10)) as connection:
        stream.first("connected")
        connection.putrequest("POST", "/api/users")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:10])
        assert Api(server.address).ask("GET", "/api/users").status == 200   # so the beginning has been read, too
        server.tell_to_stop()
        stream.first("closing")
        connection.send(body[10:])
        assert connection.getresponse().status == 201
        assert server.wait() == 0


def test_after_kill_9_a_listener_has_exactly_what_was_committed_in_order_and_once(start_server, migrated):
    server = start_server(migrated)
    api = Api(server.address)
    before = api.users()
    with Listener(server.address, "users", cursor=before["cursor"]) as listener:
        with Writers(server.address) as writers:
            writers.wait_for(ENOUGH)
            server.kill()
            server.start()
            writers.wait_for(ENOUGH)
        assert_complete(listener, writers, api, before)


def test_a_listener_whose_connection_is_cut_again_and_again_misses_nothing_and_gets_nothing_twice(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite)
    api = Api(server.address)
    before = api.users()
    with Proxy(server.address) as proxy, Listener(proxy.address, "users", cursor=before["cursor"]) as listener:
        with Writers(server.address) as writers:
            for _ in range(5):
                seen = len(listener.events)
                listener.wait_until(lambda events, seen=seen: len(events) > seen)
                proxy.cut()
                writers.wait_for(5)
                proxy.mend()
        assert_complete(listener, writers, api, before)


def test_after_database_sessions_were_killed_a_listener_has_exactly_what_was_committed(start_server, migrated_postgresql):
    server = start_server(migrated_postgresql, may_complain=True)
    api = Api(server.address)
    before = api.users()
    with Listener(server.address, "users", cursor=before["cursor"]) as listener:
        with Writers(server.address) as writers:
            for _ in range(3):
                writers.wait_for(10)
                assert kill_sessions(migrated_postgresql) > 0
            writers.wait_for(10)
        assert_complete(listener, writers, api, before)


def kill_sessions(url):
    """End all other sessions of the database `url`, in the middle of whatever they do. Returns how many there were."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                       "WHERE datname = current_database() AND pid <> pg_backend_pid()")
        return cursor.fetchone()[0]


def assert_complete(listener, writers, api, before):
    """What the listener was told, what the writers were answered and what the database has are the same."""
    users = api.users()
    first, last = (int(state["cursor"].rpartition("-")[2]) for state in (before, users))
    listener.wait_until(lambda events: events and events[-1].seq >= last)
    assert listener.resets == []
    assert [event.seq for event in listener.events] == list(range(first + 1, last + 1))
    stored = {user["name"] for user in users["items"]} - {user["name"] for user in before["items"]}
    told = [event.data["name"] for event in listener.events]
    assert sorted(told) == sorted(stored)
    assert set(writers.made) <= stored
