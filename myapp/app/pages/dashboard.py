"""/: what is live now. Open to everybody; what may not be seen is not shown."""
import sqlalchemy as sa
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from myapp.app.contexts import VIEW
from myapp.app.models import User
from myapp.app.topics import USERS

ROWS = 5    # of each tile: what one takes in at a glance


@view_config(route_name="dashboard", request_method="GET", permission=NO_PERMISSION_REQUIRED,
             renderer="myapp.app:templates/dashboard.jinja2")
def dashboard(request):
    if not request.has_permission(VIEW):
        return {"may_view": False}
    cursor = request.realtime.cursor()
    newest = sa.select(User).order_by(User.id.desc()).limit(ROWS)
    latest = sa.select(User).order_by(User.changed.desc(), User.id.desc()).limit(ROWS)
    return {
        "may_view": True, "topic": USERS, "cursor": cursor,
        "total": request.dbsession.scalar(sa.select(sa.func.count(User.id))),
        "newest": [user.as_dict() for user in request.dbsession.scalars(newest)],
        "latest": [user.as_dict() for user in request.dbsession.scalars(latest)],
    }


def includeme(config):
    config.add_route("dashboard", "/")
    config.scan(__name__)
