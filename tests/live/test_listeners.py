"""Clients that are slow, deaf or gone, that all come back at once, or are told more than the loop can send: none at another's cost."""
import gc
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from myapp.realtime.core.handoff import Stream as OpenStream
from tests.waiting import wait_until

from .api import Api
from .board import NEWS, Board
from .crowd import Client, Crowd, resident_kb
from .inside import serving
from .stream import Stream

PATIENCE_S = 30.0

# A slow one
SLOW_EVENTS = 3000      # of a kilobyte: three times what a tape holds
STEP = 1024             # bytes that it takes at a time

# Deaf ones
DEAF = 1000
DEAF_KB = 100 << 10     # of memory, that they may cost together
LATE_S = 2.0            # by which the others may be late meanwhile, on a busy machine

# Those who come and go
CHURN = 5000
WAVE = 250

# Those who come back
BACK = 1000             # clients, each that many events behind, more or less
STATEMENTS = 100

# Those who are told much
MUCH = 3000             # events of 10 KB: twice what may wait in memory to be sent
LARGE = 10_000
SLACK_S = 2.0           # on a busy machine
BATCH = 100             # in one transaction
AUDIENCE = 20


@pytest.fixture
def board(migrated_sqlite):
    """board({settings}): a Board, which is closed with the test."""
    with ExitStack() as boards:
        yield lambda settings=None: boards.enter_context(Board(migrated_sqlite, settings))


# Slow and deaf

