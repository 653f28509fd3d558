"""The stream: one open delivery, as the worker that opened it hands it to whoever sends it.

It is the handle by which everybody names the stream. A sender calls `next()` until it is empty, waits for more in its
own way (a thread by `feed.wait`), says `last_words()` once `closing` is set, and leaves the hub when the client is gone.
"""


class Stream:
    __slots__ = ("feed", "at", "replay", "closing", "deadline")

    def __init__(self, feed, *, deadline=None):
        self.feed = feed
        self.at = 0                 # frames of the feed that it has read; the feed's own
        self.replay = []            # slabs that come before `at`, last one first; shared with other streams
        self.closing = None         # why it must end, once it must: shutdown, lifetime, lagging
        self.deadline = deadline    # monotonic seconds at which it ends by itself, or None

    def next(self):
        """Return the bytes to send next, b"" when there are none yet. Raises Lapsed. Whoever sends the stream."""
        return self.replay.pop() if self.replay else self.feed.read(self)

    def last_words(self):
        """Return the bytes to part with, for a client that stands between two frames."""
        return self.feed.encoding.closing(self.closing)
