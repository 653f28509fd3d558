"""The runtime: what of the add-on lives as long as the process. Made at first use, and made anew in a child after a fork.

It puts the parts together and knows nothing of what they do.
"""
import logging
import os
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from pyramid.request import Request
from pyramid.scripting import prepare
from sqlalchemy.orm import scoped_session
from zope.interface import implementedBy

from .allowance import Allowance
from .attendance import Attendance
from .broker_state import DOWN, UP, BrokerState
from .brokers import Broker
from .build import build_id
from .core.hub import Hub
from .delays import Delays
from .errors import NotSetUp
from .events import ClientConnected, ClientDisconnected
from .follow import Follow
from .fragments import Fragments
from .log import Log
from .reports import Reports
from .rights import Rights
from .secret import without_password
from .stats import stats
from .throttle import Throttle
from .transports.poll import Poll
from .transports.sse import EventStream
from .transports.websocket import SocketMessages
from .watch import Watch

logger = logging.getLogger(__name__)

HUB_SETTINGS = (
    "window", "replay_limit", "replay_bytes", "pending_bytes", "max_streams", "max_streams_per_user", "max_streams_per_address",
    "max_waiting_polls")


@dataclass
class Listening:
    """What a process has once somebody listens."""
    hub: Hub
    follow: Follow
    watch: Watch
    reports: Reports
    attendance: Attendance | None       # where somebody is to be told of it


@dataclass
class Parts:
    """What one process has."""
    pid: int
    log: Log
    broker: Broker
    broker_state: BrokerState
    allowance: Allowance
    delays: Delays = field(default_factory=Delays)
    id: str = field(default_factory=lambda: secrets.token_hex(4))       # pids are the same in many a container
    starting: threading.Lock = field(default_factory=threading.Lock)    # held while `listening` is made, which reads the database
    listening: Listening | None = None


