"""Where the server listens, several addresses or a unix socket, and on what: without epoll too it serves streams."""
import socket
from contextlib import closing

import pytest

from tests.waiting import wait_until

from .api import Api
from .board import NEWS, Board
from .crowd import Client
from .inside import serving
from .server import HOST, command
from .stream import Stream

WITHOUT_EPOLL = """\
import os, select, sys
del select.epoll, os.eventfd
from pyramid.scripts.pserve import main
sys.exit(main(["pserve", sys.argv[1]]))
"""


@pytest.fixture
def board(migrated_sqlite):
    with Board(migrated_sqlite) as board:
        yield board


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_each_of_several_addresses_serves_streams(board):
    with serving(board, listen=f"{HOST}:0 {HOST}:0 [::1]:0") as server:
        clients = [Client(address, NEWS).read_until(lambda client: client.is_connected) for address in server.addresses]
        assert len(clients) == 3 and server._loop.open_streams == 3
        seqs = board.publish(2)
        for client in clients:
            with closing(client):
                client.read_until(lambda client: client.seqs == seqs)
        wait_until(lambda: board.hub.open_streams == server._loop.open_streams == 0)


def test_a_unix_socket_serves_streams(board, tmp_path):
    path = str(tmp_path / "socket")
    with serving(board, unix_socket=path) as server, closing(Client(path, NEWS)) as client:
        client.read_until(lambda client: client.is_connected)
        seqs = board.publish(2)
        client.read_until(lambda client: client.seqs == seqs)
        server.stop()
        client.read_until(lambda client: client.reasons("closing") == ["shutdown"])


def test_where_there_is_no_epoll_streams_hold_threads_and_it_is_said(start_server, migrated_sqlite):
    python = command("python")
    server = start_server(migrated_sqlite, threads=4, factory="call:tests.live.board:main",
                          starter=lambda ini: [python, "-W", "ignore", "-c", WITHOUT_EPOLL, ini])
    with Stream(server.address, "news") as one, Stream(server.address, "news") as other, Stream(server.address, "news") as refused:
        one.first("connected"), other.first("connected")    # two of the four are never spent on streams
        assert refused.status == 503 and "realtime.thread_streams" in refused.problem["detail"]
        seqs = Api(server.address).ask("POST", "/tell?count=2").json
        assert [frame.seq for frame in one.take(2)] == [frame.seq for frame in other.take(2)] == seqs
    assert "no epoll here: each stream holds one of 4 threads" in server.log