@pytest.mark.parametrize(("tape", "comes_back"), [("64MiB", False), ("256KiB", True)])
def test_a_client_that_reads_a_kilobyte_at_a_time_catches_up_without_a_gap(board, tape, comes_back):
    """On a long tape by itself; from a short one it falls, is told so, and comes back for the rest."""
    board, lives = board({"realtime.tape": tape}), 1
    with serving(board, deaf_s=PATIENCE_S) as server:
        client = slow_client(server)
        begun, seqs = board.last_seq, []
        for number in range(SLOW_EVENTS // 100):
            board.publish(100, bytes_each=1000)
            for _ in range(20 + number % 10):       # far less than is told, and enough not to be taken for deaf on a busy machine
                client.read(STEP)
        wait_until(lambda: board.hub.cursor.seq == board.last_seq)
        deadline = time.monotonic() + PATIENCE_S
        while len(seqs) + len(client.seqs) < SLOW_EVENTS:
            assert time.monotonic() < deadline, (len(seqs), client.controls)
            client.read(STEP)
            if client.is_over:
                assert client.reasons("closing") == ["lagging"] and client.reasons("reset") == []
                seqs, lives = seqs + client.seqs, lives + 1
                client.close()
                client = slow_client(server, client.last_id)
        client.close()
    assert seqs + client.seqs == list(range(begun + 1, begun + SLOW_EVENTS + 1))
    assert (lives > 1) == comes_back


def slow_client(server, cursor=None):
    headers = [f"Last-Event-ID: {cursor}"] if cursor else []
    return Client(server.addresses[0], NEWS, headers=headers, receive_buffer=4096).read_until(lambda client: client.is_connected)


def test_a_thousand_clients_that_never_read_cost_little_and_are_cut_while_another_is_told_everything_in_time(board, caplog):
    board, sent, lateness = board(), {}, []

    def keep(frame):
        if frame.type == "news_told":
            lateness.append(time.monotonic() - sent[frame.seq])

    with serving(board) as server, Stream(server.addresses[0], "news", keep=keep) as reader:
        reader.first("connected")
        kilobytes = resident_kb()
        clients = [Client(server.addresses[0], NEWS, receive_buffer=4096) for _ in range(DEAF)]
        wait_until(lambda: board.hub.open_streams == server._loop.open_streams == DEAF + 1)
        told, most, begun = 0, 0, time.monotonic()
        while board.hub.open_streams > 1:
            assert time.monotonic() - begun < PATIENCE_S
            sent[board.last_seq + 1] = time.monotonic()
            board.publish(1, bytes_each=20_000)
            told += 1
            reader.take(told)
            most = max(most, resident_kb() - kilobytes)
        assert most < DEAF_KB
        assert [frame.seq for frame in reader.events] == sorted(sent) and len(lateness) == told
        assert max(lateness) < LATE_S
        assert server._loop.open_streams == 1
        for client in clients:
            client.close()
    assert caplog.text.count("cut a stream") < 20       # of a thousand: a line now and then


# Those who come and go

def test_five_thousand_who_come_and_go_in_every_way_leave_nothing_behind(board):
    board, numbers = board({"realtime.stream_lifetime": "1h"}), count()
    with serving(board, threads="4") as server:
        with closing(slow_client(server)):
            pass
        wait_until(lambda: is_empty(server, board))
        files, threads = sockets(), threading.active_count()
        for _ in range(CHURN // WAVE):
            clients = [(next(numbers), Client(server.addresses[0], NEWS)) for _ in range(WAVE)]
            for number, client in clients:
                leave(number, client)
            board.publish(1)
        wait_until(lambda: is_empty(server, board))
        wait_until(lambda: sockets() == files)
        assert threading.active_count() == threads
        with closing(slow_client(server)) as client:
            [seq] = board.publish(1)
            client.read_until(lambda client: seq in client.seqs)
        wait_until(lambda: is_empty(server, board))
        assert open_streams_in_memory() == 0


def leave(number, client):
    """Go in one of six ways: after one has been connected or, as may be, before; by close, by reset, or by saying no more."""
    if number % 2:
        client.read_until(lambda client: client.is_connected)
    if number % 3 == 2:
        client.socket.shutdown(socket.SHUT_WR)
        client.socket.settimeout(PATIENCE_S)
        while not client.is_over:
            client.read()
    client.close(by_reset=number % 3 == 1)


def is_empty(server, board):
    loop = server._loop
    return board.hub.open_streams == loop.open_streams == len(board.hub._feeds) == board.hub._places.taken == len(server._channels()) == 0 \
        and not (loop._audience._packs or loop._audience._rests or loop._audience._blocked)


def sockets():
    """Return how many sockets this process has open; of other files the database may take some more."""
    return sum(os.readlink(path).startswith("socket:") for path in Path("/proc/self/fd").iterdir() if path.is_symlink())


def open_streams_in_memory():
    gc.collect()
    return sum(isinstance(each, OpenStream) for each in gc.get_objects())


# Those who come back

@pytest.fixture
def statements():
    """The SQL of this process so far, of every engine: the log has one of its own."""
    texts = []

    def note(connection, cursor, text, *rest):
        texts.append(text)
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield texts
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_a_thousand_who_come_back_at_once_get_what_each_has_missed_for_a_few_queries(board, statements):
    board = board({"realtime.tail_interval": "1m"})     # the looks that are due while a busy machine brings them in are not counted
    *_, last = board.publish(3 * BACK)       # before anybody listens: so that nothing of it is in memory
    missed = [BACK + number % 100 for number in range(BACK)]
    epoch = board.cursor(0).rpartition("-")[0]
    statements.clear()
    with serving(board, threads="4") as server:
        with Crowd(server.addresses[0], BACK, NEWS, headers=lambda number: [f"Last-Event-ID: {epoch}-{last - missed[number]}"]) as crowd:
            crowd.read_until(lambda: all(client.seqs and client.seqs[-1] == last for client in crowd))
            asked = [text for text in statements if "event_log" in text]
            assert 0 < len(asked) < STATEMENTS
            for client, behind in zip(crowd, missed, strict=True):
                assert client.seqs == list(range(last - behind + 1, last + 1))
                assert [type for type, _ in client.controls if type != "heartbeat"] == ["connected"]
            crowd.read_until_told(*board.publish(2))


# Those who are told much

def test_a_writer_that_is_faster_than_the_loop_is_not_slowed_and_nobody_falls_behind(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite, {"realtime.max_streams_per_user": 0}, factory="call:tests.live.board:patient")
    api = Api(server.address)

    def write():
        """Return (the seqs, seconds it took)."""
        begun = time.monotonic()
        seqs = [seq for _ in range(MUCH // BATCH) for seq in api.ask("POST", f"/tell?count={BATCH}&bytes={LARGE}").json]
        return seqs, time.monotonic() - begun
    _, alone_s = write()
    with Crowd(server.address, AUDIENCE, NEWS) as crowd, ThreadPoolExecutor(1) as pool:
        crowd.read_until(lambda: all(client.is_connected for client in crowd))
        writing = pool.submit(write)
        crowd.read_until(writing.done)
        seqs, beside_s = writing.result()
        assert any(client.seqs[-1] < seqs[-1] for client in crowd if client.seqs), "the loop was not behind the writer"
        crowd.read_until_told(*seqs)
        for client in crowd:
            assert client.seqs == seqs and set(client.data) == {LARGE + len('{"text": ""}')}
            assert {type for type, _ in client.controls} <= {"connected", "heartbeat"}
        assert beside_s < 3 * alone_s + SLACK_S
