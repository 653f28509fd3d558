"""Tapes: one encoding for all, what is kept for whom, and who is too slow. No thread, no socket, no clock."""
import pytest

from myapp.realtime.core.event import Cursor
from myapp.realtime.core.feed import Lapsed
from myapp.realtime.transports.sse import EventStream

from .hubs import SSE, event, frame, hub, read


def test_one_event_is_encoded_once_per_encoding_for_a_hundred_streams():
    calls = []

    class Counting(EventStream):
        def event(self, event):
            calls.append(self)
            return super().event(event)
    here, encodings = hub(), [Counting(), Counting()]
    streams = [here.join({"a", f"own:{number}"}, encodings[number % 2]) for number in range(100)]
    here.receive([event(1)])
    assert sorted(map(id, calls)) == sorted(map(id, encodings))
    assert all(frame(1) in read(stream) for stream in streams)
    assert frame(1) in read(here.join({"a"}, encodings[0], Cursor("e", 0))) and len(calls) == 2


def test_a_reader_who_is_too_slow_lapses_and_the_others_do_not():
    here = hub(tape_bytes=1000)
    slow, quick = here.join({"a"}, SSE), here.join({"a"}, SSE)
    read(slow), read(quick)
    for seq in range(1, 50):
        here.receive([event(seq, data='{"pad": "' + 50 * "x" + '"}')])
        read(quick)
    with pytest.raises(Lapsed):
        slow.next()
    assert len(slow.feed._frames) <= 1000 / 50


def test_a_tape_keeps_nothing_that_everybody_has_read():
    here = hub()
    streams = [here.join({"a"}, SSE) for _ in range(3)]
    here.receive([event(1)])
    for stream in streams:
        read(stream)
    assert not streams[0].feed._frames
    here.receive([event(2)])
    read(streams[0])
    assert len(streams[0].feed._frames) == 1
    here.leave(streams[1])
    here.leave(streams[2])
    assert not streams[0].feed._frames


def test_an_event_larger_than_the_tape_reaches_whoever_is_quick():
    here = hub(tape_bytes=1000)
    stream = here.join({"a"}, SSE)
    read(stream)
    here.receive([event(1, data='{"pad": "' + 5000 * "x" + '"}')])
    assert read(stream).startswith(b"id: e-1\n")


def test_what_another_has_read_further_is_not_given_to_one_who_may_read_only_so_far():
    here = hub()
    bound, free = here.join({"a"}, SSE), here.join({"a"}, SSE)
    read(bound), read(free)
    here.receive([event(1), event(2)])
    assert free.next() == frame(1) + frame(2)
    assert bound.next(bound.at + 1) == frame(1) and bound.next(bound.at) == b""
    assert read(bound) == frame(2)
