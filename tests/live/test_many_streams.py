"""Ten thousand open pages on four threads, in a process of its own."""
import time

from .api import Api
from .board import NEWS
from .crowd import Crowd, resident_kb

BOARD = "call:tests.live.board:main"
STREAMS = 10_000
MOST_KB = 4             # of a stream, measured generously: memory comes by the page, and some of it stays for the next request
QUICK_S = 2.0           # for a page on a busy machine
EVENTS = 3
DRAIN_S = 10.0


def test_ten_thousand_streams_hold_no_threads_and_little_memory_get_each_event_once_and_are_told_when_it_stops(
        start_server, migrated_sqlite):
    server = start_server(migrated_sqlite, {"realtime.max_streams": STREAMS, "realtime.max_streams_per_user": 0}, factory=BOARD)
    api = Api(server.address)
    with Crowd(server.address, 200, NEWS) as first:         # so that all that a first stream needs is there
        first.read_until_told(*tell(api, 1))                # else those who come next may be told of it, too
        threads, kilobytes = server.threads(), resident_kb(server.pid)
    with Crowd(server.address, STREAMS, NEWS) as crowd:
        crowd.read_until(lambda: all(client.is_connected for client in crowd))
        assert len(crowd.with_status(200)) == STREAMS
        assert server.threads() == threads
        assert resident_kb(server.pid) - kilobytes < MOST_KB * STREAMS
        with Crowd(server.address, 1, NEWS) as refused:
            assert len(refused.with_status(503)) == 1
        assert_pages_are_quick(api)
        seqs = [*tell(api, 1), *tell(api, EVENTS - 1)]
        crowd.read_until_told(*seqs)
        assert_pages_are_quick(api)
        begun = time.monotonic()
        server.tell_to_stop()
        crowd.read_until(lambda: all(client.is_over for client in crowd))
        assert all(client.reasons("closing") == ["shutdown"] for client in crowd)
        assert [client.seqs for client in crowd if client.seqs != seqs] == []
    assert server.wait(DRAIN_S) == 0
    assert time.monotonic() - begun < DRAIN_S


def tell(api, count):
    """Publish events; return their seqs."""
    return api.ask("POST", f"/tell?count={count}").json


def assert_pages_are_quick(api):
    for _ in range(5):
        begun = time.monotonic()
        assert api.ask("GET", "/page").text == "a page"
        assert time.monotonic() - begun < QUICK_S
