"""How many streams there may be: of all, of one user, of one address, and of what the process may have open."""
import json
import subprocess
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

from tests.waiting import wait_until

from .api import Api
from .board import NEWS, Board
from .crowd import Client, Crowd, cpu_s
from .inside import serving
from .server import HOST, command

PLACES = 10
COMERS = 50         # at once
REFUSED = 1000
SOON_S = 5.0        # for an answer; who finds no connection free waits two minutes
INTERVAL_S = 10.0   # between two lines of the log about the same
FILES = 256         # open ones that a process may have: a quarter for connections, a quarter in reserve, half for streams
ROOM = 128
IDLE_S = 0.3        # of processor time in a second, that a process may have which has nothing to do; one that spins has all of it


@pytest.fixture
def board(migrated_sqlite):
    """board({settings}, …): within, that Board is served; gives it and the Server. What follows are settings of [server:main]."""
    @contextmanager
    def board(settings, **of_server):
        with Board(migrated_sqlite, settings) as board, serving(board, **{"threads": "4"} | of_server) as server:
            yield board, server
    return board


def ask(server, *headers, **client):
    return Client(server.addresses[0], NEWS, headers=headers, **client).read_until(lambda client: client.head)


def detail(client, status):
    """Return why a client was refused, in the answer that such a one gets."""
    client.read_until(lambda client: client.body.endswith(b"}"))
    head = client.head.lower()
    assert client.status == status and "\r\ncontent-type: application/problem+json" in head
    retry_after = next(line for line in head.split("\r\n") if line.startswith("retry-after: "))
    assert 1 <= int(retry_after[13:]) <= 30
    problem = json.loads(client.body)
    assert problem["status"] == status
    return problem["detail"]


def lines(caplog, words):
    return [record.getMessage() for record in caplog.records if words in record.getMessage()]


# Of all

def test_of_those_who_come_at_once_exactly_as_many_get_in_as_there_are_places(board):
    with board({"realtime.max_streams": PLACES}) as (board, server):
        for _ in range(5):
            with Crowd(server.addresses[0], COMERS, NEWS) as crowd:
                assert len(crowd.with_status(200)) == board.hub.open_streams == PLACES
                assert len(crowd.with_status(503)) == COMERS - PLACES
                assert "realtime.max_streams" in detail(crowd.with_status(503)[0], 503)
            wait_until(lambda: board.hub.open_streams == 0)


def test_a_place_that_is_freed_is_taken_again_and_not_twice(board):
    with board({"realtime.max_streams": PLACES}) as (board, server), Crowd(server.addresses[0], PLACES, NEWS) as crowd:
        assert len(crowd.with_status(200)) == PLACES
        for client in list(crowd)[:3]:
            client.close()
        wait_until(lambda: board.hub.open_streams == PLACES - 3)
        with Crowd(server.addresses[0], COMERS, NEWS) as others:
            assert len(others.with_status(200)) == 3


def test_a_thousand_refusals_are_hardly_a_line_in_the_log(board, caplog):
    with board({"realtime.max_streams": 1}) as (_, server), closing(ask(server)):
        begun = time.monotonic()
        with Crowd(server.addresses[0], REFUSED, NEWS, headers=lambda number: ["Connection: close"]) as crowd:
            assert len(crowd.with_status(503)) == REFUSED
        may_be = 1 + (time.monotonic() - begun) / INTERVAL_S
        assert 1 <= len(lines(caplog, "refused a stream")) <= may_be
        assert len([record for record in caplog.records if record.name.startswith("myapp")]) < may_be + 10


def test_those_who_are_refused_do_not_keep_the_connections_that_pages_need(board):
    """A thousand pages beyond the limit would each keep one for two minutes, and come again on it."""
    with board({"realtime.max_streams": 1}, connection_limit=str(PLACES)) as (_, server), closing(ask(server)), ExitStack() as refused:
        for _ in range(2 * PLACES):
            client = refused.enter_context(closing(Client(server.addresses[0], NEWS)))
            client.read_until(lambda client: client.head, timeout_s=SOON_S)
            assert client.status == 503
        assert Api(server.addresses[0]).ask("GET", "/page", timeout_s=SOON_S).text == "a page"


def test_a_stream_that_cannot_be_takes_no_place(board):
    with board({"realtime.max_streams": 1, "realtime.max_streams_per_user": 1, "realtime.max_streams_per_address": 1}) as (board, server):
        for path, status in [("/events?topic=unknown", 404), ("/events", 400)]:
            with closing(Client(server.addresses[0], path, headers=["X-User: alice"])) as client:
                assert client.read_until(lambda client: client.head).status == status
        assert board.hub.open_streams == board.hub._places.taken == 0
        with closing(ask(server, "X-User: alice")) as client:
            assert client.status == 200


