"""The hub: which feeds an event belongs to, and in which order events may enter. One per process.

It never blocks on anything but its lock, never touches a socket, a clock or a driver. All that is known about order is here.

Threads: `receive` and `renew` belong to the follow thread, `join` to workers, the rest to any.
`lock` is the only lock here. It guards the head, the feeds and their tapes, and the window. While it is held nothing is
encoded, read or called back, and no other lock is taken: so there is no order of locks to get wrong.
"""
import threading
from functools import lru_cache

from ..errors import LogTrimmed
from .event import UNREADABLE
from .feed import Feed
from .handoff import Stream
from .window import PAGE, Window, page_of

RUNS = 256              # slabs of replay kept for those who ask for the same: one feed's clients after a restart
RELOAD_MS = 5           # what answering one page costs a server: resets are spread so that it is never asked for more
MOST_SPREAD_MS = 60_000


class Hub:
    def __init__(self, head, floor, read_page, *, heartbeat_s=15.0, replay_limit=10_000, tape_bytes=1 << 20, window=1024):
        """A hub that goes on after `head`.

        head, floor   Cursor of the newest event; seq up to which the log is pruned
        read_page(k)  the events of page k (see window.py), a list; may block, raises what it raises
        heartbeat_s   seconds of silence before a heartbeat     replay_limit  most events that one stream may be behind
        tape_bytes    most bytes of a feed's tape               window        least events kept in memory
        """
        self.lock = threading.Lock()
        self.cursor, self.floor = head, floor
        self.tape_bytes = tape_bytes
        self._heartbeat_s, self._replay_limit = heartbeat_s, replay_limit
        self._read_page, self._recent = read_page, -(-window // PAGE)
        self._window = self._new_window(head)
        self._held = {}         # seq -> Event that came before its turn; the follow thread's own
        self._feeds = {}        # (topics, encoding) -> Feed
        self._index = {}        # topic -> encoding -> {Feed: None}
        self._run = lru_cache(RUNS)(self._make_run)

    def __len__(self):
        """How many streams are open."""
        return sum(len(feed.streams) for feed in list(self._feeds.values()))

    # The follow thread

    def receive(self, events):
        """Take events in any order, as often as they come; those whose turn it is go out.

        Returns the seq that is waited for when later ones are held back, else None.
        """
        for event in events:
            if event.seq is None:
                self._send(event)
            elif event.epoch == self.cursor.epoch and event.seq > self.cursor.seq:
                self._held[event.seq] = event
            while ready := self._held.pop(self.cursor.seq + 1, None):
                self._send(ready)
        return self.cursor.seq + 1 if self._held else None

    def discard_beyond(self, seq):
        """Forget what is held back beyond `seq`, the log's head: no such event was ever committed."""
        self._held = {held: event for held, event in self._held.items() if held <= seq}

    def renew(self, head, floor, reason="epoch"):
        """The log goes on elsewhere, at `head`, in another life or past what was pruned: everybody is told to start over from there."""
        window = self._new_window(head)
        frames = {}
        while True:
            with self.lock:
                if not (missing := {feed.encoding for feed in self._feeds.values()} - frames.keys()):
                    self.cursor, self.floor, self._window, self._held = head, floor, window, {}
                    for feed in self._feeds.values():
                        feed.append(frames[feed.encoding])
                    return self._run.cache_clear()
            frames |= {encoding: encoding.reset(reason, head, self._spread_ms()) for encoding in missing}

    def _new_window(self, head):
        newest = [event for event in self._read_page(page_of(head.seq)) if event.seq <= head.seq] if head.seq else []
        return Window(self.lock, self._read_page, newest, recent=self._recent)

    def _send(self, event):
        frames = {}
        while True:
            with self.lock:
                wanted = self._index.get(event.topic, {})
                if not (missing := wanted.keys() - frames.keys()):
                    if event.seq is not None:
                        self._window.append(event)
                        self.cursor = event.cursor
                    for encoding, feeds in wanted.items():
                        for feed in feeds:
                            feed.append(frames[encoding])
                    return
            for encoding in missing:            # again only if a first listener of an encoding came meanwhile
                frames[encoding] = event.frame(encoding)

    # Worker threads

    def join(self, topics, encoding, cursor=None, *, deadline=None):
        """Open a stream that begins after `cursor`, or now. Returns it; the caller sends it or calls `leave`.

        cursor  Cursor, UNREADABLE or None. One that is ahead of this hub is answered by a reset: whoever may be ahead
                for a moment only waits for the hub first (follow.py).
        Raises what reading the log raises; the stream is then closed.
        """
        key = frozenset(topics), encoding
        with self.lock:
            feed = self._feeds.get(key) or self._open(key)
            stream, head = Stream(feed, deadline=deadline), self.cursor
            feed.enter(stream)
        try:
            stream.replay = [*self._replay(feed, cursor, head)][::-1]
        except BaseException:
            self.leave(stream)
            raise
        return stream

    def _replay(self, feed, cursor, head):
        """Yield the slabs between `cursor` and `head`, where the live frames begin."""
        encoding, reason, slabs = feed.encoding, None, []
        if cursor:
            try:
                reason = self._refusal(cursor, head)
                slabs = [] if reason else [*self._slabs(feed, cursor.seq, head)]
            except LogTrimmed:      # pruned while it was read
                reason = "expired"
        yield encoding.connected(cursor or head)
        yield from slabs
        if reason:
            yield encoding.reset(reason, head, self._spread_ms())

    def _slabs(self, feed, seq, head):
        for number in range(seq // PAGE, -(-head.seq // PAGE)):
            low, high = max(seq, number * PAGE), min(head.seq, (number + 1) * PAGE)
            if slab := self._run(head.epoch, feed.topics, feed.encoding, low, high):
                yield slab

    def _make_run(self, epoch, topics, encoding, low, high):
        events = [event for event in self._window.page(page_of(low + 1)) if low < event.seq <= high and event.epoch == epoch]
        if len(events) != high - low:
            raise LogTrimmed(f"events {low + 1} to {high} of {epoch} are not all in the log; the client starts over")
        frames = [event.frame(encoding) for event in events if event.topic in topics]
        return encoding.slab(frames) if frames else b""

    def _refusal(self, cursor, head):
        if cursor is UNREADABLE:
            return "unreadable"
        if cursor.epoch != head.epoch:
            return "epoch"
        if cursor.seq > head.seq:
            return "ahead"
        if cursor.seq < max(self.floor, head.seq - self._replay_limit):
            return "expired"
        return None

    def _spread_ms(self):
        return min(MOST_SPREAD_MS, RELOAD_MS * len(self))

    def _open(self, key):
        feed = self._feeds[key] = Feed(self, *key)
        for topic in feed.topics:
            self._index.setdefault(topic, {}).setdefault(feed.encoding, {})[feed] = None
        return feed

    # Any thread

    def leave(self, stream):
        """The stream is over; its feed goes with the last one. Twice is harmless."""
        with self.lock:
            feed = stream.feed
            if stream in feed.streams:
                feed.leave(stream)
                if not feed.streams:
                    self._close(feed)

    def _close(self, feed):
        del self._feeds[feed.topics, feed.encoding]
        for topic in feed.topics:
            encodings = self._index[topic]
            del encodings[feed.encoding][feed]
            if not encodings[feed.encoding]:
                del encodings[feed.encoding]
            if not encodings:
                del self._index[topic]

    def end(self, stream, reason):
        """Ask for the end of a stream: whoever sends it says why and closes."""
        with self.lock:
            stream.closing = stream.closing or reason
            stream.feed.wake()

    def end_all(self, reason):
        """Ask for the end of every stream that is open now."""
        with self.lock:
            for feed in self._feeds.values():
                for stream in feed.streams:
                    stream.closing = stream.closing or reason
                feed.wake()

    def tick(self, now):
        """Tell the time, about once a second, from whoever has a clock; feeds that are silent get a heartbeat.

        Its id is the head of a moment since which the feed has had no event, so it names nothing that is yet to come.
        """
        with self.lock:
            head, silent = self.cursor, {}
            for feed in self._feeds.values():
                feed.quiet_since = now if feed.quiet_since is None else feed.quiet_since
                if now - feed.quiet_since >= self._heartbeat_s:
                    silent[feed] = feed.moment
        frames = {encoding: encoding.heartbeat(head) for encoding in {feed.encoding for feed in silent}}
        with self.lock:
            for feed, moment in silent.items():
                if feed.moment == moment:
                    feed.append(frames[feed.encoding])
