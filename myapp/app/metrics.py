"""Metrics: what the value of one must be, whoever publishes it, and however: `value` with perhaps a `unit` and a moment, `at`."""
from myapp.realtime import InvalidEvent

from . import fields
from .errors import InvalidFields
from .models import rfc3339

VALUE = "value"     # the type of the event
CASTS = {"value": fields.number, "unit": fields.line(20), "at": lambda value: rfc3339(fields.moment(value))}


def validate(type, data):
    """Return the data of a metric's event, clean; those of other types are anything. Raises InvalidEvent."""
    if type != VALUE:
        return data
    try:
        return fields.read_fields(data, CASTS, required=("value",))
    except InvalidFields as refusal:
        raise InvalidEvent(str(refusal), {f"data.{field}": sentence for field, sentence in refusal.errors.items()}) from None
