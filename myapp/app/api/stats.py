"""/api/stats: what this process is doing, its broker, hub and streams, as JSON. Each process tells of itself alone."""
from pyramid.view import view_config

from myapp.app.contexts import VIEW_STATS


@view_config(route_name="api_stats", request_method="GET", permission=VIEW_STATS, renderer="json")
def read(request):
    return request.realtime.stats()


def includeme(config):
    config.add_route("api_stats", "/api/stats")
    config.scan(__name__)
