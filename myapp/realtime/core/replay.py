"""The replay: what a client that comes back has missed, as slabs that all who missed the same share; or why it cannot be had.

It knows the window and the bounds of the log. Where live begins is the hub's, whose lock guards the window and the runs.
"""
from ..errors import LogTrimmed
from .cache import Cache
from .event import UNREADABLE
from .window import PAGE, Window, page_of

RUNS = 64 << 20     # bytes of runs kept for those who ask for the same: one feed's clients after a restart


class Replay:
    def __init__(self, lock, head, floor, read_page, *, limit, most_bytes, window):
        """limit: most events that a client may be behind. most_bytes: that are replayed to one stream. Else as in Hub."""
        self._lock, self.floor = lock, floor
        self._read_page, self._limit, self._most_bytes, self._recent = read_page, limit, most_bytes, -(-window // PAGE)
        self._window, self._runs = self._new_window(head), Cache(RUNS)

    def append(self, event):
        """Add the event after the head. The caller holds the lock."""
        self._window.append(event)

    def restarted(self, head, floor):
        """Return the replay of a log that goes on at `head`. Reads the head's page."""
        return Replay(self._lock, head, floor, self._read_page,
                      limit=self._limit, most_bytes=self._most_bytes, window=self._recent * PAGE)

    def refusal(self, cursor, head):
        """Return why what follows `cursor` cannot be had, the reason of a reset, or None."""
        if cursor is UNREADABLE:
            return "unreadable"
        if cursor.epoch != head.epoch:
            return "epoch"
        if cursor.seq > head.seq:
            return "ahead"
        if cursor.seq < max(self.floor, head.seq - self._limit):
            return "expired"
        return None

    def slabs(self, feed, seq, head):
        """Return what `feed` has after `seq` and up to `head`, a list of bytes. Worker threads; may wait for the log.

        Raises LogTrimmed when a part of it is gone, or when it is more than one stream may have; and what `read_page` raises.
        """
        slabs, size = [], 0
        for number in range(seq // PAGE, -(-head.seq // PAGE)):
            slab = self._run(feed, head.epoch, max(seq, number * PAGE), min(head.seq, (number + 1) * PAGE))
            size += len(slab)
            if size > self._most_bytes:
                raise LogTrimmed(f"the events after {seq} are more than {self._most_bytes} bytes; the client starts over")
            if slab:
                slabs.append(slab)
        return slabs

    def _run(self, feed, epoch, low, high):
        """Return the slab of what `feed` has after `low` and up to `high`, within one page."""
        key = feed.topics, feed.encoding, epoch, low, high
        with self._lock:
            slab = self._runs.get(key)
        if slab is None:
            slab = self._make_run(*key)
            with self._lock:
                self._runs.put(key, slab, len(slab))
        return slab

    def _make_run(self, topics, encoding, epoch, low, high):
        events = [event for event in self._window.page(page_of(low + 1)) if low < event.seq <= high and event.epoch == epoch]
        if len(events) != high - low:
            raise LogTrimmed(f"events {low + 1} to {high} of {epoch} are not all in the log; the client starts over")
        frames = [event.frame(encoding) for event in events if event.topic in topics]
        return encoding.slab(frames) if frames else b""

    def _new_window(self, head):
        newest = [event for event in self._read_page(page_of(head.seq)) if event.seq <= head.seq] if head.seq else []
        return Window(self._lock, self._read_page, newest, recent=self._recent)
