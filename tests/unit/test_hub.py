"""The hub: where a stream begins, in which order events go out, heartbeats, endings. No thread, no socket, no clock."""
import pytest

from myapp.realtime.core.event import UNREADABLE, Cursor
from myapp.realtime.core.hub import Hub
from myapp.realtime.core.window import PAGE
from myapp.realtime.transports.sse import EventStream

from .hubs import CONNECTED, SSE, Log, event, frame, hub, read


def test_a_stream_without_a_cursor_begins_now():
    stream = hub(Log([event(1)])).join({"a"}, SSE)
    assert read(stream) == CONNECTED % b"e-1"


def test_a_stream_with_a_cursor_has_everything_after_it_and_says_its_own_cursor_first():
    here = hub(Log([event(1), event(2), event(3, "b"), event(4)]))
    stream = here.join({"a"}, SSE, Cursor("e", 1))
    here.receive([event(5)])
    assert read(stream) == CONNECTED % b"e-1" + frame(2) + frame(4) + frame(5)


def test_an_event_that_comes_while_the_past_is_read_follows_it_once():
    log = Log([event(seq) for seq in range(1, 2 * PAGE + 1)])
    here = hub(log)

    def read_page(number):
        here.receive([event(2 * PAGE + 1)])
        return log.read_page(number)
    here = Hub(here.cursor, 0, read_page)
    stream = here.join({"a"}, SSE, Cursor("e", 3))
    assert [int(line[6:]) for line in read(stream).split(b"\n") if line.startswith(b"id: e-")][1:] == list(range(4, 2 * PAGE + 2))


@pytest.mark.parametrize(("cursor", "reason", "own_id"), [
    (UNREADABLE, "unreadable", b""), (Cursor("f", 1), "epoch", b"id: f-1\n"), (Cursor("e", 9), "ahead", b"id: e-9\n"),
    (Cursor("e", 2), "expired", b"id: e-2\n")])
def test_a_cursor_that_cannot_be_followed_is_said_aloud_and_live_events_follow(cursor, reason, own_id):
    here = hub(Log([event(seq) for seq in range(1, 9)], floor=4))
    stream = here.join({"a"}, SSE, cursor)
    here.receive([event(9)])
    connected = (CONNECTED % b"X").replace(b"id: X\n", own_id)
    reset = b'id: e-8\nevent: reset\ndata: {"reason": "%s", "spread_ms": 5}\n\n' % reason.encode()
    assert read(stream) == connected + reset + frame(9)


def test_a_log_that_cannot_be_read_leaves_no_stream_behind():
    log = Log([event(seq) for seq in range(1, 3 * PAGE)])
    here = hub(log)
    log.events = None
    with pytest.raises(TypeError):
        here.join({"a"}, SSE, Cursor("e", 5))
    assert here.open_streams == 0 and not here._feeds and not here._feeds._index


def test_events_wait_for_the_one_before_them():
    here = hub()
    stream = here.join({"a"}, SSE)
    read(stream)
    assert here.receive([event(3), event(2)]) == 1
    assert read(stream) == b""
    assert here.receive([event(1)]) is None
    assert read(stream) == frame(1) + frame(2) + frame(3)


def test_events_twice_or_of_another_epoch_are_not_sent():
    here = hub()
    stream = here.join({"a"}, SSE)
    read(stream)
    here.receive([event(1), event(1)])
    here.receive([event(1), event(2, epoch="f")])
    assert read(stream) == frame(1) and here.cursor == Cursor("e", 1)


def test_what_lies_beyond_the_logs_head_can_be_discarded():
    here = hub()
    assert here.receive([event(10**9)]) == 1
    here.set_bounds(0, 0)
    assert here.receive([]) is None


def test_a_transient_event_has_no_id_goes_out_at_once_and_is_never_replayed():
    here = hub()
    stream = here.join({"a"}, SSE)
    read(stream)
    here.receive([event(2), event(None)])
    assert read(stream) == b"event: t\ndata: {}\n\n"
    here.receive([event(1)])
    assert read(here.join({"a"}, SSE, Cursor("e", 0))) == CONNECTED % b"e-0" + frame(1) + frame(2)


