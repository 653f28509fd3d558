"""The runtime: what of the add-on lives as long as the process. Made at first use, and made anew in a child after a fork.

It puts the parts together and knows nothing of what they do.
"""
import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyramid.request import Request
from pyramid.scripting import prepare

from .brokers import Broker
from .build import build_id
from .core.hub import Hub
from .delivery import Allowance
from .follow import Follow
from .fragments import Fragments
from .log import Log
from .transports.sse import EventStream


@dataclass
class Parts:
    """What one process has. `hub` and `follow` are there once somebody listens."""
    pid: int
    log: Log
    broker: Broker
    hub: Hub | None = None
    follow: Follow | None = None


class Runtime:
    """`registry.realtime`. Any thread; a first use reads the database."""

    def __init__(self, registry, settings, *, make_broker, folders):
        """settings: the typed values of settings.TABLE. make_broker() -> Broker. folders: what the build is made of."""
        self._registry, self._settings, self._make_broker, self._folders = registry, settings, make_broker, folders
        self._lock = threading.Lock()       # guards _parts while they are made
        self._parts = None
        self.topics = registry.realtime_topics
        self.fragments = Fragments(registry, self.topics)
        self.allowance = Allowance(settings["thread_streams"])
        self.session_name, self.max_event = settings["session"], settings["max_event"]
        self.max_topics, self.stream_lifetime = settings["max_topics"], settings["stream_lifetime"]
        self._encodings = None

    @property
    def build(self):
        return build_id(*self._folders)

    @property
    def encodings(self):
        """{"data" or "fragments": EventStream}, one object each for the whole process: frames are shared by it."""
        if self._encodings is None:
            common = {"heartbeat_s": self._settings["heartbeat"], "retry_s": self._settings["retry"], "build": self.build}
            self._encodings = {"data": EventStream(**common), "fragments": EventStream(fragments=self.fragments, **common)}
        return self._encodings

    @property
    def log(self):
        return self._made().log

    @property
    def broker(self):
        return self._made().broker

    @property
    def hub(self):
        """Raises LogUnavailable when it must be made and the database does not answer."""
        return self._listening().hub

    @property
    def follow(self):
        return self._listening().follow

    def prune(self):
        """Forget the events that the retention settings no longer keep. Returns how many. Raises LogUnavailable."""
        oldest = datetime.now(UTC) - timedelta(seconds=self._settings["retention"])
        return self.log.prune(older_than=oldest, keep_rows=self._settings["retention_rows"])

    def close(self):
        """End the streams, threads and connections of this process. For tests and for servers that reload in place."""
        with self._lock:
            parts, self._parts = self._parts, None
        if parts is not None:
            if parts.follow is not None:
                parts.hub.end_all("shutdown")
                parts.follow.stop()
            parts.broker.close()
            parts.log.close()

    def _made(self):
        with self._lock:
            return self._make()

    def _listening(self):
        parts = self._parts
        if parts is not None and parts.follow is not None and parts.pid == os.getpid():
            return parts
        with self._lock:
            parts = self._make()
            if parts.follow is None:
                self._listen(parts)
            return parts

    # Lock held

    def _make(self):
        if self._parts is None or self._parts.pid != os.getpid():
            self._parts = Parts(os.getpid(), Log(self._engine()), self._make_broker())
        return self._parts

    def _listen(self, parts):
        settings, head = self._settings, parts.log.head()
        parts.hub = Hub(
            head.cursor, head.floor, parts.log.read_page, heartbeat_s=settings["heartbeat"], replay_limit=settings["replay_limit"],
            tape_bytes=settings["tape"], window=settings["window"])
        follow = Follow(parts.hub, parts.log, tail_interval_s=settings["tail_interval"])
        follow.start()
        parts.broker.subscribe(follow.take, follow.take_state)
        parts.follow = follow

    def _engine(self):
        """The engine behind the application's sessions, wherever it keeps it: asked of a request that is nobody's."""
        with prepare(request=Request.blank("/"), registry=self._registry) as env:
            session = getattr(env["request"], self.session_name, None)
            if session is None:
                raise AttributeError(f"request.{self.session_name}: there is no such attribute; "
                                     "realtime.session names the request's SQLAlchemy session")
            return session.get_bind().engine
