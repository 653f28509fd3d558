"""Talk: what clients say to their streams, what is done about it, and what one of them alone is told, between two frames.

It reads one piece of each in a turn, so that nobody who talks a lot keeps the others waiting. It belongs to the loop, but for Errand.
"""
import os
from collections import deque

PIECE = 1 << 14         # bytes read of one client before the others have their turn
CHATTER = 16, 1 << 12   # reads of bytes: whoever still has something to say after so many in a row is cut
MOST_ASIDE = 1 << 16    # bytes for one client alone: whoever lets that many wait says more than it listens


class Talk:
    def __init__(self, *, ring, add_task, read=os.read):
        """ring(): wakes the loop. add_task(task): as that of waitress's task dispatcher, has `task.service()` called by a worker."""
        self._ring, self._add_task, self._read = ring, add_task, read
        self.done = deque()     # (stream, Outcome) of errands that are done
        self._asides = {}       # fd -> what its client alone is told at the next boundary of frames
        self._unheard = {}      # fd of a client that may have more to say -> None

    @property
    def is_waiting(self):
        """Whether somebody has more to say."""
        return bool(self._unheard)

    def take_unheard(self):
        """Return the descriptors of those who may have more to say, and expect it of nobody."""
        unheard, self._unheard = self._unheard, {}
        return unheard

    def hear(self, fd, dialogue):
        """Read once; the answer is kept until `take`. Returns False when the client has left, or does not listen."""
        try:
            data = self._read(fd, PIECE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if len(data) == PIECE:
            self._unheard[fd] = None
        return bool(data) and self.say(fd, dialogue.hear(data))

    def skip(self, fd):
        """Read what nobody wants to hear; False when there is no end of it, or when the client has left."""
        reads, size = CHATTER
        try:
            for _ in range(reads):
                if not self._read(fd, size):
                    return False
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def send_for(self, stream):
        """Have done what the client of `stream` has asked for, if there is something and it is not being done already."""
        if task := stream.dialogue.begin():
            self._add_task(Errand(stream, task, self._conclude))

    def _conclude(self, stream, outcome):
        self.done.append((stream, outcome))
        self._ring()

    def say(self, fd, words):
        """Keep `words` for a client until `take`. Returns False when it has too many of them already."""
        if words:
            self._asides[fd] = self._asides.get(fd, b"") + words
        return len(self._asides.get(fd, b"")) <= MOST_ASIDE

    def has_words(self, fd):
        return fd in self._asides

    def take(self, fd):
        """Return what there is for a client alone, b"" when there is nothing."""
        return self._asides.pop(fd, b"")

    def forget(self, fd):
        """Its stream is over."""
        self._asides.pop(fd, None)
        self._unheard.pop(fd, None)


class Errand:
    """What the client of a stream has asked for, as a task of waitress's. A worker's."""

    def __init__(self, stream, task, conclude):
        self._stream, self._task, self._conclude = stream, task, conclude

    def service(self):
        self._conclude(self._stream, self._task())

    def cancel(self):
        """The server ends first."""
