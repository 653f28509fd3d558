"""/api/stats: what this process is doing, as JSON; /metrics: the same as Prometheus reads it. Each process tells of itself alone.

On the topic `monitor` all of them tell the same once a second, while somebody listens.
"""
from pyramid.response import Response
from pyramid.view import view_config

from myapp.app.contexts import VIEW, StatsContext
from myapp.realtime import NotSetUp, problem


@view_config(route_name="api_stats", request_method="GET", permission=VIEW, renderer="json")
def read(request):
    return request.realtime.stats()


@view_config(route_name="metrics", request_method="GET", permission=VIEW)
def scrape(request):
    try:
        text, content_type = request.realtime.metrics()
    except NotSetUp as error:
        raise problem(501, str(error)) from None
    return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def includeme(config):
    config.add_route("api_stats", "/api/stats", factory=StatsContext)
    config.add_route("metrics", "/metrics", factory=StatsContext)
    config.scan(__name__)
