"""Silence: a server that hangs keeps its connections open and says nothing. Who listens asks after a while, and insists on an answer."""
import time

from ..errors import BrokerUnavailable

ASK_AFTER_S = 2.0       # a server that is well answers within milliseconds; and followers learn within 4 s that it is not


class Silence:
    """How long nothing has been heard on one connection. The thread of that connection."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self.end()

    def end(self):
        """Something was heard."""
        self._since, self._is_asked = self._clock(), False

    def insist(self, ask):
        """Nothing was heard: call `ask()` once when that has lasted long enough; as long again, and it raises BrokerUnavailable."""
        lasted_s = self._clock() - self._since
        if lasted_s >= 2 * ASK_AFTER_S:
            raise BrokerUnavailable(f"it was asked for an answer and has been silent for {lasted_s:.0f} s")
        if lasted_s >= ASK_AFTER_S and not self._is_asked:
            self._is_asked = True
            ask()
