"""The envelope: an event as one JSON object, for whatever has no fields of its own to tell its topic and type by."""
import json


def envelope(event, fragments=None, *, has_id=False):
    """Return `{"id"?, "topic", "type", "data", "key"?, "html"?}` as text, on one line.

    fragments  Fragments (fragments.py) for clients that asked for them, else None
    has_id     for whatever has no field for that either; a transient event has the id null
    """
    # Joined as text: the data are JSON already, and large ones would be read and written for nothing.
    id = f'"id": {dump(event.id)}, ' if has_id else ""
    about = dump(({"key": event.key} if event.key else {}) | (fragments.html(event) if fragments else {}))
    return f'{{{id}"topic": "{event.topic}", "type": "{event.type}", "data": {event.data}{", " if about != "{}" else ""}{about[1:]}'


def welcome(heartbeat_s, build):
    """Return the data of `connected`, what JSON can say."""
    whole = int(heartbeat_s) if heartbeat_s == int(heartbeat_s) else heartbeat_s
    return {"status": "connected", "heartbeat_s": whole, "build": build}


def dump(value):
    """JSON on one line. Raises ValueError for what JSON cannot say (NaN, infinity), TypeError for other types."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
