"""What open streams hold: no database connection; and where no loop takes them a thread each, within their allowance, and none beyond."""
import socket
import threading
import time
from functools import partial

import psycopg2
import pytest

import myapp
from myapp.realtime import session
from myapp.server import Server as WebServer
from tests.waiting import wait_until

from .api import Api
from .server import HOST
from .stream import Stream

ALLOWANCE = 4           # of 6 threads; two are kept for everything else
QUICK_S = 2.0           # for a page on a busy machine; one that waits for a stream's thread waits for ever
DEAF_S = 1.0            # instead of a minute
EVENTS = 100            # of 60 KB: more than the kernel and the buffer take over for one client
GIVEN_BACK_S = 3.0      # after a client has gone: the server looks once a second


@pytest.fixture
def server(start_server, migrated_sqlite):
    """Plain waitress, which does not say how many threads it has, and when a client has gone only to those who write."""
    settings = {"realtime.thread_streams": ALLOWANCE, "realtime.heartbeat": "200ms"}
    return start_server(migrated_sqlite, settings, runner="egg:waitress#main", threads=ALLOWANCE + 2)


@pytest.fixture
def open_streams(server):
    """open_streams(n): n streams that are connected, closed with the test."""
    streams = []

    def open_streams(count):
        streams.extend(Stream(server.address, "users") for _ in range(count))
        for stream in streams:
            stream.first("connected")
        return streams

    yield open_streams
    for stream in streams:
        stream.close()


def test_past_the_allowance_a_stream_is_refused_with_503_and_the_time_to_come_back(server, open_streams):
    open_streams(ALLOWANCE)
    with Stream(server.address, "users") as refused:
        assert (refused.status, refused.problem["status"]) == (503, 503)
        assert refused.headers["Content-Type"].startswith("application/problem+json")
        assert 1 <= int(refused.headers["Retry-After"]) <= 30
        assert "realtime.thread_streams" in refused.problem["detail"]


def test_pages_answer_quickly_and_writes_go_out_beside_all_the_streams_there_may_be(server, open_streams):
    streams, api = open_streams(ALLOWANCE), Api(server.address)
    for path in ["/users", "/api/users", "/"] * 5:
        begun = time.monotonic()
        assert api.ask("GET", path, timeout_s=2 * QUICK_S).status == 200
        assert time.monotonic() - begun < QUICK_S
    user = api.create("For everyone")
    assert [stream.take(1)[0].data for stream in streams] == [user] * ALLOWANCE


def test_a_client_that_goes_away_gives_its_place_back(server, open_streams):
    first, *_ = open_streams(ALLOWANCE)
    begun = time.monotonic()
    first.close()
    while True:
        with Stream(server.address, "users") as stream:
            if stream.status == 200:
                return
        assert time.monotonic() - begun < GIVEN_BACK_S + QUICK_S, "its place is still taken"


def test_streams_make_no_thread_beyond_those_that_the_server_has(server, open_streams):
    open_streams(1)
    with_one = server.threads()
    open_streams(ALLOWANCE - 1)
    assert server.threads() == with_one


@pytest.fixture(params=[True, False], ids=["loop", "threads"])
def registry(request, migrated):
    """The registry of an application that is served from within this process, so that its pool and its places can be looked at.

    Its streams hold no threads, or, as where there is no epoll, a thread each.
    """
    settings = {"sqlalchemy.url": migrated, "sqlalchemy.pool_size": "1", "myapp.auto_login": "admin", "realtime.tail_interval": "1m",
                "realtime.heartbeat": "200ms"}
    app = myapp.main({}, **settings)
    server = WebServer(app, host=HOST, port="0", threads=str(ALLOWANCE + 2), outbuf_high_watermark="65536")
    server.deaf_s, server.has_loop = DEAF_S, request.param
    app.registry.address = server.addresses[0]
    thread = threading.Thread(target=server.run)
    thread.start()
    yield app.registry
    server.stop()
    thread.join()
    app.registry.realtime.close()
    engine_of(app.registry).dispose()


def test_an_open_idle_stream_holds_no_database_connection(registry):
    api, pool = Api(registry.address), engine_of(registry).pool
    with Stream(registry.address, "users", fragments=1) as one, Stream(registry.address, "users", cursor=api.users()["cursor"]) as other:
        user = api.create("Somebody")           # with a pool of one connection: a stream that held it would let nobody else in
        one.take(1), other.take(1)
        one.first("heartbeat"), other.first("heartbeat")
        assert other.events[0].data == user
        assert (pool.checkedout(), pool.checkedin()) == (0, 1)
        assert busy_connections(registry) == []


@pytest.mark.parametrize("registry", [False], ids=["threads"], indirect=True)
def test_a_client_that_never_reads_gives_its_thread_and_its_place_back(registry, run_together):
    deaf = [ask_and_never_read(registry.address) for _ in range(ALLOWANCE - 1)]
    try:
        with Stream(registry.address, "users") as stream:
            stream.first("connected")
            wait_until(lambda: registry.realtime.allowance.taken == ALLOWANCE)
            for sent in range(1, EVENTS // 10 + 1):     # some at once, and then those who read have them: so that nobody lags behind
                with session(registry) as rt:
                    for _ in range(10):
                        rt.publish("users", "user_nudged", {"text": "x" * 60_000})
                stream.take(10 * sent)
            wait_until(lambda: registry.realtime.allowance.taken == 1)
            ask = partial(Api(registry.address).ask, "GET", "/api/users")
            assert [answer.status for answer in run_together(*[ask] * (ALLOWANCE + 1))] == [200] * (ALLOWANCE + 1)
            Api(registry.address).create("Still here")
            assert stream.take(EVENTS + 1)[-1].data["name"] == "Still here"
    finally:
        for client in deaf:
            client.close()


def ask_and_never_read(address):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(address)
    client.sendall(b"GET /events?topic=users HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def engine_of(registry):
    return registry["dbsession_factory"].kw["bind"]


def busy_connections(registry):
    """Return the states of the application's connections that are in the middle of something, as PostgreSQL sees them."""
    engine = engine_of(registry)
    if engine.dialect.name != "postgresql":
        return []
    connection = psycopg2.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT state, query FROM pg_stat_activity "
                           "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'")
            return cursor.fetchall()
    finally:
        connection.close()
