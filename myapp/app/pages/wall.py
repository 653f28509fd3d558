"""What the panels of a display show, as plain values for its template. Each panel is read for whoever asks, the display or a person."""
import sqlalchemy as sa

from myapp.app import metrics
from myapp.app.contexts import VIEW, ChannelContext, MetricContext, RowsContext, UsersContext
from myapp.app.models import Channel, Metric, NumberRow, Update, User
from myapp.app.panels import topic_of

MOST_LINES = 6      # of a panel: what one reads from across a room
MOST_VALUES = 60    # of a sparkline
WIDTH, HEIGHT = 100, 30     # of a sparkline's own coordinates
CONTEXTS = {                # kind of panel -> what the right to see it is asked of, and what of the panel that takes; the others need none
    "users": (UsersContext,), "rows": (RowsContext,), "channel": (ChannelContext, "channel"), "metric": (MetricContext, "metric"),
}


def shown(request, panels):
    """Return what each of `panels`, [(its place, the panel)], shows: [{the panel, "place", "topic", "may_view", and what its kind has}]."""
    return [_shown(request, place, panel) for place, panel in panels]


def spark(values):
    """Return the points of a polyline through `values`, from the left to the right, in a box of WIDTH and HEIGHT."""
    if len(values) < 2:
        return ""
    halves = [float(value) / 2 for value in values]     # the whole of what lies between two numbers may be none any more
    low, step = min(halves), WIDTH / (len(values) - 1)
    height = (max(halves) - low) or 1
    return " ".join(f"{place * step:.1f},{HEIGHT - 1 - (half - low) / height * (HEIGHT - 2):.1f}" for place, half in enumerate(halves))


def _shown(request, place, panel):
    read, may_view = READERS.get(panel["kind"]), _may_view(request, panel)
    shows = read(request, panel) if read and may_view else {}
    return {**panel, "place": place, "topic": topic_of(panel), "may_view": may_view, **shows}


def _may_view(request, panel):
    """Whether whoever asks may see what the panel tells of; that may be a channel that is no more."""
    if panel["kind"] not in CONTEXTS:
        return True
    make_context, *fields = CONTEXTS[panel["kind"]]
    try:
        return bool(request.has_permission(VIEW, make_context(request, *(panel[field] for field in fields))))
    except LookupError:
        return False


def _users(request, panel):
    dbsession, newest = request.dbsession, sa.select(User).order_by(User.id.desc()).limit(MOST_LINES)
    return {"total": dbsession.scalar(sa.select(sa.func.count(User.id))), "names": [user.name for user in dbsession.scalars(newest)]}


def _channel(request, panel):
    wanted = sa.select(Update).join(Channel).where(Channel.name == panel["channel"]).order_by(Update.id.desc()).limit(MOST_LINES)
    title = request.dbsession.scalar(sa.select(Channel.title).where(Channel.name == panel["channel"]))
    return {"title": title, "updates": [update.as_dict() for update in request.dbsession.scalars(wanted)]}


def _rows(request, panel):
    wanted = sa.select(NumberRow).order_by(NumberRow.id.desc()).limit(MOST_LINES)
    total = request.dbsession.scalar(sa.select(sa.func.coalesce(sa.func.sum(NumberRow.a + NumberRow.b), 0)))
    return {"rows": [row.as_dict() for row in request.dbsession.scalars(wanted)], "total": total}


def _metric(request, panel):
    metric = request.dbsession.scalar(sa.select(Metric).where(Metric.name == panel["metric"]))
    values = [each["value"] for each in metrics.history(request.realtime, panel["metric"], MOST_VALUES)]
    last = metric.as_dict() if metric else {"value": None, "unit": None, "at": None}
    values = values or ([last["value"]] if metric else [])
    return {"value": last["value"], "unit": last["unit"], "at": last["at"], "history": values, "points": spark(values)}


READERS = {"users": _users, "channel": _channel, "rows": _rows, "metric": _metric}