# Of one user, of one address

def test_a_user_has_as_many_streams_as_one_may_have_and_others_have_theirs(board):
    with board({"realtime.max_streams_per_user": 2}) as (board, server):
        with closing(ask(server, "X-User: alice")) as first, closing(ask(server, "X-User: alice")) as second:
            assert first.status == second.status == 200
            with closing(ask(server, "X-User: alice")) as third, closing(ask(server, "X-User: bob")) as other:
                assert "realtime.max_streams_per_user" in detail(third, 429)
                assert other.status == 200
            with Crowd(server.addresses[0], PLACES, NEWS) as anonymous:      # who are nobody, and not one and the same
                assert len(anonymous.with_status(200)) == PLACES
        wait_until(lambda: board.hub.open_streams == 0)
        with closing(ask(server, "X-User: alice")) as again:
            assert again.status == 200


def test_of_a_users_many_who_come_at_once_no_more_get_in_than_may(board):
    with board({"realtime.max_streams_per_user": PLACES}) as (_, server):
        with Crowd(server.addresses[0], COMERS, NEWS, headers=lambda number: ["X-User: alice"]) as crowd:
            assert len(crowd.with_status(200)) == PLACES
            assert len(crowd.with_status(429)) == COMERS - PLACES


@pytest.mark.parametrize("passes_on", ["false", "true"])
def test_an_address_has_as_many_streams_as_one_may_have_whatever_it_says_of_itself(board, passes_on):
    """Whether or not the server keeps from the application what only a proxy is believed."""
    with board({"realtime.max_streams_per_address": 2}, clear_untrusted_proxy_headers=passes_on) as (_, server):
        with closing(ask(server)) as first, closing(ask(server, "X-User: alice")) as second:
            assert first.status == second.status == 200
            for header in ["X-User: bob", "X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "X-Real-IP: 192.0.2.1"]:
                with closing(ask(server, header)) as third:
                    assert "realtime.max_streams_per_address" in detail(third, 429)
            with closing(ask(server, source="127.0.0.2")) as other:
                assert other.status == 200


def test_an_address_is_what_a_trusted_proxy_says(board):
    with board({"realtime.max_streams_per_address": 1}, trusted_proxy=HOST, trusted_proxy_headers="x-forwarded-for") as (_, server):
        with closing(ask(server, "X-Forwarded-For: 192.0.2.1")) as first, closing(ask(server, "X-Forwarded-For: 192.0.2.2")) as other:
            assert first.status == other.status == 200
            with closing(ask(server, "X-Forwarded-For: 192.0.2.1")) as second:
                assert "realtime.max_streams_per_address" in detail(second, 429)


# Of what the process may have open

@pytest.fixture
def narrow_server(start_server, migrated_sqlite):
    """A process that may have few open files."""
    return start_server(migrated_sqlite, {"realtime.max_streams_per_user": 0}, factory="call:tests.live.board:main",
                        starter=lambda ini: ["sh", "-c", f"ulimit -n {FILES}; exec {command('pserve')} {ini}"])


def test_a_process_that_may_have_few_open_files_has_room_for_fewer_streams_and_answers_pages(narrow_server):
    api = Api(narrow_server.address)
    with Crowd(narrow_server.address, 2 * FILES, NEWS, headers=lambda number: ["Connection: close"]) as crowd:
        assert len(crowd.with_status(200)) == ROOM
        assert f"room for {ROOM} streams" in narrow_server.log
        assert "open files" in detail(crowd.with_status(503)[0], 503)
        assert [api.ask("GET", "/page").status for _ in range(10)] == [200] * 10
        seqs = api.ask("POST", "/tell?count=2").json
        inside = crowd.with_status(200)
        crowd.read_until(lambda: all(client.seqs == seqs for client in inside))
        assert_is_idle(narrow_server)


def test_a_process_whose_connections_are_all_taken_does_not_spin_and_serves_on_when_they_end(narrow_server):
    clients = [Client(narrow_server.address, "/page") for _ in range(FILES)]    # more than it takes; the kernel keeps the rest
    try:
        for client in clients[:FILES // 8]:
            client.read_until(lambda client: client.head)
        assert_is_idle(narrow_server)
    finally:
        for client in clients:
            client.close()
    assert Api(narrow_server.address).ask("GET", "/page").text == "a page"


def assert_is_idle(server):
    before = cpu_s(server.pid)
    with pytest.raises(subprocess.TimeoutExpired):
        server.wait(1)
    assert cpu_s(server.pid) - before < IDLE_S