def test_what_belongs_to_another_log_is_nobodys_business_transient_events_too():
    here = hub()
    stream = here.join({"a"}, SSE)
    read(stream)
    assert here.receive([event(1, epoch="f"), event(None, epoch="f"), event(None, epoch=None)]) is None
    assert read(stream) == b"" and here.cursor == Cursor("e", 0)


def test_a_new_life_of_the_log_resets_everyone_and_goes_on_from_there():
    here = hub(Log([event(1), event(2)]))
    stream, other = here.join({"a"}, SSE), here.join({"b"}, SSE)
    read(stream), read(other)
    here.renew(Cursor("f", 1), 0)
    here.receive([event(2, epoch="f")])
    reset = b'id: f-1\nevent: reset\ndata: {"reason": "epoch", "spread_ms": 10}\n\n'
    assert read(stream) == reset + b"id: f-2\nevent: t\ndata: {}\n\n"
    assert read(other) == reset


def test_what_was_held_back_in_one_life_of_the_log_does_not_go_out_in_the_next():
    here = hub(Log([event(1), event(2), event(3)]))
    stream = here.join({"a"}, SSE)
    read(stream)
    here.receive([event(5)])
    here.renew(Cursor("f", 3), 0)
    here.receive([event(4, epoch="f")])
    assert read(stream).endswith(b"id: f-4\nevent: t\ndata: {}\n\n")


def test_a_silent_feed_has_a_heartbeat_whose_id_counts_the_others_events():
    here = hub(heartbeat_s=15)
    stream = here.join({"a"}, SSE)
    read(stream)
    here.tick(100.0)
    here.receive([event(1, "b")])
    here.tick(114.9)
    assert read(stream) == b""
    here.tick(115.0)
    assert read(stream) == frame(1, "heartbeat")


def test_events_postpone_the_heartbeat():
    here = hub(heartbeat_s=15)
    stream = here.join({"a"}, SSE)
    here.tick(100.0)
    here.receive([event(1)])
    here.tick(110.0)
    here.tick(124.0)
    assert b"event: heartbeat" not in read(stream)
    here.tick(125.0)
    assert b"event: heartbeat" in read(stream)


def test_a_heartbeat_never_follows_an_event_that_it_does_not_count():
    class Late(EventStream):
        def heartbeat(self, cursor):
            here.receive([event(1)])
            return super().heartbeat(cursor)
    here = hub(heartbeat_s=15)
    stream = here.join({"a"}, Late())
    stream.next()
    here.tick(100.0)
    here.tick(200.0)
    assert read(stream) == frame(1)


def test_an_ended_stream_says_why():
    here = hub()
    stream = here.join({"a"}, SSE)
    here.end_all("shutdown")
    here.end(stream, "lifetime")
    assert stream.closing == "shutdown" and stream.last_words() == b'event: closing\ndata: {"reason": "shutdown"}\n\n'


def test_the_last_stream_takes_its_feed_with_it():
    here = hub()
    streams = [here.join({"a", "b"}, SSE), here.join({"b", "a"}, SSE)]
    assert streams[0].feed is streams[1].feed and here.open_streams == 2
    for stream in (*streams, *streams):
        here.leave(stream)
    assert here.open_streams == 0 and not here._feeds and not here._feeds._index


def test_a_stream_that_is_abandoned_while_the_lock_is_held_leaves_at_the_next_join_or_tick():
    here = hub(max_streams=2)
    lost, other = here.join({"a"}, SSE), here.join({"a"}, SSE)
    with here.lock:
        here.abandon(lost)      # as the collector does, in the middle of anything
    assert here.open_streams == 2
    here.join({"a"}, SSE)
    here.abandon(other)
    here.tick(1.0)
    assert here.open_streams == 1
