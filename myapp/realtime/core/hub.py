"""The hub: which feeds an event belongs to, and in which order events may enter. One per process.

It never blocks on anything but its lock, never touches a socket, a clock or a driver. All that is known about order is here.

Threads: `receive`, `renew` and `set_bounds` belong to the follow thread, `join` to workers, the rest to any.
`lock` is the only lock here. It guards the head, the feeds and their tapes, and the replay. While it is held nothing is encoded
(but for the pure join of a slab), read or called back, and no other lock is taken: so there is no order of locks to get wrong.
"""
import threading

from ..errors import LogTrimmed
from .feed import Feed
from .handoff import Stream
from .replay import Replay

RELOAD_MS = 5           # what answering one page costs a server: resets are spread so that it is never asked for more
MOST_SPREAD_MS = 60_000


class Hub:
    def __init__(self, head, floor, read_page, *, heartbeat_s=15.0, replay_limit=10_000, replay_bytes=16 << 20,
                 tape_bytes=1 << 20, window=1024):
        """A hub that goes on after `head`.

        head, floor   Cursor of the newest event; seq up to which the log is pruned
        read_page(k)  the events of page k (see window.py), a list; may block, raises what it raises
        heartbeat_s   seconds of silence before a heartbeat     window        least events kept in memory
        replay_limit  most events that a client may be behind   replay_bytes  most bytes that are replayed to one stream
        tape_bytes    most bytes of a feed's tape
        """
        self.lock = threading.Lock()
        self.cursor = head
        self.tape_bytes, self.heartbeat_s = tape_bytes, heartbeat_s
        self._replay = Replay(self.lock, head, floor, read_page, limit=replay_limit, most_bytes=replay_bytes, window=window)
        self._held = {}         # seq -> Event that came before its turn; the follow thread's own
        self._feeds = {}        # (topics, encoding) -> Feed
        self._index = {}        # topic -> encoding -> {Feed: None}

    @property
    def open_streams(self):
        """How many there are, a number of this moment."""
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

    def set_bounds(self, floor, head_seq):
        """The log keeps what follows `floor`, and had nothing beyond `head_seq` when it was looked at after the last `receive`."""
        with self.lock:
            self._replay.floor = floor
        self._held = {seq: event for seq, event in self._held.items() if seq <= head_seq}     # the others were never committed

    def renew(self, head, floor, reason="epoch"):
        """The log goes on elsewhere, at `head`, in another life or past what was pruned: everybody is told to start over from there."""
        replay, frames = self._replay.restarted(head, floor), {}
        while True:
            with self.lock:
                if not (missing := {feed.encoding for feed in self._feeds.values()} - frames.keys()):
                    self.cursor, self._replay, self._held = head, replay, {}
                    for feed in self._feeds.values():
                        feed.append(frames[feed.encoding])
                    return
            frames |= {encoding: encoding.reset(reason, head, self._spread_ms()) for encoding in missing}

    def _send(self, event):
        frames = {}
        while True:
            with self.lock:
                wanted = self._index.get(event.topic, {})
                if not (missing := wanted.keys() - frames.keys()):
                    if event.seq is not None:
                        self._replay.append(event)
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
            stream.replay = [*self._begin(feed, cursor, head)][::-1]
        except BaseException:
            self.leave(stream)
            raise
        return stream

    def _begin(self, feed, cursor, head):
        """Yield what comes before the live frames, which begin after `head`."""
        encoding, reason, slabs = feed.encoding, None, []
        if cursor:
            try:
                reason = self._replay.refusal(cursor, head)
                slabs = [] if reason else self._replay.slabs(feed, cursor.seq, head)
            except LogTrimmed:      # pruned while it was read
                reason = "expired"
        yield encoding.connected(cursor or head)
        yield from slabs
        if reason:
            yield encoding.reset(reason, head, self._spread_ms())

    def _spread_ms(self):
        return min(MOST_SPREAD_MS, RELOAD_MS * self.open_streams)

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
                if now - feed.quiet_since >= self.heartbeat_s:
                    silent[feed] = feed.moment
        frames = {encoding: encoding.heartbeat(head) for encoding in {feed.encoding for feed in silent}}
        with self.lock:
            for feed, moment in silent.items():
                if feed.moment == moment:
                    feed.append(frames[feed.encoding])
