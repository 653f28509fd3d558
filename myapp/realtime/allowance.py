"""The allowance: how many threads of the server may be held by streams at once. Streams, waiting polls and views' own streams share it."""
import threading

from .problem import unavailable

SPARE_THREADS = 2       # of the server's, never spent on streams: pages must go on beside them
DEFAULT_ALLOWANCE = 2   # streams at once on a server that does not say how many threads it has


class Allowance:
    """Any thread."""

    def __init__(self, most=None):
        """most: the setting `realtime.thread_streams`, or None. A server that says how many threads it has is never asked for the last."""
        self._most, self.taken = most, 0
        self._lock = threading.RLock()      # guards taken; a __del__ may give a permit back in the midst of `take`

    def take(self, environ):
        """Return a Permit. Raises 503 when all are taken. environ: `myapp.threads`, how many threads the server has, where it says so."""
        with self._lock:
            if self.taken < self._limit(environ.get("myapp.threads")):
                self.taken += 1
                return Permit(self)
        raise unavailable("every thread that streams may hold is in use (realtime.thread_streams)")

    def _limit(self, threads):
        if threads is None:
            return DEFAULT_ALLOWANCE if self._most is None else self._most
        spared = max(0, threads - SPARE_THREADS)
        return spared if self._most is None else min(self._most, spared)

    def _give_back(self):
        with self._lock:
            self.taken -= 1


class Permit:
    """One thread that a stream may hold."""

    def __init__(self, allowance):
        self._allowance = allowance

    def give_back(self):
        """The thread is free. Twice is harmless."""
        allowance, self._allowance = self._allowance, None
        if allowance is not None:
            allowance._give_back()


class NoPermit:
    """Instead of a Permit, where no thread is held."""

    def give_back(self):
        pass
