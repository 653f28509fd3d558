"""Delays: how long events take from their commit to the sockets of those who listen. Of events that this process has published itself."""
import threading
import time
from collections import deque

MOST = 1000         # delays that are kept, and events that wait for theirs
RECENT_S = 10.0     # of which the figures tell


class Delays:
    """Any thread."""

    def __init__(self, clock=time.monotonic):
        self._clock, self._lock = clock, threading.Lock()       # which guards what follows
        self._begun, self._delays = deque(maxlen=MOST), deque(maxlen=MOST)      # (seq, since when); (when it was over, how long it was)
        self._sent = 0

    def start_after(self, seq):
        """Whoever listens does so from now on: how long the events up to `seq` were on their way tells nothing."""
        with self._lock:
            self._sent = seq
            while self._begun and self._begun[0][0] <= seq:
                self._begun.popleft()

    def begin(self, seqs):
        """The events of these seqs are committed, just now."""
        with self._lock:
            now = self._clock()
            for seq in seqs:
                if seq > self._sent:
                    self._begun.append((seq, now))
                else:       # what is carried within the transaction may be quicker than whoever tells us
                    self._delays.append((now, 0.0))

    def end(self, seq):
        """All events up to `seq` are sent to those who listen to them and keep up."""
        with self._lock:
            now, self._sent = self._clock(), seq
            while self._begun and self._begun[0][0] <= seq:
                self._delays.append((now, now - self._begun.popleft()[1]))

    def as_dict(self):
        """Return {"count", "p50_ms", "p99_ms"} of the last seconds; the two are None while there are none."""
        with self._lock:
            since = self._clock() - RECENT_S
            recent = sorted(delay for when, delay in self._delays if when >= since)
        return {"count": len(recent), **{f"p{share}_ms": _share_ms(recent, share) for share in (50, 99)}}


def _share_ms(delays, share):
    return round(1000 * delays[len(delays) * share // 100], 1) if delays else None
