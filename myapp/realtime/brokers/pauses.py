"""Pauses between attempts: a moment at first, then longer, each shortened by chance so that a crowd does not come back in step."""
import random

FIRST_S, LONGEST_S = 0.05, 1.0      # a restart of a server takes seconds, a cut connection nothing


class Pauses:
    """One thread's."""

    def __init__(self):
        self.begin_anew()

    def begin_anew(self):
        """An attempt has worked."""
        self._next_s = FIRST_S

    def next_s(self):
        """Return how long to wait now, in seconds."""
        pause_s, self._next_s = self._next_s, min(2 * self._next_s, LONGEST_S)
        return pause_s * random.uniform(0.5, 1)
