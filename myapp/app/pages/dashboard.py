"""/: what is live now. Open to everybody; what may not be seen is not shown."""
import sqlalchemy as sa
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from myapp.app.channels import visible_to
from myapp.app.contexts import VIEW
from myapp.app.models import Channel, Update, User
from myapp.app.topics import CHANNELS, UPDATES, USERS
from myapp.app.updates import selected

from .channels_beside import MOST_LIVE

ROWS = 5    # of each tile: what one takes in at a glance


@view_config(route_name="dashboard", request_method="GET", permission=NO_PERMISSION_REQUIRED,
             renderer="myapp.app:templates/dashboard.jinja2")
def dashboard(request):
    if not request.has_permission(VIEW):
        return {"may_view": False}
    return {"may_view": True, "cursor": request.realtime.cursor(), "topic": USERS, **_users(request.dbsession), **_updates(request)}


def _users(dbsession):
    newest = sa.select(User).order_by(User.id.desc()).limit(ROWS)
    latest = sa.select(User).order_by(User.changed.desc(), User.id.desc()).limit(ROWS)
    return {
        "total": dbsession.scalar(sa.select(sa.func.count(User.id))),
        "newest": [user.as_dict() for user in dbsession.scalars(newest)],
        "latest": [user.as_dict() for user in dbsession.scalars(latest)],
    }


def _updates(request):
    """The newest of all channels that the viewer may read; `channels` itself is followed too, for those that are yet to be made."""
    followed = visible_to(request.identity).with_only_columns(Channel.name).order_by(Channel.id).limit(MOST_LIVE)
    newest = selected(request.identity).order_by(Update.id.desc()).limit(ROWS)
    return {
        "updates": [update.as_dict() for update in request.dbsession.scalars(newest)],
        "updates_topics": " ".join([CHANNELS, *(UPDATES.format(channel=name) for name in request.dbsession.scalars(followed))]),
    }


def includeme(config):
    config.add_route("dashboard", "/")
    config.scan(__name__)
