"""The feed: what the listeners of one set of topics see, in one encoding. Its tape is a row of shared frames.

A frame is never copied into the tape: ten thousand feeds that see one event hold ten thousand references to the same
bytes. The tape keeps what some reader still has to read, never more than the hub's `tape_bytes`. Positions count frames.

A reader is whatever has an attribute `at`, its position: a stream that reads for itself, or a pack, in whose name one sender
reads for all streams that keep up with it.
"""
import threading

from .window import PAGE

STEP = 1 << 16      # bytes of one slab, about what a socket takes at once
NO_SLAB = -1, -1, b""


class Lapsed(Exception):
    """The position asked for is no longer on the tape: the reader was too slow and resumes from the log."""


class Feed:
    __slots__ = ("hub", "topics", "encoding", "streams", "quiet_since", "upto",
                 "_frames", "_first", "_size", "_slab", "_readers", "_at_end", "_entered", "_changed")

    def __init__(self, hub, topics, encoding):
        self.hub, self.topics, self.encoding = hub, topics, encoding
        self.streams = 0            # open ones; the feed goes with the last
        self.quiet_since = None     # the first tick that found it silent
        self.upto = None            # the hub's cursor when it last grew
        self._frames, self._first, self._size = [], 0, 0    # a list: an empty deque is ten times as large
        self._slab = NO_SLAB        # last read, shared by all who stand there
        self._readers, self._at_end = 0, 0      # how many read; how many of them have read everything
        self._entered = 0           # readers that ever came
        self._changed = None        # made when a thread first waits

    @property
    def end(self):
        """The position after the last frame."""
        return self._first + len(self._frames)

    def begins_after(self, at):
        """Whether position `at` is no longer on the tape."""
        return at < self._first

    @property
    def is_read(self):
        """Whether every reader has read everything, a hint of this moment."""
        return not self._frames

    @property
    def moment(self):
        """Changes with every frame and every newcomer: a heartbeat made for one moment would go back in time at a later one."""
        return self.end, self._entered

    # The caller holds the hub's lock

    def enter(self, reader, at=None):
        """`reader` reads from `at`, a position still on the tape, or from the end."""
        reader.at = self.end if at is None else at
        self._readers += 1
        self._at_end += reader.at == self.end
        self._entered += 1

    def leave(self, reader):
        """`reader` reads no more. Twice is harmless."""
        if reader.at is not None:
            self._readers -= 1
            self._at_end -= reader.at == self.end
            reader.at = None
            self._forget()

    def append(self, frame):
        self._frames.append(frame)
        self._size += len(frame)
        self._at_end = 0
        self.quiet_since, self.upto = None, self.hub.cursor
        if self._size > self.hub.tape_bytes:
            self._shorten()
        self.wake()

    def unread(self, reader):
        """Return all that `reader` has yet to read in one slab, b"" when there is nothing. Raises Lapsed."""
        if reader.at < self._first:
            raise Lapsed(reader.at)
        frames = self._frames[reader.at - self._first:]
        return self.encoding.slab(frames) if frames else b""

    def wake(self):
        """Let the threads that wait look again."""
        if self._changed:
            self._changed.notify_all()

    # Whoever sends, any thread

    def read(self, reader, upto=None):
        """Return the frames that `reader` has yet to read, about STEP bytes and none beyond `upto`, and move it on.

        b"" when there are none. Of an encoding of answers: all that there are, for with them it is over. Raises Lapsed.
        """
        with self.hub.lock:
            upto = self.end if upto is None else upto
            if reader.at >= upto:
                return b""
            if reader.at < self._first:
                raise Lapsed(reader.at)
            start, stop, slab = self._slab
            if start != reader.at or stop > upto or stop < upto and len(slab) < STEP:
                start, stop, slab = self._slab = self._cut(reader.at, upto)
            reader.at = stop
            if stop == self.end:
                self._at_end += 1
                self._forget()
            return slab

    def cursor_at_rest(self, stream, at):
        """Return the hub's cursor if `stream`, which stands at `at`, has everything up to there and need not end; else None."""
        with self.hub.lock:
            return None if stream.closing or stream.replay or self.end > at else self.hub.cursor

    def wait(self, stream, timeout_s):
        """Wait until there is something for `stream`; False when there is not. A thread of its own."""
        with self.hub.lock:
            self._changed = self._changed or threading.Condition(self.hub.lock)
            return self._changed.wait_for(lambda: self.end > stream.at or stream.closing, timeout_s)

    # The sender of a pack

    def start_reading(self, reader, at=None):
        """`reader` reads for itself from `at`, or from the end: a new pack, or a stream that falls behind its pack."""
        with self.hub.lock:
            self.enter(reader, at)

    def stop_reading(self, reader):
        """`reader` has no position of its own from now on: a stream that keeps up with its pack, or a pack that is over."""
        with self.hub.lock:
            self.leave(reader)

    # Inside, lock held

    def _cut(self, at, upto):
        if self.encoding.is_once:
            return at, self.end, self._answer(self._frames[at - self._first:])
        frames, size, start = [], 0, at - self._first
        for index in range(start, upto - self._first):
            frames.append(self._frames[index])
            size += len(frames[-1])
            if size >= STEP:
                break
        return at, at + len(frames), self.encoding.slab(frames)     # of one frame: that very object, not a copy

    def _answer(self, frames):
        """Return the answer that tells `frames`, all that there are; more than a page of them are to be asked for, page by page."""
        if len(frames) > PAGE:
            return self.encoding.answer(None, has_more=True)
        return self.encoding.answer(self.upto, self.encoding.slab(frames))

    def _shorten(self):
        """Drop the oldest frames; one that alone is larger than the tape is still sent."""
        dropped = 0
        while self._size > self.hub.tape_bytes and dropped < len(self._frames) - 1:
            self._size -= len(self._frames[dropped])
            dropped += 1
        del self._frames[:dropped]
        self._first += dropped

    def _forget(self):
        """Once everybody has read everything, keep nothing."""
        if self._at_end == self._readers:
            self._first, self._size, self._slab = self.end, 0, NO_SLAB
            self._frames.clear()
