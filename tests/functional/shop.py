"""A small shop: another application that includes the add-on, for tests of what the add-on does for anybody's views."""
import sqlalchemy as sa
import webtest
from pyramid.config import Configurator
from pyramid.response import Response
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from myapp.realtime.testing import TestApp


class Base(DeclarativeBase):
    pass


class Good(Base):
    __tablename__ = "goods"
    name: Mapped[str] = mapped_column(sa.Text, primary_key=True)


goods = Good.__table__


class Shop(webtest.TestApp):
    """The shop as asked by WebTest: one address for each of `views` ({name: function}), and what is in its database.

    What has a dot in its name is no view but a setting.
    """

    def __init__(self, url, configure=None, **views):
        settings = {"sqlalchemy.url": url, "sqlalchemy.pool_size": "5", "realtime.tail_interval": "50ms"}
        settings |= {name: views.pop(name) for name in [*views] if "." in name}
        with Configurator(settings=settings) as config:
            config.include("myapp.db")
            config.include("myapp.realtime")
            config.add_topic("goods")
            for name, view in views.items():
                config.add_route(name, f"/{name}")
                config.add_view(view, route_name=name)
            if configure is not None:
                configure(config)
        Base.metadata.create_all(self._engine(config.registry))
        super().__init__(config.make_wsgi_app())

    @property
    def registry(self):
        return self.app.registry

    @property
    def engine(self):
        return self._engine(self.registry)

    @staticmethod
    def _engine(registry):
        return registry["dbsession_factory"].kw["bind"]

    def rows(self, statement):
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(statement))]

    def logged(self):
        """Return [(seq, type)] as the log has them."""
        return self.rows("SELECT seq, type FROM event_log ORDER BY seq")

    def stored(self):
        """Return the names of the goods."""
        return [name for name, in self.rows("SELECT name FROM goods ORDER BY name")]

    def close(self):
        self.registry.realtime.close()
        self.engine.dispose()


class StreamShop(Shop, TestApp):
    """The shop, and streams of it."""


class Listener:
    """A subscriber of the shop's broker: what went out after each commit, [(seq or None, type)], oldest first."""

    def __init__(self, shop):
        self.heard = []
        shop.registry.realtime.broker.subscribe(self)

    def take_state(self, is_up, reason=""):
        pass

    def take(self, events):
        self.heard += [(event.seq, event.type) for event in events]


def add(request, name):
    """Add to the goods, in the request's transaction."""
    request.dbsession.execute(sa.insert(goods).values(name=name))


def say(request, type, **options):
    request.realtime.publish("goods", type, {"by": request.path}, **options)


def ok():
    return Response("ok")


def both(shop, listener, *expected):
    """What is in the log and what went out are the same events, 1..N."""
    numbered = list(enumerate(expected, 1))
    assert shop.logged() == numbered and listener.heard == numbered


# Views

def buy(request):
    say(request, "added", key="good-1")
    return ok()


def whisper(request):
    say(request, "ticked", transient=True)
    return ok()
