"""/healthz and /readyz: whether this process lives, and whether requests should be sent to it. Open to everybody, for machines.

They say nothing that a stranger may not know: no name of a host, no reason, no version. A broker that is down makes a process
degraded and no more than that: it serves everything, and events come later.
"""
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from .database_state import UP


@view_config(route_name="healthz", request_method="GET", permission=NO_PERMISSION_REQUIRED)
def liveness(request):
    """200 as long as anything is answered at all. Asks nobody and starts nothing: a restart would not mend a database."""
    broker = broker_state(request)
    return answer(status="degraded" if broker == "down" else "ok", broker=broker)


@view_config(route_name="readyz", request_method="GET", permission=NO_PERMISSION_REQUIRED)
def readiness(request):
    """503 while the database does not answer, or has not the schema of this release. Makes this process listen."""
    database, broker = request.registry["myapp.database_state"].read(), broker_state(request)
    if database != UP:
        return answer(503, status="unready", **database, broker=broker)
    return answer(status="degraded" if broker == "down" else "ready", **database, broker=broker)


def broker_state(request):
    """Return "up", "down", or "unknown" while this process does not listen yet."""
    return request.registry.realtime.broker_state.state


def answer(code=200, **members):
    return Response(json_body=members, status=code, cache_control="no-store")


def includeme(config):
    config.include(".database_state")
    config.add_route("healthz", "/healthz")
    config.add_route("readyz", "/readyz")
    config.scan(__name__)
