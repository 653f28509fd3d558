"""The event, the cursor that names its place, and its frames.

A frame is made once per encoding and lives as long as the event does: in the window, in a page, on a tape.
"""
import json
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import InvalidEvent

OBJECT_BYTES = 500  # of an event beside its data, measured
MAX_DIGITS = 18     # of a seq in a cursor: below 2**63, what a BIGINT holds
MAX_NAME = 200      # characters of a topic, a type or a key
TOPIC = re.compile(r"[a-z0-9_.-]+(:[A-Za-z0-9_.-]+)*")
TYPE = re.compile(r"[a-z0-9_.-]+")
KEY = re.compile(r"[A-Za-z0-9_.:-]+")
ORDERS = "realtime"     # the topic by which processes tell each other whose streams to end; nobody declares it or sees it
CONTROLS = frozenset({"connected", "heartbeat", "reset", "closing"})     # types by which the stream itself speaks


class Cursor(NamedTuple):
    """What a client has seen: the text `epoch-seq` of Last-Event-ID."""
    epoch: str
    seq: int

    def __str__(self):
        return f"{self.epoch}-{self.seq}"

    @classmethod
    def parse(cls, text):
        """Return the Cursor that `text` says, or UNREADABLE when it says none."""
        epoch, _, seq = text.rpartition("-")
        if epoch.isascii() and epoch.isalnum() and seq.isascii() and seq.isdigit() and len(seq) <= MAX_DIGITS:
            return cls(epoch, int(seq))
        return UNREADABLE


UNREADABLE = Cursor("", -1)     # given by a client, but no cursor that any log has issued


@dataclass(slots=True, eq=False)
class Event:
    """A logged fact, or, when `seq` is None, a transient one."""
    epoch: str | None           # which life of which log it belongs to; None for one that is yet to be written or stamped
    seq: int | None
    topic: str
    type: str
    data: str                   # JSON text of an object, on one line
    key: str | None = None      # the element that it is about, such as `user-12`
    _frames: dict = field(default_factory=dict, repr=False)

    @property
    def cursor(self):
        """The Cursor that says "this event and all before it", or None for a transient one."""
        return None if self.seq is None else Cursor(self.epoch, self.seq)

    @property
    def id(self):
        """What clients are told of it, text, or None for a transient one."""
        return None if self.seq is None else str(self.cursor)

    @property
    def size(self):
        """Bytes of memory that it takes, roughly and without its frames."""
        return len(self.data) + OBJECT_BYTES

    def frame(self, encoding):
        """Return the bytes of this event in `encoding`. Any thread; two at once make equal bytes and one is kept."""
        frame = self._frames.get(encoding)
        return frame or self._frames.setdefault(encoding, encoding.event(self))


def new_event(topic, type, data, *, key=None, max_bytes):
    """Return an Event that no log has yet, checked. Raises InvalidEvent, which says what is wrong and what is allowed.

    topic, type, key  text as TOPIC, TYPE and KEY say, at most MAX_NAME characters; key may be None
    data              a dict that JSON can say; its text is at most `max_bytes` bytes of UTF-8
    """
    for name, value, pattern in ("topic", topic, TOPIC), ("type", type, TYPE), ("key", "-" if key is None else key, KEY):
        if not isinstance(value, str) or len(value) > MAX_NAME or not pattern.fullmatch(value):
            raise InvalidEvent(f"event {name} {str(value)[:MAX_NAME]!r}: must be {pattern.pattern}, at most {MAX_NAME} characters")
    if type in CONTROLS:
        raise InvalidEvent(f"event type {type!r}: streams use it themselves, and a page would obey it; use another word")
    if not isinstance(data, dict):
        raise InvalidEvent(f"event data of {type!r} on {topic!r} is a {data.__class__.__name__}: must be a dict, a JSON object")
    try:
        text = one_line(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEvent(f"event data of {type!r} on {topic!r} is not JSON: {error}") from error
    if len(text) * 4 > max_bytes and len(text.encode()) > max_bytes:
        raise InvalidEvent(f"event data of {type!r} on {topic!r} is {len(text.encode())} bytes: at most {max_bytes} (realtime.max_event); "
                           "publish an id and let the page fetch the rest")
    return Event(None, None, topic, type, text, key)


def one_line(data):
    """Return `data` as JSON text on one line, in UTF-8 where that is possible; lone surrogates stay escaped."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(data, allow_nan=False)
    return text
