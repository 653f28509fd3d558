"""The message: how events travel. Bytes that one process writes and another reads, of the same release or of another.

    {"v": 1, "events": [[epoch, seq or null, topic, type, data, key or null], …]}     as many as fit
    {"v": 1, "head": [epoch, seq]}                                                    an event that is too large to be carried

The data travels as the text that was published: all processes send the same bytes to their clients.
"""
import json

from ..core.event import CONTROLS, KEY, MAX_NAME, TOPIC, TYPE, Cursor, Event

VERSION = 1
FULL = 64 << 10         # bytes at which a message is sent off: one round of a socket's buffer; more would only come later
ENVELOPE = 32           # bytes around the events, and to spare
NOTHING = b'{"v": 1, "events": []}'     # a message that tells of none


def _no_json(constant):
    raise ValueError(f"{constant} is no JSON, though Python takes it")


DATA = json.JSONDecoder(parse_constant=_no_json)


def write(events, *, most_bytes):
    """Return (messages, how many events are in none of them): a list of bytes, each at most `most_bytes`.

    A logged event that is too large is told of by its cursor alone; a transient one cannot be, and is left out.
    """
    messages, texts, size, left_out = [], [], 0, 0
    for event in events:
        text = _dumps([event.epoch, event.seq, event.topic, event.type, event.data, event.key])
        if texts and size + len(text) + 1 > min(FULL, most_bytes - ENVELOPE):
            messages.append(_envelope(texts))
            texts, size = [], 0
        if len(text) <= most_bytes - ENVELOPE:
            texts.append(text)
            size += len(text) + 1
        elif event.seq is not None:
            messages.append(_dumps({"v": VERSION, "head": [event.epoch, event.seq]}))
        else:
            left_out += 1
    return [*messages, *([_envelope(texts)] if texts else [])], left_out


def read(message):
    """Return (events, Cursor or None) of one message, bytes or text. Raises ValueError("why") for what `write` has not written."""
    try:
        content = json.loads(message)
        if content["v"] != VERSION:
            raise ValueError("it is of another version")
        cursor = Cursor(*content["head"]) if "head" in content else None
        return [_event(*parts) for parts in content.get("events", ())], cursor and _checked(cursor)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is not laid out like one: {error}") from error


def _event(epoch, seq, topic, type, data, key):
    if seq is not None:
        _checked(Cursor(epoch, seq))
    if not (_is_name(topic, TOPIC) and _is_name(type, TYPE) and (key is None or _is_name(key, KEY)) and isinstance(epoch, str)):
        raise ValueError("an event in it has no proper epoch, topic, type or key")
    if type in CONTROLS:
        raise ValueError(f"an event in it is of type {type}, by which streams speak themselves")
    if "\n" in data or "\r" in data or not isinstance(DATA.decode(data), dict):
        raise ValueError("the data of an event in it is no JSON object on one line")
    return Event(epoch, seq, topic, type, data, key)


def _is_name(value, pattern):
    return isinstance(value, str) and len(value) <= MAX_NAME and pattern.fullmatch(value)


def _checked(cursor):
    """Return `cursor` if a client may be given it."""
    if type(cursor.seq) is not int or Cursor.parse(str(cursor)) != cursor:
        raise ValueError("a cursor in it is none")
    return cursor


def _envelope(texts):
    return b'{"v": %d, "events": [%b]}' % (VERSION, b",".join(texts))


def _dumps(content):
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
