"""The backlog of the brokers: bounded in events and in bytes, oldest first out."""
import pytest

from myapp.realtime.brokers.backlog import BATCH, MOST_BYTES, MOST_EVENTS, Backlog
from myapp.realtime.core.event import OBJECT_BYTES, Event


def events(first, count, size=2):
    return [Event("e0", seq, "a", "t", "x" * size) for seq in range(first, first + count)]


def seqs(taken):
    return [event.seq for event in taken]


def test_events_come_out_in_order_and_no_more_than_a_batch_at_once():
    backlog = Backlog()
    assert backlog.add(events(1, BATCH)) == backlog.add(events(BATCH + 1, 10)) == 0
    assert seqs(backlog.take(0)) == [*range(1, BATCH + 1)]
    assert seqs(backlog.take(0)) == [*range(BATCH + 1, BATCH + 11)]
    assert backlog.take(0) == []


@pytest.mark.parametrize(("size", "room"), [(2, MOST_EVENTS), ((1 << 16) - OBJECT_BYTES, MOST_BYTES >> 16)])
def test_when_there_is_no_room_the_oldest_go_and_are_counted(size, room):
    backlog = Backlog()
    assert sum(backlog.add(events(seq, 1, size)) for seq in range(1, room + 8)) == 7
    assert seqs(backlog.take(0))[0] == 8


def test_one_event_that_is_larger_than_all_the_room_is_dropped_itself():
    backlog = Backlog()
    assert backlog.add(events(1, 1, MOST_BYTES + 1)) == 1 and backlog.take(0) == []
    assert backlog.add(events(2, 1)) == 0 and seqs(backlog.take(0)) == [2]


def test_what_is_transient_can_be_forgotten():
    backlog = Backlog()
    backlog.add([*events(1, 2), Event("e0", None, "a", "tick", "{}"), *events(3, 1)])
    assert backlog.forget_transient() == 1 and backlog.forget_transient() == 0
    assert seqs(backlog.take(0)) == [1, 2, 3]


def test_after_closing_what_is_left_can_be_taken_and_nothing_is_added():
    backlog = Backlog()
    backlog.add(events(1, 2))
    backlog.close()
    assert backlog.add(events(3, 2)) == 2 and not backlog.is_over
    assert seqs(backlog.take(10)) == [1, 2] and backlog.is_over and backlog.take(10) == []
