"""/audit: the audit trail as a table, newest first."""
import sqlalchemy as sa
from pyramid.view import view_config

from myapp.app import fields
from myapp.app.contexts import VIEW_AUDIT
from myapp.app.models import AuditLine

ROWS = 50               # of a page
ID = fields.whole(0, 2**63 - 1)
CASTS = {"before": ID, "after": ID}


@view_config(route_name="audit", request_method="GET", permission=VIEW_AUDIT, renderer="myapp.app:templates/audit.jinja2")
def read(request):
    """`before` and `after` are ids of lines, so that a page stays the same while new lines come."""
    given = fields.read_known(request.GET, CASTS)
    lines = _lines(request.dbsession, **given)
    return {
        "items": [line.as_dict() for line in lines],
        "newer": lines[0].id if lines and _is_any(request.dbsession, AuditLine.id > lines[0].id) else None,
        "older": lines[-1].id if lines and _is_any(request.dbsession, AuditLine.id < lines[-1].id) else None,
        "is_newest": not given,
    }


def _lines(dbsession, before=None, after=None):
    wanted = sa.select(AuditLine).limit(ROWS)
    if after is not None:       # the ones next to it, and not the newest of all
        return dbsession.scalars(wanted.where(AuditLine.id > after).order_by(AuditLine.id)).all()[::-1]
    if before is not None:
        wanted = wanted.where(AuditLine.id < before)
    return dbsession.scalars(wanted.order_by(AuditLine.id.desc())).all()


def _is_any(dbsession, condition):
    return dbsession.scalar(sa.select(sa.exists().where(condition)))


def includeme(config):
    config.add_route("audit", "/audit")
    config.scan(__name__)
