"""What the server's own settings do, and `realtime.drain_timeout`, which is its business too."""
import socket
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from .api import Api
from .board import NEWS, Board
from .crowd import Client
from .inside import WAIT_S, serving

DRAIN_S = 2         # instead of ten
BOARD = "call:tests.live.board:main"


def interval(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(sys.getswitchinterval()).encode()]


@pytest.mark.parametrize(("settings", "seconds"), [
    ({}, 0.0001), ({"switch_interval": "3ms"}, 0.003), ({"switch_interval": " 0.01ms "}, 0.00001)])
def test_threads_that_compute_keep_the_others_waiting_as_long_as_is_set(settings, seconds):
    with serving(interval, **settings) as server:
        assert float(Api(server.addresses[0]).ask("GET", "/").text) == pytest.approx(seconds)


@pytest.mark.parametrize(("settings", "size"), [({}, 32 << 10), ({"send_buffer": "8KiB"}, 8 << 10), ({"send_buffer": "1MiB"}, 1 << 20)])
def test_the_kernel_holds_as_much_for_a_stream_as_is_set_and_for_a_page_what_it_likes(migrated_sqlite, settings, size):
    with Board(migrated_sqlite) as board, serving(board, **settings) as server, closing(Client(server.addresses[0], NEWS)) as client:
        client.read_until(lambda client: client.is_connected)
        fd, = server._loop._streams
        with closing(socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM)) as sock:
            most = int(Path("/proc/sys/net/core/wmem_max").read_text())
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * min(size, most)     # the kernel counts its own share


def test_a_process_is_gone_when_its_drain_timeout_is_over_whatever_goes_on(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite, {"realtime.drain_timeout": f"{DRAIN_S}s"}, factory=BOARD)
    with socket.create_connection(server.address) as client:
        client.sendall(b"POST /tell HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")      # the rest never comes
        assert Api(server.address).ask("GET", "/page").status == 200        # so the beginning has been read
        begun = time.monotonic()
        server.tell_to_stop()
        assert server.wait(WAIT_S) == 0
        assert DRAIN_S / 4 < time.monotonic() - begun < DRAIN_S + 1
    assert "1 connections and 0 streams were still busy" in server.log
