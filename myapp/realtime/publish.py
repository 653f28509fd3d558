"""Publishing: an event becomes a row in the transaction of the change that it tells of, and goes out once that is committed.

    publish() collects -> last before-commit hook: what topics keep, log.append -> COMMIT -> after-commit hook: broker.publish

A broker that lives in the application's own database carries the events within log.append, by its `ring`.
Appending takes the one lock that all writers share, so it must be the last thing before the commit.
"""
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa
import transaction
from pyramid.interfaces import IRequestFactory
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.scripting import prepare
from sqlalchemy.orm import scoped_session
from zope.sqlalchemy import mark_changed

from .bystander import Bystander
from .core.event import ORDERS, Event, new_event
from .errors import NotSetUp
from .events import EventCommitted
from .link_attributes import Attributes, link_attributes

logger = logging.getLogger(__name__)

MOST_TURNS = 100    # how often the hook lets others go first; two who both want to be last would never end
COMMITTING = "Committing"


class Realtime:
    """`request.realtime`: what a view may do. It belongs to one request, so to one thread."""

    def __init__(self, request, runtime):
        self.request, self._runtime = request, runtime

    @property
    def build(self) -> str:
        """The build that this process runs, the same for all processes of one release."""
        return self._runtime.build

    def publish(self, topic: str, type: str, data: Mapping[str, Any], *, key: str | None = None, transient: bool = False) -> None:
        """Publish an event with the request's transaction: seen by everyone if it commits, by nobody if it does not.

        topic, type  as declared by `config.add_topic`; `[a-z0-9_.-]+`, a topic with parts after colons
        data         a dict that JSON can say, at most `realtime.max_event`, and such as the topic's `validate` wants it
        key          id of the element that the event is about, such as "user-12"; None when it is about none
        transient    not logged and without an id: carried by the broker alone, best effort; still only after the commit. While the
                     broker is down it reaches this process. By itself it does not make the session begin a transaction

        Raises InvalidEvent or UnknownTopic at once, NotSetUp when there is no transaction to join. Never raises for a fault of
        the broker.
        """
        event = new_event(topic, type, data, key=key, max_bytes=self._runtime.max_event)
        declared = self._runtime.topics.find(topic)
        if declared.validate:
            data = declared.validate(type, data)
            event = new_event(topic, type, data, key=key, max_bytes=self._runtime.max_event)
        self._outbox().add(event, transient, keep=declared.keep and partial(declared.keep, self.request))

    def revoke(self, *, userid: str | None = None, session: str | None = None, topic: str | None = None) -> None:
        """End the streams of a user, of a session or of a topic, on every process, once the request's transaction is committed.

        Give one of the three. userid is what `request.authenticated_userid` says; session what the security policy's `session_id`
        says, where it has that; topic a name. They end with `closing`, reason "revoked"; who still may connects again.
        Raises as `publish` does.
        """
        self._order("revoke", userid=userid, session=session, topic=topic)

    def recheck(self, *, userid: str | None = None, session: str | None = None, topic: str | None = None) -> None:
        """Have the streams that `revoke` would end authorised again instead. Only those end that have lost their right.

        For after a change of roles or memberships. Without it they end all the same, within `realtime.recheck`.
        """
        self._order("recheck", userid=userid, session=session, topic=topic)

    def _order(self, act, **given):
        whose = {name: value for name, value in given.items() if value is not None}
        if len(whose) != 1 or not all(isinstance(value, str) for value in whose.values()):
            raise ValueError(f"{act}({', '.join(f'{name}={value!r}' for name, value in whose.items())}): give one of userid, session and "
                             "topic, as text")
        self._outbox().add(new_event(ORDERS, act, whose, max_bytes=self._runtime.max_event), False)

    def cursor(self) -> str:
        """Return the present cursor. A page reads it before its rows: an event may then come twice, never not at all."""
        return str(self._runtime.log.cursor(self._session().connection()))

    def has_events(self, topic: str) -> bool:
        """Return whether the log keeps an event of `topic`. A name that has been somebody's is not to be given to somebody else then."""
        return self._runtime.log.has_events(self._session().connection(), topic)

    def link_attributes(self, *, transports: str | None = None) -> Attributes:
        """Return the attributes of <body> that make a page live: `<body {{ request.realtime.link_attributes() }}>`.

        A mapping of text, escaped where a template writes it as it is. Reads the database as the security policy does.
        transports: names with blanks between, best first, where a page wants others than `realtime.transports`. Raises ValueError.
        """
        return link_attributes(
            self.request, self.build, transports or self._runtime.transports, is_hot=self._runtime.hot_reload)

    def recent(self, topic: str, *, type: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Return the newest events of `topic`, at most `limit`, oldest first, as far as the log keeps them: for a history to look at.

        Each is {"id", "type", "key", "data", "created"}; created is an aware datetime. With `type` only those of that type. Who wants
        all of them, in order and without a gap, listens from a cursor on.
        """
        return self._runtime.log.recent(self._session().connection(), topic, type, limit)

    def stats(self) -> dict[str, Any]:
        """Return what this process is doing, a dict that JSON can say: its broker, its hub, its streams, and where the log stands."""
        return self._runtime.stats()

    def metrics(self) -> tuple[bytes, str]:
        """Return the same as Prometheus reads it, and its content type. Raises NotSetUp without prometheus_client."""
        return self._runtime.metrics()

    def _session(self):
        session = getattr(self.request, self._runtime.session_name)
        return session() if isinstance(session, scoped_session) else session

    def _outbox(self):
        session, tm = self._session(), getattr(self.request, "tm", None)
        if tm is None:
            raise NotSetUp("request.tm: there is none, so no transaction to publish in; config.include('pyramid_tm')")
        outbox = session.info.get("realtime.outbox")
        if outbox is None or outbox.tm is not tm:
            outbox = session.info["realtime.outbox"] = Outbox(session, tm, self._runtime)
        return outbox


@contextmanager
def session(registry: Registry) -> Iterator[Realtime]:
    """A `realtime` outside a request, for scripts, jobs and cron: one transaction, committed at the end of the block, or aborted.

        with realtime.session(registry) as rt:
            rt.publish("orders", "order_paid", {"id": 7})

    `rt.request` is a blank request with a session of its own, for what else belongs to the transaction.
    """
    with blank_request(registry, method="POST") as request, request.tm:
        yield request.realtime


@contextmanager
def blank_request(registry, **options):
    """A request that nobody made, for what needs one; `options` are those of WebOb's `blank`. Its transaction has yet to begin.

    With a manager of its own: beginning on the thread's would abort what a request on this thread is in the middle of.
    """
    options["environ"] = {"tm.manager": transaction.TransactionManager(explicit=True), **options.get("environ", {})}
    factory = registry.queryUtility(IRequestFactory, default=Request)
    with prepare(request=factory.blank("/", **options), registry=registry) as env:
        yield env["request"]


class Pending(NamedTuple):
    """An event that is published and not yet written."""
    within: Any                         # the SessionTransaction that it was published in
    event: Event
    is_transient: bool
    keep: Callable[..., None] | None    # that of its topic (topics.py), of the request: keep(topic, type, data)


class Outbox:
    """The events of one session's present transaction. The thread of the session.

    A savepoint that is rolled back takes with it what was published since: each event remembers the SessionTransaction
    that it was published in, and goes when that one or one around it is rolled back. A transient one, for which the session begins
    none, goes with a savepoint of the transaction manager.
    """

    def __init__(self, session, tm, runtime):
        if session.twophase:
            raise NotSetUp("a session with twophase=True cannot publish: a prepared transaction keeps the event log locked, "
                           "for ever if its coordinator dies; use a session without")
        self.tm = tm
        self._session, self._runtime = session, runtime
        self._transaction = None    # zope's, for which the hooks are set
        self._pending = []          # [Pending], in the order in which they were published
        self._written, self._unsent = [], []    # [Event] that the commit makes true; those of them that go out after it
        self._is_armed, self._turns = False, 0
        self._bystander, self._stands_by = Bystander(lambda: [*self._pending], self._go_back), False
        sa.event.listen(session, "after_soft_rollback", self._forget_within)
        sa.event.listen(session, "after_transaction_end", self._forget_all)

    def add(self, event, transient, keep=None):
        """Take an event into the present transaction. Raises NotSetUp when another session publishes in the same."""
        self._insist_on_being_alone(self.tm.get())
        if not transient:
            self._session.connection()                  # so that the session joins by its own registration, where it has one
            mark_changed(self._session, self.tm)        # and COMMITs for real even if the view only read
        self._join(self.tm.get())
        if transient:
            self._stand_by()
        within = self._session.get_nested_transaction() or self._session.get_transaction()
        self._pending.append(Pending(within, event, transient, keep))
        if self._transaction.status == COMMITTING:      # a flush of the commit itself publishes: no hook comes any more
            self._write()

    def _join(self, current):
        if self._transaction is not current:
            self._transaction, self._is_armed, self._turns, self._stands_by = current, False, 0, False
            self._pending, self._written, self._unsent = [], [], []
            current.addAfterCommitHook(self._after_commit)
        if not self._is_armed:
            current.addBeforeCommitHook(self._before_commit)
            self._is_armed = True

    def _stand_by(self):
        if not self._stands_by and self._transaction.status != COMMITTING:      # then there is no savepoint any more
            self._transaction.join(self._bystander)
            self._stands_by = True

    def _go_back(self, past):
        """Forget the transient events that are not among those of `past`; None: all, and the transaction has parted from us."""
        self._stands_by = past is not None
        self._pending = [entry for entry in self._pending if not entry.is_transient or any(entry is each for each in past or ())]

    def _insist_on_being_alone(self, current):
        # On PostgreSQL the second session would wait for the head row that the first has locked, for ever.
        owners = [getattr(hook, "__self__", None) for hook, *_ in current.getAfterCommitHooks()]
        if any(isinstance(owner, Outbox) and owner is not self for owner in owners):
            raise NotSetUp("two sessions publish in one transaction, and each would wait for the other; publish by one of them, "
                           "or give a subrequest a transaction of its own (tm.manager_hook = pyramid_tm.explicit_manager)")

    # Hooks of the transaction

    def _before_commit(self):
        *_, (last, _, _) = self._transaction.getBeforeCommitHooks()
        self._turns += 1
        if last != self._before_commit and self._turns <= MOST_TURNS:
            # Others come after: let them publish, and lock their rows, first.
            return self._transaction.addBeforeCommitHook(self._before_commit)
        self._session.flush()                           # so that every other row is locked before the head row is
        self._is_armed = False
        return self._write()

    def _write(self):
        pending, self._pending = self._pending, []
        self._keep([entry for entry in pending if entry.keep and not entry.is_transient])
        new = [entry.event for entry in pending if not entry.is_transient]
        log, broker = self._runtime.log, self._runtime.broker
        logged, is_rung = log.append(self._session.connection(), new, broker.ring) if new else ([], False)
        following = iter(logged)
        written = [log.stamp(entry.event) if entry.is_transient else next(following) for entry in pending]
        self._written += written
        self._unsent += [event for event in written if event.seq is None or not is_rung]

    def _keep(self, entries):
        """Let topics keep what is to outlive the log, by the order of their names: two transactions that keep the same things in an
        order of their own would each wait for the other."""
        for _, event, _, keep in sorted(entries, key=lambda entry: entry.event.topic):
            keep(event.topic, event.type, json.loads(event.data))
        if entries and self._transaction.status != COMMITTING:      # else the session is being flushed already
            self._session.flush()

    def _after_commit(self, is_committed):
        events, unsent, self._written, self._unsent, self._transaction = self._written, self._unsent, [], [], None
        forgotten, self._pending = self._pending, []
        if not is_committed:
            return
        if forgotten:
            logger.error("%d events were published too late in a commit to be part of it and are lost; publish earlier", len(forgotten))
        self._runtime.delays.begin(event.seq for event in events if event.seq is not None)
        if rung := len(events) - len(unsent):
            self._runtime.broker.figures.add(published=rung)
        if unsent:
            self._runtime.carry(unsent)
        for event in events:
            if event.topic != ORDERS:
                self._runtime.tell(EventCommitted(event.topic, event.type, event.data, event.key, event.id))

    # Events of the session

    def _forget_within(self, session, ended):
        """`ended`, a savepoint or the whole, is rolled back: by begin_nested, by a zope savepoint, by an error."""
        self._pending = [entry for entry in self._pending if not _is_within(entry.within, ended)]

    def _forget_all(self, session, ended):
        """The session was closed under us: a zope savepoint from before it joined is rolled back, or all is aborted."""
        if ended.parent is None:
            self._pending = [entry for entry in self._pending if entry.within is None]


def _is_within(transaction, ended):
    while transaction is not None:
        if transaction is ended:
            return True
        transaction = transaction.parent
    return False
