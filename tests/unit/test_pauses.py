"""The pauses of the brokers: short after a cut, longer while nothing answers, long for what works only for moments."""
import pytest

from myapp.realtime.brokers.pauses import FIRST_S, FLAPPING_S, LONGEST_S, STABLE_S, Pauses


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def after(pauses, clock, works_for_s):
    """The pause after an attempt that has worked for so long, None: not at all."""
    if works_for_s is not None:
        pauses.note_working()
        clock.now += works_for_s
        pauses.note_working()
    return pauses.next_s()


def test_attempts_that_fail_are_made_a_second_apart_in_the_end(clock):
    pauses = Pauses(clock)
    waited = [after(pauses, clock, None) for _ in range(20)]
    assert waited[0] <= FIRST_S and all(LONGEST_S / 2 <= pause <= LONGEST_S for pause in waited[-10:])


def test_what_has_worked_for_long_is_tried_again_at_once(clock):
    pauses = Pauses(clock)
    for _ in range(10):
        after(pauses, clock, None)
    assert after(pauses, clock, STABLE_S) <= FIRST_S


def test_what_works_for_moments_is_tried_ever_more_rarely_but_once_in_half_a_minute(clock):
    pauses = Pauses(clock)
    waited = [after(pauses, clock, 0.2) for _ in range(20)]
    assert waited[0] <= FIRST_S and all(FLAPPING_S / 2 <= pause <= FLAPPING_S for pause in waited[-5:])
    assert after(pauses, clock, None) <= LONGEST_S
