"""A ledger: a small application whose writes make events, and which notes what the broker adds to each and when each was committed."""
import time

import sqlalchemy as sa
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPConflict, HTTPServiceUnavailable

from myapp.realtime import EventCommitted
from myapp.realtime.brokers import Broker, find_broker
from myapp.realtime.core.event import Cursor

from .board import ByHeader

TOPIC = "entries"
TIMED = "timed+"        # before the scheme of the broker that is to be timed
SCHEMES = "redis", "amqp", "postgresql"
# How a write ends that is not to be: the view refuses it, or the commit does, once the events are in the table.
REFUSED, REFUSED_LATE = "refused", "refused_late"


class TimedBroker(Broker):
    """A broker of the product, which keeps how long each publish() held the thread of a write."""

    def __init__(self, url):
        self._timed = find_broker(url.removeprefix(TIMED), {})
        super().__init__(self._timed.url)
        self.figures, self.durations_s = self._timed.figures, []

    def attach(self, engine):
        self._timed.attach(engine)
        self.ring = self._timed.ring

    def publish(self, events):
        begun = time.monotonic()
        self._timed.publish(events)
        self.durations_s.append(time.monotonic() - begun)

    def subscribe(self, subscriber):
        self._timed.subscribe(subscriber)

    def close(self):
        self._timed.close()


def main(global_config, **settings):
    """The factory, for `pserve`. `realtime.broker` is TIMED and one of SCHEMES, or memory:// where nobody asks for the notes."""
    commits = []
    with Configurator(settings={"realtime.max_streams_per_user": "0", **settings}) as config:
        config.set_security_policy(ByHeader())
        config.include("myapp.db")
        config.include("myapp.realtime")
        for scheme in SCHEMES:
            config.add_broker(TIMED + scheme, TimedBroker)
        config.add_topic(TOPIC)
        config.add_exception_view(lambda request: HTTPServiceUnavailable(), context=sa.exc.DBAPIError)
        config.add_subscriber(lambda event: commits.append((Cursor.parse(event.id).seq, time.monotonic())), EventCommitted)
        config.add_route("write", "/write", request_method="POST")
        config.add_view(write, route_name="write", renderer="json")
        config.add_route("notes", "/notes")
        config.add_view(lambda request: notes(request, commits), route_name="notes", renderer="json")
    return config.make_wsgi_app()


def write(request):
    """The view: publish `?count=` events of the write `&name=`, and have it end as `&end=` says."""
    end, count = request.GET.get("end"), int(request.GET["count"])
    for place in range(count):
        request.realtime.publish(TOPIC, "entry_made", {"write": request.GET["name"], "place": place, "of": count})
    if end == REFUSED:
        raise HTTPConflict
    if end == REFUSED_LATE:
        sa.event.listen(request.dbsession, "before_commit", refuse)
    return {}


def refuse(session):
    """The events of the transaction are in the table by now, and with some brokers on their way."""
    raise HTTPConflict


def notes(request, commits):
    """The view: how the broker is, how many events it has brought, how long it held each write, [(seq, when)] of what was committed."""
    runtime = request.registry.realtime
    broker = runtime.broker
    return {"is_up": runtime.broker_state.state == "up", "received": broker.figures.received, "durations_s": broker.durations_s,
            "commits": commits}
