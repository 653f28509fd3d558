"""The application with one page more, which is made live by attributes alone: a private channel, the users, and how many they are."""
from pathlib import Path

import sqlalchemy as sa
from pyramid.config import Configurator

from myapp.app.contexts import VIEW
from myapp.app.models import User


def main(global_config, **settings):
    """The factory, for `pserve`."""
    with Configurator(settings={**settings, "jinja2.directories": str(Path(__file__).parent)}) as config:
        config.registry["ini"] = dict(global_config)
        for part in "myapp.db", "myapp.realtime", "myapp.app":
            config.include(part)
        config.add_route("two_lists", "/two-lists")
        config.add_view(two_lists, route_name="two_lists", renderer="two_lists.jinja2", permission=VIEW)
        config.add_route("count", "/count")
        config.add_view(count, route_name="count", renderer="string", permission=VIEW)
    return config.make_wsgi_app()


def two_lists(request):
    cursor = request.realtime.cursor()
    return {"cursor": cursor, "users": request.dbsession.scalars(sa.select(User).order_by(User.id)).all(), "count": count(request)}


def count(request):
    return str(request.dbsession.scalar(sa.select(sa.func.count(User.id))))
