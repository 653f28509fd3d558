"""Runs: frames of the past, between two seqs, in one piece that the streams which missed them share.

All runs that some stream has yet to send are counted, and bounded together, so that many who come back to many different feeds
cannot fill the memory: those beyond the bound come again. It knows nothing of how a run is made.
"""
from ..errors import HubFull
from .cache import Cache


class Run:
    __slots__ = ("slab", "streams")

    def __init__(self, slab):
        self.slab = slab
        self.streams = 0    # that have yet to send it


class Runs:
    def __init__(self, lock, *, kept_bytes, pending_bytes):
        """kept_bytes: of runs kept for those who ask for the same. pending_bytes: of all that streams have yet to send."""
        self._lock, self._pending_bytes = lock, pending_bytes
        self._kept, self.pending = Cache(kept_bytes), 0

    def get(self, key, make, *, key_bytes):
        """Return the run of `key`, of about `key_bytes`; `make()` -> bytes is called, without the lock, when it is not kept. Workers."""
        with self._lock:
            run = self._kept.get(key)
        if run is None:
            run = Run(make())
            with self._lock:
                self._kept.put(key, run, len(run.slab) + key_bytes)
        return run

    # The caller holds the lock

    def hold(self, runs):
        """A stream has yet to send `runs`. Raises HubFull when it must come again for them."""
        more = sum(len(run.slab) for run in runs if not run.streams)
        if self.pending + more > self._pending_bytes:
            raise HubFull("too much of the past waits to be sent already (realtime.pending_bytes)")
        self.pending += more
        for run in runs:
            run.streams += 1

    def release(self, run):
        """A stream has sent it, or will not any more."""
        run.streams -= 1
        if not run.streams:
            self.pending -= len(run.slab)
