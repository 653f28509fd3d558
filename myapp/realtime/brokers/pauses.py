"""Pauses between attempts: a moment at first, then longer, each shortened by chance so that a crowd does not come back in step."""
import random
import time

FIRST_S, LONGEST_S = 0.05, 1.0      # a cut connection is back at once; a restart of a server takes seconds
STABLE_S, FLAPPING_S = 5.0, 30.0    # who works, but for less than STABLE_S each time, is tried ever more rarely: each time is two lines


class Pauses:
    """One thread's."""

    def __init__(self, clock=time.monotonic):
        self._clock, self._next_s, self._worked_since = clock, FIRST_S, None

    def note_working(self):
        """The present attempt works, so far."""
        if self._worked_since is None:
            self._worked_since = self._clock()

    def next_s(self):
        """The present attempt is over: return how long to wait before the next, in seconds."""
        worked_since, self._worked_since = self._worked_since, None
        if worked_since is not None and self._clock() - worked_since >= STABLE_S:
            self._next_s = FIRST_S
        pause_s = min(self._next_s, LONGEST_S if worked_since is None else FLAPPING_S)
        self._next_s = 2 * pause_s
        return pause_s * random.uniform(0.5, 1)
