"""The ear: a subscriber that keeps all that a broker tells it, and waits for it."""
import threading
import time


class Ear:
    """One subscriber: all that it is told."""

    def __init__(self, broker):
        self.heard, self.cursors, self.is_up, self.reason = [], [], False, ""
        self._changed = threading.Condition()
        broker.subscribe(self)

    def take(self, events):
        with self._changed:
            self.heard += events
            self._changed.notify_all()

    def take_cursor(self, cursor):
        with self._changed:
            self.cursors.append(cursor)
            self._changed.notify_all()

    def take_state(self, is_up, reason=""):
        with self._changed:
            self.is_up, self.reason = is_up, reason
            self._changed.notify_all()

    def wait_until_up(self, timeout_s):
        with self._changed:
            assert self._changed.wait_for(lambda: self.is_up, timeout_s), f"the broker never said that it is subscribed: {self.reason}"

    def wait_for(self, count, timeout_s):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.heard) >= count, timeout_s), f"{len(self.heard)} of {count} events came"

    def wait_until(self, is_so, timeout_s):
        with self._changed:
            assert self._changed.wait_for(is_so, timeout_s), "it does not come to pass"


def wait_until(is_so, timeout_s, look_s=0.01):
    """Wait for what another thread or process does. Raises AssertionError when it does not come to pass.

    look_s    seconds between two looks: of what is waited for here (a broker's figures, the answer of a server) nobody is told
    """
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it does not come to pass"
        time.sleep(look_s)


def time_of(act):
    """Call `act` and return how long that took, in seconds."""
    began = time.monotonic()
    act()
    return time.monotonic() - began