class Runtime:
    """`registry.realtime`. Any thread; a first use reads the database."""

    def __init__(self, registry, settings, *, make_broker, folders):
        """settings: the typed values of settings.TABLE. make_broker() -> Broker. folders: what the build is made of."""
        self._registry, self._settings, self._folders = registry, settings, folders
        self.make_broker = make_broker
        self._lock = threading.Lock()       # guards _parts while they are made
        self._parts = None
        self.topics = registry.realtime_topics
        self.fragments = Fragments(registry, self.topics)
        self.session_name, self.max_event = settings["session"], settings["max_event"]
        self.transports, self.hot_reload = settings["transports"], settings["hot_reload"]   # of pages
        self.max_topics, self.stream_lifetime = settings["max_topics"], settings["stream_lifetime"]
        self.counts_users, self.counts_addresses = settings["max_streams_per_user"] > 0, settings["max_streams_per_address"] > 0
        self.allowed_origins = settings["allowed_origins"] or frozenset()
        self.refusals, self.failures = Throttle(logger), Throttle(logger)   # of streams; of what their clients ask for
        self.tail_interval_s = settings["tail_interval"]
        self.drain_timeout_s = settings["drain_timeout"]    # read by myapp.server
        # One object each for the whole process, whoever asks first: frames are shared by it.
        self._plain, self._with_fragments = (
            EventStream(fragments=fragments, heartbeat_s=settings["heartbeat"], retry_s=settings["retry"], build=lambda: self.build)
            for fragments in (None, self.fragments))
        self._plain_poll, self._poll_with_fragments = (
            Poll(fragments=fragments, build=lambda: self.build) for fragments in (None, self.fragments))
        self._plain_messages, self._messages_with_fragments = (
            SocketMessages(fragments=fragments, heartbeat_s=settings["heartbeat"], build=lambda: self.build)
            for fragments in (None, self.fragments))

    @property
    def build(self):
        return build_id(*self._folders)

    def encoding(self, *, has_fragments):
        """Return the EventStream for clients that asked for fragments, or not."""
        return self._with_fragments if has_fragments else self._plain

    def poll_encoding(self, *, has_fragments):
        """Return the Poll for clients that asked for fragments, or not."""
        return self._poll_with_fragments if has_fragments else self._plain_poll

    def socket_encoding(self, *, has_fragments):
        """Return the SocketMessages for clients that asked for fragments, or not."""
        return self._messages_with_fragments if has_fragments else self._plain_messages

    @property
    def log(self):
        return self._made().log

    @property
    def broker(self):
        return self._made().broker

    @property
    def broker_state(self):
        return self._made().broker_state

    @property
    def delays(self):
        return self._made().delays

    @property
    def allowance(self):
        return self._made().allowance

    @property
    def hub(self):
        """Raises LogUnavailable when it must be made and the database does not answer."""
        return self._listening().hub

    @property
    def follow(self):
        """Raises as `hub` does."""
        return self._listening().follow

    def tell(self, notice):
        """Tell the application's subscribers one of events.py. What they raise is logged."""
        try:
            self._registry.notify(notice)
        except Exception:       # of somebody else's code, about what has happened already
            logger.exception("a subscriber of %s failed", type(notice).__name__)

    def stats(self):
        """Return what this process is doing, a dict that JSON can say. Starts nothing; reads the log's head, so raises LogUnavailable."""
        parts = self._made()
        return stats(parts, parts.log.head(), self.build)

    def carry(self, events):
        """Carry `events` to every process. While the broker is down, the transient ones of them to this process at least."""
        parts = self._made()
        if parts.listening is not None and parts.broker_state.state == DOWN:
            parts.listening.follow.take([event for event in events if event.seq is None])
            events = [event for event in events if event.seq is not None]
        if events:
            parts.broker.publish(events)

    def metrics(self):
        """Return the stats as Prometheus reads them, (bytes, their content type). Raises NotSetUp without its library, LogUnavailable."""
        try:
            from .metrics import exposition
        except ModuleNotFoundError as error:
            raise NotSetUp(f"metrics need the Python package {error.name}; pip install 'myapp[prometheus]'") from error
        return exposition(self.stats())

    def note_listener(self, topics):
        """Somebody listens to `topics`, in this process. Raises as `hub` does."""
        self._listening().reports.note_listener(topics)

    def prune(self):
        """Forget the events that the retention settings no longer keep. Returns how many. Raises LogUnavailable."""
        oldest = datetime.now(UTC) - timedelta(seconds=self._settings["retention"])
        return self.log.prune(older_than=oldest, keep_rows=self._settings["retention_rows"])

    def close(self):
        """End the streams, threads and connections of this process. For tests and for servers that reload in place."""
        with self._lock:
            parts, self._parts = self._parts, None
        if parts is not None:
            if parts.listening is not None:
                parts.listening.hub.end_all("shutdown")
                parts.listening.reports.stop()
                parts.listening.follow.stop()
                parts.listening.watch.stop()
                if parts.listening.attendance:
                    parts.listening.attendance.stop()
            parts.broker.close()
            parts.log.close()

    def _made(self):
        parts = self._parts
        if parts is not None and parts.pid == os.getpid():
            return parts
        with self._lock:
            if self._parts is None or self._parts.pid != os.getpid():
                self._parts = self._make()
            return self._parts

    def _make(self):
        engine, broker = self.engine(), self.make_broker()
        broker.attach(engine)
        state = BrokerState(without_password(broker.url), self.tell)
        return Parts(os.getpid(), Log(engine), broker, state, Allowance(self._settings["thread_streams"]))

    def _listening(self):
        parts = self._made()
        if parts.listening is None:
            with parts.starting:
                if parts.listening is None:
                    parts.listening = self._listen(parts)
        return parts.listening

    def _listen(self, parts):
        settings, head = self._settings, parts.log.head()
        parts.delays.start_after(head.cursor.seq)
        hub = Hub(
            head.cursor, head.floor, parts.log.read_page, heartbeat_s=settings["heartbeat"], tape_bytes=settings["tape"],
            **{name: settings[name] for name in HUB_SETTINGS})
        watch = Watch(hub, Rights(self._registry, self.topics), recheck_s=settings["recheck"])
        reports = Reports(
            self.topics.of_stats, hub, stats=lambda: stats(parts, follow.head or head, self.build),
            carry=lambda events: self._carry(parts, follow, events))
        note_sent = partial(_note_sent, hub, parts.delays)
        hub.growth.note_room = note_sent
        attendance = Attendance(self.tell) if self._is_told(ClientConnected, ClientDisconnected) else None
        hub.note_client = attendance and attendance.note
        follow = Follow(
            hub, parts.log, heed=watch.heed, heed_call=reports.heed, note_broker=parts.broker_state.note, note_received=note_sent,
            tail_interval_s=self.tail_interval_s)
        try:
            follow.start()
            watch.start()
            if attendance:
                attendance.start()
            parts.broker.subscribe(follow)
        except RuntimeError:        # there is no thread to be had
            follow.stop()
            watch.stop()
            if attendance:
                attendance.stop()
            raise
        return Listening(hub, follow, watch, reports, attendance)

    def _is_told(self, *notices):
        """Whether the application subscribes to one of these classes."""
        return any(self._registry.adapters.subscriptions([implementedBy(notice)], None) for notice in notices)

    @staticmethod
    def _carry(parts, follow, events):
        """Carry transient events to every process; to this one at least while the broker does not work."""
        (parts.broker.publish if parts.broker_state.state == UP else follow.take)(events)

    def engine(self):
        """The engine behind the application's sessions, wherever it keeps it: asked of a request that is nobody's."""
        with prepare(request=Request.blank("/"), registry=self._registry) as env:
            session = getattr(env["request"], self.session_name)
            return (session() if isinstance(session, scoped_session) else session).get_bind().engine


def _note_sent(hub, delays):
    """What the hub has given to its feeds is sent, unless a loop has yet to read some of it, and will tell."""
    seq = hub.cursor.seq        # before the look: what comes meanwhile has yet to be sent
    if hub.growth.is_read:
        delays.end(seq)
