"""/monitor: what all processes are doing, as tiles, a table and charts, live. The page itself reads nothing but this process."""
from pyramid.view import view_config

from myapp.app.contexts import VIEW, StatsContext
from myapp.app.topics import MONITOR


@view_config(route_name="monitor", request_method="GET", permission=VIEW, renderer="myapp.app:templates/monitor.jinja2")
def read(request):
    return {"topic": MONITOR, "cursor": request.realtime.cursor(), "stats": request.realtime.stats()}


def includeme(config):
    config.add_route("monitor", "/monitor", factory=StatsContext)
    config.scan(__name__)
