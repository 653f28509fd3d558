"""The replay: what a client that comes back has missed, as runs that all who missed the same share; or why it cannot be had.

It knows the window and the bounds of the log. Where live begins is the hub's, whose lock guards the window and the runs.
"""
from ..errors import LogTrimmed
from .event import UNREADABLE, Cursor
from .runs import Run
from .window import PAGE, page_of

TOPIC = 128     # bytes that a topic costs in a key, besides its name


class Replay:
    def __init__(self, runs, head, floor, open_window, *, limit, most_bytes):
        """open_window(head) -> Window. limit: most events that a client may be behind. most_bytes: that are replayed to one stream."""
        self._runs, self.floor = runs, floor
        self._open_window, self._limit, self._most_bytes = open_window, limit, most_bytes
        self._window = open_window(head)

    def append(self, event):
        """Add the event after the head. The caller holds the lock."""
        self._window.append(event)

    def restarted(self, head, floor):
        """Return the replay of a log that goes on at `head`. Reads the head's page."""
        return Replay(self._runs, head, floor, self._open_window, limit=self._limit, most_bytes=self._most_bytes)

    # Worker threads; these may wait for the log, and raise what reading it raises

    def beginning(self, feed, cursor, head, spread_ms):
        """Return the runs that come before the live frames of `feed`, which begin after `head`: the oldest first.

        cursor     Cursor, UNREADABLE, or None for one who has had nothing yet
        spread_ms  within which time those who start over are to do so
        """
        encoding, reason, runs = feed.encoding, None, []
        if encoding.is_once:
            answer = self.news(feed.topics, encoding, cursor, head, spread_ms)
            return [Run(answer)] if answer else []
        if cursor:
            try:
                reason = self._refusal(cursor, head)
                runs = [] if reason else self._after(cursor.seq, feed, head)
            except LogTrimmed:      # pruned while it was read
                reason = "expired"
        if reason:
            runs = [Run(encoding.reset(reason, head, spread_ms))]
        return [Run(encoding.connected(cursor or head)), *runs]

    def news(self, topics, encoding, cursor, head, spread_ms):
        """Return an answer with what there is after `cursor` and up to `head`; b"" when there is nothing. As `beginning`."""
        if cursor is None or cursor == head:
            return b""
        reason = self._refusal(cursor, head)
        try:
            if not reason:
                slab, seq = self._page_after(cursor.seq, topics, encoding, head)
                return slab and encoding.answer(Cursor(head.epoch, seq), slab, has_more=seq < head.seq)
        except LogTrimmed:      # pruned while it was read
            reason = "expired"
        return encoding.reset(reason, head, spread_ms)

    def _refusal(self, cursor, head):
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

    def _after(self, seq, feed, head):
        """Return what `feed` has after `seq` and up to `head`, a list of Run.

        Raises LogTrimmed when a part of it is gone, or when it is more than one stream may have.
        """
        runs, size = [], 0
        for run, _ in self._runs_after(seq, feed.topics, feed.encoding, head):
            size += len(run.slab)
            self._check_size(seq, size)
            if run.slab:
                runs.append(run)
        return runs

    def _page_after(self, seq, topics, encoding, head):
        """Return (the events of `topics` after `seq` in one slab, the seq up to which there are none but these): at most a page.

        topics: a frozenset. There are none left when the seq is that of `head`. As `_after`.
        """
        for run, high in self._runs_after(seq, topics, encoding, head):
            if run.slab:
                self._check_size(seq, len(run.slab))
                return run.slab, high
        return b"", head.seq

    def _runs_after(self, seq, topics, encoding, head):
        """Yield (Run, the seq it goes up to), page by page."""
        for number in range(seq // PAGE, -(-head.seq // PAGE)):
            low, high = max(seq, number * PAGE), min(head.seq, (number + 1) * PAGE)
            key = topics, encoding, head.epoch, low, high
            key_bytes = sum(len(topic) + TOPIC for topic in topics)
            yield self._runs.get(key, lambda key=key: self._make_run(*key), key_bytes=key_bytes), high

    def _check_size(self, seq, size):
        if size > self._most_bytes:
            raise LogTrimmed(f"the events after {seq} are more than {self._most_bytes} bytes; the client starts over")

    def _make_run(self, topics, encoding, epoch, low, high):
        events = [event for event in self._window.page(page_of(low + 1)) if low < event.seq <= high and event.epoch == epoch]
        if len(events) != high - low:
            raise LogTrimmed(f"events {low + 1} to {high} of {epoch} are not all in the log; the client starts over")
        frames = [event.frame(encoding) for event in events if event.topic in topics]
        return encoding.slab(frames) if frames else b""
