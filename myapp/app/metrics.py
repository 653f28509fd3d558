"""Metrics: what the value of one must be, whoever publishes it, and however: `value` with perhaps a `unit` and a moment, `at`.

The last one that was logged is kept, whatever becomes of the log. A transient one is heard by those who listen, and that is all.
"""
from datetime import datetime

from myapp.db import INSERTS
from myapp.realtime import InvalidEvent

from . import fields
from .contexts import MetricContext
from .errors import InvalidFields
from .models import Metric, now, rfc3339

VALUE = "value"     # the type of the event
CASTS = {"value": fields.number, "unit": fields.line(20), "at": lambda value: rfc3339(fields.moment(value))}
PREFIX = MetricContext.pattern.partition("{")[0]


def validate(type, data):
    """Return the data of a metric's event, clean; those of other types are anything. Raises InvalidEvent."""
    if type != VALUE:
        return data
    try:
        return fields.read_fields(data, CASTS, required=("value",))
    except InvalidFields as refusal:
        raise InvalidEvent(str(refusal), {f"data.{field}": sentence for field, sentence in refusal.errors.items()}) from None


def keep(request, topic, type, data):
    """Keep the value of an event as the last one of its metric.

    Another one who publishes a value of the same metric waits here until this transaction is over, so that the value that is kept
    is that of the last event.
    """
    if type != VALUE:
        return
    connection, moment = request.dbsession.connection(), now()
    kept = {"value": data["value"], "unit": data.get("unit"), "at": _moment(data) or moment, "changed": moment}
    insert = INSERTS[connection.dialect.name](Metric.__table__).values(name=topic.removeprefix(PREFIX), **kept)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=kept))


def history(realtime, name, limit):
    """Return the last values of the metric `name` that the log keeps, [{"value", "unit", "at"}], oldest first."""
    events = realtime.recent(MetricContext.pattern.format(name=name), type=VALUE, limit=limit)
    return [{"value": event["data"]["value"], "unit": event["data"].get("unit"),
             "at": rfc3339(_moment(event["data"]) or event["created"])} for event in events]


def _moment(data):
    return datetime.fromisoformat(data["at"]) if "at" in data else None
