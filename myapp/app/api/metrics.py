"""/api/metrics: the last value of each metric, and its recent history, as JSON. They are published as events: topic_events.py."""
import sqlalchemy as sa
from pyramid.view import view_config

from myapp.app import fields, metrics
from myapp.app.contexts import VIEW, MetricContext, MetricsContext
from myapp.app.errors import NotFound
from myapp.app.models import Metric

from .listing import LIMIT, MAX_LIMIT, listing

CASTS = {"limit": fields.whole(1, MAX_LIMIT)}


@view_config(route_name="api_metrics", request_method="GET", permission=VIEW, renderer="json")
def read_all(request):
    return listing(request, sa.select(Metric))


@view_config(route_name="api_metric", request_method="GET", permission=VIEW, renderer="json")
def read(request):
    """The metric with its `history`, at most `limit` values, oldest first; the cursor is not newer than any of it."""
    name, limit = request.matchdict["name"], fields.read_known(request.GET, CASTS).get("limit", LIMIT)
    cursor = request.realtime.cursor()
    metric = request.dbsession.scalar(sa.select(Metric).where(Metric.name == name))
    if metric is None:
        raise NotFound("There is no such metric: no value of it was ever logged.")
    return {**metric.as_dict(), "history": metrics.history(request.realtime, name, limit), "cursor": cursor}


def metric_of(request):
    """Route factory. Return the context of the metric that the path names."""
    return MetricContext(request, request.matchdict["name"])


def includeme(config):
    config.add_route("api_metrics", "/api/metrics", factory=MetricsContext)
    config.add_route("api_metric", "/api/metrics/{name:[A-Za-z0-9_.-]{1,193}}", factory=metric_of)
    config.scan(__name__)
