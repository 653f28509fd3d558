"""The stream: one open delivery, as the worker that opened it hands it to whoever sends it.

It is the handle by which everybody names the stream. A sender calls `next()` until it is empty, waits for more in its
own way (a thread by `feed.wait`, a loop by the hub's bell), says `last_words()` once `closing` is set, and leaves the hub when
the client is gone. A stream of an encoding of answers, a parked poll, is over with the first bytes that it sends.
"""
from .feed import Lapsed

__all__ = ["Lapsed", "Stream"]


class Stream:
    __slots__ = ("feed", "at", "replay", "closing", "refused", "deadline", "owner", "user", "address", "dialogue", "fd")

    def __init__(self, feed, *, deadline=None, owner=None, user=None, address=None, dialogue=None):
        self.feed = feed
        self.at = None              # frames of the feed that it has read, None while it has no position of its own; the feed writes it
        self.replay = []            # the Runs that come before `at`, last one first; shared with other streams
        self.closing = None         # why it must end, once it must: shutdown, lifetime, lagging, revoked, expired
        self.refused = ()           # the topics that it has no right to any more, where it is because of these
        self.deadline = deadline    # monotonic seconds at which it ends by itself, or None
        self.owner = owner          # the credential whose right it uses, hashable; None for whatever has none
        self.user, self.address = user, address     # in whose name it takes a place, or None
        self.dialogue = dialogue    # the Dialogue with a client that may say something, or None
        self.fd = None              # for a sender that has many: the socket's

    def next(self, upto=None):
        """Return the bytes to send next, none beyond position `upto`; b"" when there are none yet. Raises Lapsed. Its sender."""
        if self.has_parted:
            return b""
        if self.replay:
            return self.feed.hub.take_run(self)
        return self.feed.read(self, upto)

    def leave(self):
        """The client is gone, or never came. Any thread; twice is harmless."""
        self.feed.hub.leave(self)

    @property
    def has_lapsed(self):
        """Whether it has read so little that `next()` could only raise Lapsed. A hint of this moment, without the lock."""
        return not self.replay and self.at is not None and self.feed.begins_after(self.at)

    def expire(self, at=None):
        """Its deadline has come: return the bytes to part with. Its sender, who says where it stands when it has no position of its own.

        b"" when an answer has something to tell instead, or its end is asked for already.
        """
        if self.feed.encoding.is_once:
            cursor = self.feed.cursor_at_rest(self, self.at if self.at is not None else at)
            return self.feed.encoding.heartbeat(cursor) if cursor else b""
        self.closing = self.closing or "lifetime"
        return self.last_words()

    @property
    def has_parted(self):
        """Whether its client has no more frames coming, only what it alone is told."""
        return self.dialogue is not None and self.dialogue.is_over

    def last_words(self):
        """Return the bytes to part with, for a client that stands between two frames; b"" when they have been said."""
        return b"" if self.has_parted else self.feed.encoding.closing(self.closing, self.refused)
