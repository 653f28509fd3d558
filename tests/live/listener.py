"""A client of GET /events that comes back by itself, with its cursor, as a page does."""
import http.client
import threading

from .stream import CONTROL, WAIT_S, Stream

PAUSE_S = 0.05      # between two attempts, and two looks whether the stream goes on


class Listener:
    """Keeps what it was told, over all of its streams: `events` and `resets`."""

    def __init__(self, address, *topics, cursor=None):
        self.events, self.resets = [], []
        self._address, self._topics, self._cursor = address, topics, cursor
        self._changed = threading.Condition()       # guards all of it
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._is_closed.set()
        self._thread.join()

    def wait_until(self, is_true, *, timeout_s=WAIT_S):
        """Wait until is_true(events); fails when it does not come true."""
        with self._changed:
            assert self._changed.wait_for(lambda: is_true(self.events), timeout_s), f"{len(self.events)} events: {self.events[-3:]}"

    def _run(self):
        while not self._is_closed.is_set():
            try:
                stream = Stream(self._address, *self._topics, cursor=self._cursor, keep=self._take)
            except (OSError, http.client.HTTPException):
                self._is_closed.wait(PAUSE_S)
                continue
            with stream:
                while not self._is_closed.wait(PAUSE_S) and not stream.is_over:
                    pass

    def _take(self, frame):
        with self._changed:
            self._cursor = frame.id or self._cursor
            if frame.type == "reset":
                self.resets.append(frame)
            elif frame.type not in CONTROL:
                self.events.append(frame)
            self._changed.notify_all()
