"""Warnings that may come by the thousand: one line now and then, which says how many more there were."""
import logging

import pytest

from myapp.realtime.throttle import INTERVAL_S, Throttle


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    return Throttle(logging.getLogger("throttle"), clock=clock)


def test_the_first_is_logged_at_once_with_its_arguments(throttle, caplog):
    throttle.warning("%d of %s", 3, "four")
    assert caplog.messages == ["3 of four"]


def test_those_that_follow_are_counted_and_the_next_line_says_so_once(throttle, clock, caplog):
    for _ in range(1000):
        throttle.warning("a stream is refused")
    clock.now += INTERVAL_S - 0.1
    throttle.warning("a stream is refused")
    assert len(caplog.messages) == 1
    clock.now += 0.2
    throttle.warning("a stream is refused")
    clock.now += INTERVAL_S + 0.1
    throttle.warning("a stream is refused")
    assert caplog.messages[1:] == ["a stream is refused (1000 more like it were not logged)", "a stream is refused"]


def test_two_kinds_do_not_hide_each_other(throttle, clock, caplog):
    throttle.warning("one")
    Throttle(logging.getLogger("throttle"), clock=clock).warning("other")
    assert caplog.messages == ["one", "other"]
