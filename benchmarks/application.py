"""Ours under measurement: a plain Pyramid application on the add-on, with a sign-in by cookie and a permission on every topic.

    GET /events?topic=bench         anybody may see it
    GET /events?topic=private:K     only who has the cookie session=K
    POST /pub?count=N[&private=K]   publish N events in one transaction: to bench, or one each to private:K, private:K+1 ...
    POST /commit?count=N&times=M    M transactions of N events to bench; answers when each was committed, a list of ns
    GET /page                       page.jinja2
    GET /busy?seconds=S             compute for S seconds
    GET /sql                        how many SQL statements the process has run since it started
    GET /cursor                     the present cursor, as a page has it
"""
import threading
import time

import sqlalchemy as sa
from pyramid.authorization import ACLHelper, Allow, Authenticated, Everyone
from pyramid.config import Configurator
from pyramid.response import Response

from myapp.realtime import session

from .content import Numbers, compute, page


def main(global_config, **settings):
    """The paste.app_factory."""
    with Configurator(settings=settings) as config:
        config.include("myapp.db")
        config.include("myapp.realtime")
        config.include("pyramid_jinja2")
        config.set_security_policy(CookiePolicy())
        config.add_topic("bench", factory=Public, permission="view")
        config.add_topic("private:{owner}", factory=Private, permission="view")
        config.registry.numbers, config.registry.statements = Numbers(), Statements()
        for name, view, method in VIEWS:
            config.add_route(name, f"/{name}")
            config.add_view(view, route_name=name, request_method=method, renderer="page.jinja2" if name == "page" else None)
    return config.make_wsgi_app()


class Statements:
    """Counts the SQL statements of this process, whichever engine runs them. Any thread."""

    def __init__(self):
        self.count, self._lock = 0, threading.Lock()
        sa.event.listen(sa.Engine, "before_cursor_execute", self._add)

    def _add(self, *_):
        with self._lock:
            self.count += 1


class CookiePolicy:
    """Pyramid's ISecurityPolicy, as much of it as is used: whoever has the cookie session=K is the user K."""

    def __init__(self):
        self._acl = ACLHelper()

    def identity(self, request):
        return request.cookies.get("session")

    def authenticated_userid(self, request):
        return self.identity(request)

    def permits(self, request, context, permission):
        return self.identity_permits(self.identity(request), context, permission)

    # For the re-check of open streams; no database is asked here: what that costs is measured with myapp itself

    def session_id(self, request):
        return self.identity(request)

    def identities(self, request, session_ids):
        return {user: user for user in session_ids}

    def identity_permits(self, user, context, permission):
        return self._acl.permits(context, [Everyone, *([Authenticated, user] if user else [])], permission)


class Public:
    """The context of a topic that everybody may see."""
    __acl__ = [(Allow, Everyone, "view")]

    def __init__(self, request):
        pass


class Private:
    """The context of a topic that one user may see."""

    def __init__(self, request, owner):
        self.__acl__ = [(Allow, owner, "view")]


def publish(request):
    count, first = int(request.params["count"]), request.params.get("private")
    for place in range(count):
        topic = "bench" if first is None else f"private:{int(first) + place}"
        request.realtime.publish(topic, "tick", request.registry.numbers.event(topic))
    return Response(status=204)


def commit(request):
    moments = []
    for _ in range(int(request.params["times"])):
        with session(request.registry) as realtime:
            # Before the hook of the first publish: so it runs before anything is handed to a broker.
            realtime.request.tm.get().addAfterCommitHook(lambda is_committed: moments.append(time.monotonic_ns()))
            for _ in range(int(request.params["count"])):
                realtime.publish("bench", "tick", request.registry.numbers.event())
    return Response(json=moments)


def show_page(request):
    return page()


def busy(request):
    compute(float(request.params["seconds"]))
    return Response()


def count_statements(request):
    return Response(text=str(request.registry.statements.count))


def cursor(request):
    return Response(text=request.realtime.cursor())


VIEWS = [
    ("pub", publish, "POST"),
    ("commit", commit, "POST"),
    ("page", show_page, "GET"),
    ("busy", busy, "GET"),
    ("sql", count_statements, "GET"),
    ("cursor", cursor, "GET"),
]
