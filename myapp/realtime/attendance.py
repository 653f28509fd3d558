"""The attendance: tells the application which clients come and go, in a thread of its own, so that a subscriber may block.

Whoever opens or ends a stream, the loop among them, only leaves a note here.
"""
import logging
import threading
from collections import deque

from .events import ClientConnected, ClientDisconnected
from .throttle import Throttle

logger = logging.getLogger(__name__)

MOST = 100_000      # notes that wait: ten times as many as a process has streams, and some 20 MB


class Attendance:
    def __init__(self, tell, *, most=MOST):
        """tell(notice) tells the application, and never raises."""
        self._tell, self._most = tell, most
        self._changed = threading.Condition()       # guards what follows
        self._notes, self._is_stopped = deque(), False
        self._noted = set()         # id() of the open streams whose end is to be told, too
        self._lost = Throttle(logger)
        self._thread = threading.Thread(target=self._run, name="realtime-attendance", daemon=True)

    # Any thread

    def start(self):
        self._thread.start()

    def stop(self, timeout_s=5.0):
        """End the thread once it has told what there is to tell."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def note(self, stream, is_there):
        """`stream` is open, or over. Returns at once."""
        number = id(stream)
        with self._changed:
            is_told = len(self._notes) < self._most if is_there else number in self._noted      # not of one that was never quite open
            if is_told:
                (self._noted.add if is_there else self._noted.remove)(number)
                # The stream itself, so that no other one can have its id() before this one's end is told.
                self._notes.append((stream, is_there))
                self._changed.notify_all()
        if is_there and not is_told:
            self._lost.warning("subscribers of ClientConnected and ClientDisconnected are so slow that they are not told of all clients")

    # The attendance's own thread

    def _run(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._notes or self._is_stopped)
                if not self._notes:
                    return
                stream, is_there = self._notes.popleft()
            self._tell((ClientConnected if is_there else ClientDisconnected)(
                id(stream), stream.owner.userid, stream.owner.session, stream.feed.topics, stream.feed.encoding.transport))
