"""Warnings that may come by the thousand: one line now and then, which says how many more there were."""
import logging

import pytest

from myapp.realtime.seldom import INTERVAL_S, Seldom


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def seldom(clock):
    return Seldom(logging.getLogger("seldom"), clock=clock)


def test_the_first_is_logged_at_once_with_its_arguments(seldom, caplog):
    seldom.warning("%d of %s", 3, "four")
    assert caplog.messages == ["3 of four"]


def test_those_that_follow_are_counted_and_the_next_line_says_so_once(seldom, clock, caplog):
    for _ in range(1000):
        seldom.warning("a stream is refused")
    clock.now += INTERVAL_S - 0.1
    seldom.warning("a stream is refused")
    assert len(caplog.messages) == 1
    clock.now += 0.2
    seldom.warning("a stream is refused")
    clock.now += INTERVAL_S + 0.1
    seldom.warning("a stream is refused")
    assert caplog.messages[1:] == ["a stream is refused (1000 more like it were not logged)", "a stream is refused"]


def test_two_kinds_do_not_hide_each_other(seldom, clock, caplog):
    seldom.warning("one")
    Seldom(logging.getLogger("seldom"), clock=clock).warning("other")
    assert caplog.messages == ["one", "other"]
