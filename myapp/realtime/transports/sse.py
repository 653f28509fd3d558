"""Server-sent events: the frames of `text/event-stream`, for the log's events (EventStream) and for a view's own (ServerSentEvent)."""
import json
import random
import re
from dataclasses import dataclass
from typing import Any

HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream:
    """The encoding of the log's events.

    fragments  Fragments (fragments.py) for clients that asked for them, else None: data is then what was published
    retry_s    (low, high) seconds within which each client is told to wait before it connects again
    """

    def __init__(self, *, fragments=None, heartbeat_s=15.0, retry_s=(2.0, 5.0), build="", random=random.uniform):
        self._fragments, self._retry_s, self._random = fragments, retry_s, random
        whole = int(heartbeat_s) if heartbeat_s == int(heartbeat_s) else heartbeat_s
        self._connected = dump({"status": "connected", "heartbeat_s": whole, "build": build})

    def event(self, event):
        data = self._envelope(event) if self._fragments else event.data
        return self._frame(event.type, event.cursor, data)

    def _envelope(self, event):
        # Joined as text: the data are JSON already, and large ones would be read and written for nothing.
        about = dump(({"key": event.key} if event.key else {}) | self._fragments.html(event))
        return f'{{"topic": "{event.topic}", "type": "{event.type}", "data": {event.data}{", " if about != "{}" else ""}{about[1:]}'

    @staticmethod
    def slab(frames):
        return frames[0] if len(frames) == 1 else b"".join(frames)

    def connected(self, cursor):
        retry_ms = round(1000 * self._random(*self._retry_s))
        return b"retry: %d\n" % retry_ms + self._frame("connected", cursor, self._connected)

    def heartbeat(self, cursor):
        return self._frame("heartbeat", cursor, "{}")

    def reset(self, reason, cursor, spread_ms):
        return self._frame("reset", cursor, dump({"reason": reason, "spread_ms": spread_ms}))

    def closing(self, reason):
        return self._frame("closing", None, dump({"reason": reason}))

    @staticmethod
    def _frame(type, cursor, data):
        head = f"id: {cursor}\n" if cursor and cursor.epoch else ""
        return f"{head}event: {type}\ndata: {data}\n\n".encode(errors="replace")     # a lone surrogate in a fragment


@dataclass(frozen=True, kw_only=True)
class ServerSentEvent:
    """One event of a view's own stream. At least one field is given; str(data) is sent as it is, all else as JSON.

    Raises ValueError for an `event` or `id` with a line end or NUL in it: it would become another field.
    """
    data: Any = None
    event: str | None = None
    id: str | None = None
    retry_ms: int | None = None
    comment: str | None = None

    def __post_init__(self):
        for name in "event", "id":
            if re.search(r"[\r\n\0]", getattr(self, name) or ""):
                raise ValueError(f"ServerSentEvent {name} {getattr(self, name)!r}: must not contain a line end or NUL")

    def encode(self):
        """Return its bytes."""
        lines = [f": {line}" for line in _lines(self.comment)]
        fields = {"id": self.id, "event": self.event, "retry": self.retry_ms}
        lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
        if self.data is not None:
            lines += [f"data: {line}" for line in _lines(self.data if isinstance(self.data, str) else dump(self.data))]
        return "".join(f"{line}\n" for line in [*lines, ""]).encode(errors="replace")


def _lines(text):
    """The lines as a parser of event streams sees them: it knows CR LF, LF and CR, and no other line end."""
    return [] if text is None else re.split(r"\r\n|\n|\r", text)


def dump(value):
    """JSON on one line. Raises ValueError for what JSON cannot say (NaN, infinity), TypeError for other types."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
