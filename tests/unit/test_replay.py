"""The past: what is read of it, shared, bounded. No thread, no socket, no clock."""

from myapp.realtime.core.cache import ENTRY, Cache
from myapp.realtime.core.event import Cursor
from myapp.realtime.core.window import PAGE
from myapp.realtime.transports.sse import EventStream

from .hubs import CONNECTED, SSE, Log, event, frame, hub, read


def test_more_missed_events_than_the_limit_are_a_reset():
    here = hub(Log([event(seq) for seq in range(1, 21)]), replay_limit=10)
    assert b"expired" not in read(here.join({"a"}, SSE, Cursor("e", 10)))
    assert b"expired" in read(here.join({"a"}, SSE, Cursor("e", 9)))


def test_a_log_that_is_pruned_while_it_is_read_gives_a_reset_and_no_gap():
    log = Log([event(seq) for seq in range(1, 3 * PAGE)])
    here = hub(log)
    log.floor = PAGE + 10       # the hub does not know yet
    sent = read(here.join({"a"}, SSE, Cursor("e", 5)))
    assert b'"reason": "expired"' in sent and b"event: t\n" not in sent


def test_those_who_come_back_together_share_one_read_and_one_encoding():
    log = Log([event(seq) for seq in range(1, 3 * PAGE)])
    here, before = hub(log), len(log.reads)
    streams = [here.join({"a"}, SSE, Cursor("e", 5)) for _ in range(100)]
    assert len(log.reads) - before == 2
    assert streams[0].replay[0] is streams[99].replay[0]


def test_more_missed_bytes_than_the_limit_are_a_reset_and_are_not_kept():
    here = hub(Log([event(seq, data='{"pad": "' + 1000 * "x" + '"}') for seq in range(1, 2 * PAGE)]), replay_bytes=100_000)
    stream = here.join({"a"}, SSE, Cursor("e", 0))
    assert b'"reason": "expired"' in read(stream)
    assert b"expired" not in read(here.join({"a"}, SSE, Cursor("e", 2 * PAGE - 50)))


def test_pages_that_were_read_are_kept_within_their_bound():
    log = Log([event(seq) for seq in range(1, 20 * PAGE)])
    here = hub(log)
    for _ in range(3):
        here.join({"a"}, EventStream(), Cursor("e", 15 * PAGE))         # another encoding each: no run is shared
    assert sorted(log.reads) == list(range(15, 20))


def test_a_cache_keeps_what_was_used_last_and_no_more_bytes_than_it_may():
    cache = Cache(3 * (ENTRY + 100))
    for key in "abc":
        cache.put(key, key.upper(), 100)
    assert cache.get("a") == "A"
    cache.put("d", "D", 100)
    assert [cache.get(key) for key in "abcd"] == ["A", None, "C", "D"] and len(cache) == 3
    cache.put("huge", "H", 10**6)
    assert cache.get("huge") is None and len(cache) == 3


def test_one_who_has_yet_to_send_the_past_has_not_lapsed_before_it_is_sent():
    here = hub(Log([event(1)]), tape_bytes=100)
    stream = here.join({"a"}, SSE, Cursor("e", 0))
    here.receive([event(seq) for seq in range(2, 20)])
    assert not stream.has_lapsed
    assert stream.next() + stream.next() == CONNECTED % b"e-0" + frame(1)
    assert stream.has_lapsed
