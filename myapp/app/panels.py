"""Panels: what a display shows, a list of {"kind", …}. What each kind takes, and which topic tells of it. No database, no request."""
import re

from . import fields
from .channels import NAME
from .contexts import ChannelContext, MetricContext, RowsContext, UsersContext
from .errors import InvalidFields

MOST_PANELS = 12        # what one still reads from across a room, and less than the topics of a stream
METRIC = re.compile("[A-Za-z0-9_.-]{1,193}", re.ASCII)


def metric_name(value):
    """A cast to the name of a metric."""
    if not isinstance(value, str) or not METRIC.fullmatch(value):
        raise ValueError("Write the name of a metric: letters, digits, and . _ -")
    return value


CASTS = {       # kind -> what it takes besides
    "users": {}, "channel": {"channel": NAME}, "rows": {}, "metric": {"metric": metric_name}, "clock": {},
    "text": {"text": fields.text(500)},
}
TOPICS = {"users": UsersContext.topic, "channel": ChannelContext.pattern, "rows": RowsContext.topic,
          "metric": MetricContext.pattern.replace("{name}", "{metric}")}


def panels(value):
    """A cast to a list of panels."""
    if not isinstance(value, list) or len(value) > MOST_PANELS:
        raise ValueError(f"This must be a list of at most {MOST_PANELS} panels.")
    return [_panel(place, panel) for place, panel in enumerate(value, 1)]


def topic_of(panel):
    """Return the topic that tells of what a panel shows; None where nothing does."""
    return TOPICS[panel["kind"]].format(**panel) if panel["kind"] in TOPICS else None


def topics_of(panels):
    """Return the topics of panels, each once."""
    return list(dict.fromkeys(topic for topic in map(topic_of, panels) if topic))


def _panel(place, value):
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in CASTS:
        raise ValueError(f'Panel {place}: give {{"kind": …}}, one of {", ".join(CASTS)}.')
    given = {field: each for field, each in value.items() if field != "kind"}
    try:
        return {"kind": kind, **fields.read_fields(given, CASTS[kind], required=CASTS[kind])}
    except InvalidFields as refusal:
        field, sentence = next(iter(refusal.errors.items()))
        raise ValueError(f"Panel {place}, {field}: {sentence}") from None
