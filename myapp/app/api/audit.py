"""/api/audit: the audit trail as JSON."""
import sqlalchemy as sa
from pyramid.view import view_config

from myapp.app.contexts import VIEW_AUDIT
from myapp.app.models import AuditLine

from .listing import listing


@view_config(route_name="api_audit", request_method="GET", permission=VIEW_AUDIT, renderer="json")
def read(request):
    return listing(request, sa.select(AuditLine), since=AuditLine.created)


def includeme(config):
    config.add_route("api_audit", "/api/audit")
    config.scan(__name__)
