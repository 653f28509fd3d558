"""Publishing: an event becomes a row in the transaction of the change that it tells of, and goes out once that is committed.

    publish() collects -> last before-commit hook: log.append -> COMMIT -> after-commit hook: broker.publish

Appending takes the one lock that all writers share, so it must be the last thing before the commit.
"""

import sqlalchemy as sa
from zope.sqlalchemy import mark_changed

from .core.event import new_event
from .errors import RealtimeError


class Realtime:
    """`request.realtime`: what a view may do. It belongs to one request, so to one thread."""

    def __init__(self, request, runtime):
        self.request, self._runtime = request, runtime

    @property
    def build(self):
        """The build that this process runs: text, the same for all processes of one release."""
        return self._runtime.build

    def publish(self, topic, type, data, *, key=None, transient=False):
        """Publish an event with the request's transaction: seen by everyone if it commits, by nobody if it does not.

        topic, type  as declared by `config.add_topic`; `[a-z0-9_.-]+`, a topic with parts after colons
        data         a dict that JSON can say, at most `realtime.max_event`
        key          id of the element that the event is about, such as "user-12"; None when it is about none
        transient    not logged and without an id: carried by the broker alone, best effort; still only after the commit

        Raises InvalidEvent or UnknownTopic at once. Never raises for a fault of the broker.
        """
        event = new_event(topic, type, data, key=key, max_bytes=self._runtime.max_event)
        self._runtime.topics.find(topic)
        self._outbox().add(event, transient)

    def cursor(self):
        """Return the present cursor as text. A page reads it before its rows: an event may then come twice, never not at all."""
        return str(self._runtime.log.cursor(self._session.connection()))

    @property
    def _session(self):
        return getattr(self.request, self._runtime.session_name)

    def _outbox(self):
        session = self._session
        outbox = session.info.get("realtime.outbox")
        if outbox is None:
            tm = getattr(self.request, "tm", None)
            if tm is None:
                raise RealtimeError("request.tm: there is none, so no transaction to publish in; config.include('pyramid_tm')")
            outbox = session.info["realtime.outbox"] = Outbox(session, tm, self._runtime.log, self._runtime.broker)
        return outbox


class Outbox:
    """The events of one session's present transaction. The thread of the session.

    A savepoint that is rolled back takes with it what was published since: each event remembers the SessionTransaction
    that it was published in, and goes when that one or one around it is rolled back.
    """

    def __init__(self, session, tm, log, broker):
        if session.twophase:
            raise ValueError("a session with twophase=True cannot publish: a prepared transaction keeps the event log locked, "
                             "for ever if its coordinator dies; use a session without")
        self._session, self._tm, self._log, self._broker = session, tm, log, broker
        self._transaction = None    # zope's, for which the hooks are set
        self._pending = []          # [(SessionTransaction, Event, transient)] published and not yet written
        self._written = []          # [Event] to go out after the commit
        self._is_armed = False
        sa.event.listen(session, "after_soft_rollback", self._forget_within)
        sa.event.listen(session, "after_transaction_end", self._forget_all)

    def add(self, event, transient):
        mark_changed(self._session, self._tm)       # join, and COMMIT for real even if the view only read
        transaction = self._tm.get()
        if self._transaction is not transaction:
            self._transaction, self._is_armed = transaction, False
            self._pending, self._written = [], []
            transaction.addAfterCommitHook(self._after_commit)
        if not self._is_armed:
            transaction.addBeforeCommitHook(self._before_commit)
            self._is_armed = True
        within = self._session.get_nested_transaction() or self._session.get_transaction()
        self._pending.append((within, event, transient))

    # Hooks of the transaction

    def _before_commit(self):
        *_, (last, _, _) = self._transaction.getBeforeCommitHooks()
        if last != self._before_commit:             # others come after: let them publish, and lock their rows, first
            return self._transaction.addBeforeCommitHook(self._before_commit)
        self._session.flush()                       # so that every other row is locked before the head row is
        self._is_armed = False
        pending, self._pending = self._pending, []
        logged = iter(self._append([event for _, event, transient in pending if not transient]))
        self._written += [event if transient else next(logged) for _, event, transient in pending]

    def _append(self, events):
        return self._log.append(self._session.connection(), events) if events else []

    def _after_commit(self, is_committed):
        events, self._written, self._pending, self._transaction = self._written, [], [], None
        if is_committed and events:
            self._broker.publish(events)

    # Events of the session

    def _forget_within(self, session, ended):
        """`ended`, a savepoint or the whole, is rolled back: by begin_nested, by a zope savepoint, by an error."""
        self._pending = [entry for entry in self._pending if not _is_within(entry[0], ended)]

    def _forget_all(self, session, ended):
        """The session was closed under us: a zope savepoint from before it joined is rolled back, or all is aborted."""
        if ended.parent is None:
            self._pending = []


def _is_within(transaction, ended):
    while transaction is not None:
        if transaction is ended:
            return True
        transaction = transaction.parent
    return False
