"""Runs: the past that streams have yet to send, shared, counted once, bounded together."""
import pytest

from myapp.realtime.core.event import Cursor
from myapp.realtime.core.window import PAGE
from myapp.realtime.errors import HubFull

from .hubs import CONNECTED, SSE, Log, hub, large, read

START = Cursor("e", 0)
EVENTS = [large(seq, 100) for seq in range(1, 2 * PAGE + 1)]
PAST = sum(len(event.frame(SSE)) for event in EVENTS)
GREETING = len(CONNECTED % b"e-0")


@pytest.fixture
def here():
    return hub(Log(EVENTS))


def test_a_past_that_many_have_missed_is_counted_once_and_each_greeting_by_itself(here):
    for _ in range(10):
        here.join({"a"}, SSE, START)
    assert here._runs.pending == PAST + 10 * GREETING


def test_nothing_is_pending_after_all_have_sent_it_or_left(here):
    streams = [here.join({"a"}, SSE, START) for _ in range(4)]
    read(streams[0])
    streams[1].next()
    here.leave(streams[1])
    here.leave(streams[1])
    assert here._runs.pending == PAST + 2 * GREETING
    here.leave(streams[2])
    read(streams[3])
    assert here._runs.pending == 0


def test_what_is_sent_is_given_back_run_by_run(here):
    stream = here.join({"a"}, SSE, START)
    stream.next(), stream.next()
    assert here._runs.pending == PAST - sum(len(event.frame(SSE)) for event in EVENTS[:PAGE])


def test_a_stream_that_has_left_has_nothing_to_send(here):
    stream = here.join({"a"}, SSE, START)
    here.leave(stream)
    assert here.take_run(stream) == b"" and here._runs.pending == 0


def test_those_whose_past_is_too_much_come_again_and_hold_nothing():
    here = hub(Log(EVENTS), pending_bytes=4 * PAST)        # of which five eighths may be pending
    first, second = (here.join({topic, "a"}, SSE, START) for topic in "xy")
    read(first)
    third = here.join({"z", "a"}, SSE, START)
    with pytest.raises(HubFull, match=r"realtime\.pending_bytes"):
        here.join({"w", "a"}, SSE, START)
    assert here.open_streams == 3 and len(here._feeds) == 3
    here.leave(second)
    here.join({"w", "a"}, SSE, START)
    assert third.replay


def test_a_shared_past_is_not_refused():
    here = hub(Log(EVENTS), pending_bytes=10 * PAST)
    for _ in range(50):
        here.join({"a"}, SSE, START)
