"""Growth: what the loop has yet to take, and whoever waits for it."""
import threading

import pytest

from .hubs import SSE, event, hub, large


@pytest.fixture
def full():
    """A hub for which a loop is there that has yet to take as much as may wait for it."""
    full = hub(tape_bytes=1000)
    full.growth.begin(lambda: None)
    full.stream = full.join({"a"}, SSE)
    full.receive([large(1, 600)])
    return full


def test_without_a_loop_nothing_is_noted_and_there_is_always_room():
    here = hub(tape_bytes=1000)
    stream = here.join({"a"}, SSE)
    here.receive([large(seq, 600) for seq in range(1, 10)])
    here.end(stream, "revoked")
    assert here.cursor.seq == 9 and here.growth.take() == ({}, [])


def test_events_wait_until_the_loop_has_read_what_there_is_and_not_only_taken_it(full):
    assert full.receive([event(2), event(3)]) is None and full.is_held_up and full.cursor.seq == 1
    assert list(full.growth.take()[0]) == [full.stream.feed]
    full.receive(())
    assert full.is_held_up
    full.growth.give_room()
    assert full.receive(()) is None and not full.is_held_up and full.cursor.seq == 3


def test_what_grows_while_the_loop_reads_is_not_counted_as_read(full):
    full.growth.take()
    full.growth.give_room()
    full.receive([event(2)])
    full.growth.take()
    full.receive([large(3, 600)])
    full.growth.give_room()
    assert not full.growth.has_room
    full.growth.take()
    full.growth.give_room()
    assert full.growth.has_room


def test_what_is_sent_in_each_encoding_counts():
    here = hub(tape_bytes=1000)
    here.growth.begin(lambda: None)
    here.join({"a"}, SSE), here.join({"a"}, type(SSE)())
    here.receive([large(1, 300)])
    assert not here.growth.has_room and len(here.growth.take()[0]) == 2


def test_a_transient_event_is_dropped_while_there_is_no_room(full):
    full.receive([event(None)])
    full.growth.take()
    full.growth.give_room()
    full.receive([event(None, type="late")])
    assert full.stream.feed.end == 2
    assert b"event: late" in b"".join(iter(full.stream.next, b""))


def test_a_hole_is_asked_for_only_when_nothing_is_held_up(full):
    assert full.receive([event(3)]) == 2
    assert full.receive([event(2)]) is None


def test_the_bell_is_rung_when_there_is_something_to_take_and_not_again_before_it_is_taken():
    here, rings = hub(), []
    stream = here.join({"a"}, SSE)
    here.growth.begin(lambda: rings.append(here.cursor.seq))
    here.receive([event(1), event(2)])
    here.end(stream, "revoked")
    assert rings == [1]
    here.growth.take()
    here.receive([event(3)])
    assert rings == [1, 3]


def test_a_reset_a_heartbeat_and_an_end_ring_too():
    here, rings = hub(heartbeat_s=1), []
    stream = here.join({"a"}, SSE)
    here.growth.begin(lambda: rings.append(1))
    for happening in (lambda: here.renew(here.cursor._replace(epoch="f"), 0), lambda: (here.tick(0), here.tick(2)),
                      lambda: here.end(stream, "revoked"), lambda: (here.join({"a"}, SSE), here.end_all("shutdown"))):
        here.growth.take()
        rings.clear()
        happening()
        assert rings == [1]


class Waiter(threading.Thread):
    """Waits for room."""

    def __init__(self, growth):
        super().__init__()
        self._growth, self.answer = growth, None

    def run(self):
        self.answer = self._growth.wait_for_room(10)


@pytest.mark.parametrize("end", ["read", "part"])
def test_whoever_waits_for_room_goes_on_once_the_loop_has_read_or_is_gone(full, end):
    waiter = Waiter(full.growth)
    waiter.start()
    while not (full.growth._taken and full.growth._taken._waiters):     # it waits, or is over after ten seconds
        assert waiter.is_alive()
    if end == "read":
        full.growth.take()
        full.growth.give_room()
    else:
        full.growth.part()
    waiter.join(5)
    assert waiter.answer is True


def test_whoever_waits_in_vain_is_told(full):
    assert full.growth.wait_for_room(0.01) is False


def test_after_the_loop_has_gone_nothing_is_noted_any_more(full):
    full.growth.part()
    full.receive([large(seq, 600) for seq in range(2, 5)])
    assert full.growth.has_room and full.growth.take() == ({}, [])
