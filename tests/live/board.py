"""A board of news: a small application that includes the add-on, and costs next to nothing beside it."""
from pyramid.config import Configurator

from myapp.realtime import session
from myapp.server import loop

NEWS = "/events?topic=news"


def main(global_config, **settings):
    """The factory, for `pserve`."""
    return Board(settings["sqlalchemy.url"], settings)


def patient(global_config, **settings):
    """The factory of one whose loop waits for its clients for minutes: those of a test have no processor of their own."""
    loop.ROOM_S = 120.0
    return main(global_config, **settings)


class ByHeader:
    """A security policy that believes whoever says who he is."""

    def authenticated_userid(self, request):
        return request.headers.get("X-User") or request.cookies.get("user")

    def permits(self, request, context, permission):
        return permission == "view" or self.authenticated_userid(request) == "editor"


class Board:
    """Two topics: `news`, which everybody may read, and `secret`; the user `editor` may read both, and publish news.

    It is a WSGI application itself.

        with Board(url, {"realtime.max_streams": 10}) as board, serving(board) as server:
            board.publish(3)
    """

    def __init__(self, url, settings=None, *, policy=None, configure=None):
        """url: of a database with its schema. policy: instead of ByHeader. configure(config): what else it has."""
        all_settings = {"sqlalchemy.url": url, "realtime.tail_interval": "200ms", "realtime.max_streams_per_user": 0, **(settings or {})}
        with Configurator(settings={key: str(value) for key, value in all_settings.items()}) as config:
            config.set_security_policy(policy or ByHeader())
            config.include("myapp.db")
            config.include("myapp.realtime")
            config.add_topic("news", publish_permission="edit")
            config.add_topic("secret", permission="edit")
            config.add_route("page", "/page")
            config.add_view(lambda request: "a page", route_name="page", renderer="string")
            config.add_route("tell", "/tell")
            config.add_view(self._tell, route_name="tell", renderer="json")
            if configure is not None:
                configure(config)
        self._wsgi, self.registry = config.make_wsgi_app(), config.registry

    def __call__(self, environ, start_response):
        return self._wsgi(environ, start_response)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.registry.realtime.close()
        self.engine.dispose()

    @property
    def engine(self):
        return self.registry["dbsession_factory"].kw["bind"]

    @property
    def hub(self):
        return self.registry.realtime.hub

    @property
    def last_seq(self):
        """The seq of the newest event in the log."""
        return self.registry.realtime.log.head().cursor.seq

    def cursor(self, seq):
        """Return the id of the event `seq`."""
        return f"{self.registry.realtime.log.head().cursor.epoch}-{seq}"

    def publish(self, count=1, *, bytes_each=10):
        """Publish `count` events in one transaction. Returns their seqs, a list."""
        begun = self.last_seq
        with session(self.registry) as rt:
            for _ in range(count):
                rt.publish("news", "news_told", {"text": "x" * bytes_each})
        return [*range(begun + 1, begun + count + 1)]

    def tell(self, *events):
        """Publish `events`, each (topic, type, data) and perhaps options of `publish`, in one transaction. Returns the id of the last."""
        with session(self.registry) as rt:
            for topic, type, data, *options in events:
                rt.publish(topic, type, data, **dict(*options))
        return self.cursor(self.last_seq)

    def revoke(self, userid=None, *, topic=None):
        with session(self.registry) as rt:
            rt.revoke(userid=userid, topic=topic)

    def _tell(self, request):
        """The view: publish `?count=` events of `&bytes=` each; answers with the seqs."""
        return self.publish(int(request.GET["count"]), bytes_each=int(request.GET.get("bytes", 10)))
