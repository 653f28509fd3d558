"""The feed: what the listeners of one set of topics see, in one encoding. Its tape is a run of shared frames.

A frame is never copied into the tape: ten thousand feeds that see one event hold ten thousand references to the same
bytes. The tape keeps what somebody still has to read, never more than the hub's `tape_bytes`. Positions count frames.
"""
import threading
from collections import deque
from itertools import islice

STEP = 1 << 16      # bytes of one slab, about what a socket takes at once
NO_SLAB = -1, -1, b""


class Lapsed(Exception):
    """The position asked for is no longer on the tape: the reader was too slow and resumes from the log."""


class Feed:
    __slots__ = ("hub", "topics", "encoding", "streams", "quiet_since",
                 "_frames", "_first", "_size", "_slab", "_at_end", "_entered", "_changed")

    def __init__(self, hub, topics, encoding):
        self.hub, self.topics, self.encoding = hub, topics, encoding
        self.streams = set()        # open streams; the feed goes with the last
        self.quiet_since = None     # the first tick that found it silent
        self._frames, self._first, self._size = deque(), 0, 0
        self._slab = NO_SLAB        # last read, shared by all who stand there
        self._at_end = 0            # streams that have read everything
        self._entered = 0           # streams that ever came
        self._changed = None        # made when a thread first waits

    @property
    def end(self):
        """The position after the last frame."""
        return self._first + len(self._frames)

    @property
    def moment(self):
        """Changes with every frame and every newcomer: a heartbeat made for one moment would go back in time at a later one."""
        return self.end, self._entered

    # The caller holds the hub's lock

    def enter(self, stream):
        """`stream` begins at the end of the tape."""
        self.streams.add(stream)
        stream.at = self.end
        self._at_end += 1
        self._entered += 1

    def leave(self, stream):
        self.streams.remove(stream)
        self._at_end -= stream.at == self.end
        self._forget()

    def append(self, frame):
        self._frames.append(frame)
        self._size += len(frame)
        self._at_end = 0
        self.quiet_since = None
        while self._size > self.hub.tape_bytes and len(self._frames) > 1:      # a frame larger than the tape is still sent
            self._size -= len(self._frames.popleft())
            self._first += 1
        self.wake()

    def wake(self):
        """Let the threads that wait look again."""
        if self._changed:
            self._changed.notify_all()

    # Whoever sends the stream, any thread

    def read(self, stream):
        """Return the frames that `stream` has yet to read, about STEP bytes, and move it on; b"" at the end. Raises Lapsed."""
        with self.hub.lock:
            if stream.at == self.end:
                return b""
            if stream.at < self._first:
                raise Lapsed(stream.at)
            start, stop, slab = self._slab
            if start != stream.at or stop < self.end and len(slab) < STEP:
                start, stop, slab = self._slab = self._cut(stream.at)
            stream.at = stop
            if stop == self.end:
                self._at_end += 1
                self._forget()
            return slab

    def wait(self, stream, timeout_s):
        """Wait until there is something for `stream`; False when there is not. A thread of its own."""
        with self.hub.lock:
            self._changed = self._changed or threading.Condition(self.hub.lock)
            return self._changed.wait_for(lambda: self.end > stream.at or stream.closing, timeout_s)

    # Inside, lock held

    def _cut(self, at):
        frames, size = [], 0
        for frame in islice(self._frames, at - self._first, None):
            frames.append(frame)
            size += len(frame)
            if size >= STEP:
                break
        return at, at + len(frames), self.encoding.slab(frames)     # of one frame: that very object, not a copy

    def _forget(self):
        """Once everybody has read everything, keep nothing."""
        if self._at_end == len(self.streams):
            self._first, self._size, self._slab = self.end, 0, NO_SLAB
            self._frames.clear()
