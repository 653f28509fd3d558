"""Server-sent events: the frames of `text/event-stream`."""
import random
from functools import cached_property

from . import Encoding
from .envelope import dump, envelope, welcome

HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Encoding):
    """The encoding of the log's events.

    fragments  Fragments (fragments.py) for clients that asked for them, else None: data is then what was published
    retry_s    (low, high) seconds within which each client is told to wait before it connects again
    build      a function that returns the build; asked once, when the first client connects
    """

    transport = "sse"

    def __init__(self, *, fragments=None, heartbeat_s=15.0, retry_s=(2.0, 5.0), build=str, random=random.uniform):
        self._fragments, self._retry_s, self._random = fragments, retry_s, random
        self._heartbeat_s, self._build = heartbeat_s, build

    def event(self, event):
        data = envelope(event, self._fragments) if self._fragments else event.data
        return self._frame(event.type, event.cursor, data)

    def slab(self, frames):
        return frames[0] if len(frames) == 1 else b"".join(frames)

    def connected(self, cursor):
        retry_ms = round(1000 * self._random(*self._retry_s))
        return b"retry: %d\n" % retry_ms + self._frame("connected", cursor, self._welcome)

    @cached_property
    def _welcome(self):
        return dump(welcome(self._heartbeat_s, self._build()))

    def heartbeat(self, cursor):
        return self._frame("heartbeat", cursor, "{}")

    def reset(self, reason, cursor, spread_ms):
        return self._frame("reset", cursor, dump({"reason": reason, "spread_ms": spread_ms}))

    def closing(self, reason, topics=()):
        return self._frame("closing", None, dump({"reason": reason} | ({"topics": sorted(topics)} if topics else {})))

    @staticmethod
    def _frame(type, cursor, data):
        head = f"id: {cursor}\n" if cursor and cursor.epoch else ""
        return f"{head}event: {type}\ndata: {data}\n\n".encode(errors="replace")     # a lone surrogate in a fragment
