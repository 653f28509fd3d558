"""The SQL event log: the truth. An event is a row, written in the transaction of the change that it tells of.

`seq` has no gaps and rises in the order of commits, because whoever appends holds the one head row until the commit.
So appending is the last thing that a transaction does, and isolation is READ COMMITTED: see publish.py.
"""
import json
import math
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import cache

import sqlalchemy as sa

from .core.event import Cursor, Event
from .core.window import PAGE
from .errors import LogUnavailable
from .life import Life, lineage_of, random_epoch
from .pulse import Pulse

PRUNE_BATCH = 10_000    # rows of one DELETE: longer ones hold up vacuum and, on SQLite, every writer
FRESH_S = 3.0           # for which the life of the log is believed to go on: after a restore or a failover it does not
READERS = 2             # connections that read at once: a thousand clients that come back must not take the database for themselves

metadata = sa.MetaData(naming_convention={
    "pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"})

head_table = sa.Table(
    "event_log_head", metadata,
    sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1", name="single"), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),        # of the newest event
    sa.Column("floor", sa.BigInteger, nullable=False),      # seq up to which the log is pruned
    sa.Column("epoch", sa.Text, nullable=False))            # which life of the log

log_table = sa.Table(
    "event_log", metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    sa.Column("data", sa.Text, nullable=False),             # JSON as it was published: jsonb would refuse NUL and reorder keys
    sa.Column("created", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.current_timestamp()),
    sa.Index("ix_event_log_topic_seq", "topic", "seq"))

# One round trip while the head row is locked: every other writer waits for it. A second one, to notify, cost eight writers 40 % of their
# commits, this one 25 %. What is rung for is a table of its own, not a column of the last line: there the planner, which takes the head
# for a thousand rows until the first ANALYZE, expects so much that it compiles, 50 ms each time.
APPEND_POSTGRESQL = """
    WITH head AS (UPDATE event_log_head SET seq = seq + :n RETURNING seq, epoch),
    written AS (
        INSERT INTO event_log (seq, topic, type, key, data)
        SELECT head.seq - :n + new.place, new.topic, new.type, new.key, new.data
        FROM head, unnest(CAST(:topics AS text[]), CAST(:types AS text[]), CAST(:keys AS text[]), CAST(:datas AS text[]))
            WITH ORDINALITY AS new(topic, type, key, data, place)
        RETURNING seq, topic, type, key, data),
    rung AS ({rung})
    SELECT seq, epoch, (SELECT count(done) FROM rung) FROM head"""

SELECT_EVENTS = sa.select(
    *(log_table.c[name] for name in ("seq", "topic", "type", "key", "data")),
    sa.select(head_table.c.epoch).scalar_subquery().label("epoch")).order_by(log_table.c.seq)


@dataclass(frozen=True)
class Head:
    """Where the log stands."""
    cursor: Cursor      # of its newest event
    floor: int          # seq up to which it is pruned
    stored: str         # the epoch as the head row has it; clients see one that the lineage of the database is part of


class Log:
    """The log of one database, as one process reads and writes it. Any thread.

    `append` and `cursor` run on the caller's connection, inside its transaction. All else has connections of its own,
    outside the application's pool, at most READERS at once, each transaction as long as one statement.
    """

    def __init__(self, engine, *, clock=time.monotonic):
        """engine: of the application; its address and the set-up of its connections are used, none of its connections.

        So a database that lives in one connection (SQLite in memory) cannot be followed.
        """
        pool = engine.pool.recreate()
        self._engine = sa.create_engine(engine.url, pool=pool, isolation_level="AUTOCOMMIT")
        self._readers = threading.BoundedSemaphore(READERS)
        self._clock, self._life, self._life_due = clock, None, -math.inf    # as it was last seen, and when it is to be looked at again
        self._pulse = Pulse(self._engine)

    def close(self):
        self._pulse.close()
        self._engine.dispose()

    # On the caller's connection

    def append(self, connection, events, ring=None):
        """Write `events`, whose seq is None, in their order. Returns (them as logged Events, whether all were rung for).

        ring  of a broker that lives in this database, PostgreSQL: an SQL expression, evaluated for each row in order, that tells other
              processes of it once it is committed; over the columns seq, topic, type, key and data, and the parameter :epoch; NULL when
              it cannot

        From here to the end of its transaction the caller keeps every other writer of the log waiting.
        Raises what the database raises, for the transaction's own retry.
        """
        life = self._known_life(connection)
        if connection.dialect.name == "postgresql":
            seq, stored, rung = _append_postgresql(connection, events, ring, life)
        else:
            seq, stored, rung = _append_portable(connection, events)
        first, epoch = seq - len(events) + 1, (life if stored == life.stored else Life(stored, life.lineage)).epoch
        logged = [Event(epoch, first + place, event.topic, event.type, event.data, event.key) for place, event in enumerate(events)]
        return logged, rung == len(events)

    def cursor(self, connection):
        """Return the Cursor of the newest event that `connection` sees: what it reads afterwards is at least as new."""
        seq, stored = connection.execute(sa.select(head_table.c.seq, head_table.c.epoch)).one()
        return Cursor(self._see(stored, lineage_of(connection)).epoch, seq)     # asked each time: a failover to a standby changes it

    def has_events(self, connection, topic):
        """Return whether the log keeps an event of `topic`: whoever may read it might be given that."""
        return connection.execute(sa.select(log_table.c.seq).where(log_table.c.topic == topic).limit(1)).first() is not None

    def recent(self, connection, topic, type, limit):
        """Return the newest events of `topic`, of `type` or of any (None), oldest first; see publish.Realtime.recent."""
        wanted = sa.select(*(log_table.c[name] for name in ("seq", "type", "key", "data", "created"))).where(log_table.c.topic == topic)
        if type is not None:
            wanted = wanted.where(log_table.c.type == type)
        rows, epoch = connection.execute(wanted.order_by(log_table.c.seq.desc()).limit(limit)).all(), self._known_life(connection).epoch
        return [{"id": str(Cursor(epoch, row.seq)), "type": row.type, "key": row.key, "data": json.loads(row.data),
                 "created": row.created if row.created.tzinfo else row.created.replace(tzinfo=UTC)} for row in reversed(rows)]

    # On connections of its own

    def stamp(self, event):
        """Return a transient `event` with the epoch of this log, by which processes of another log know that it is not for them.

        Reads the log when that was last done FRESH_S ago, else nothing. Raises LogUnavailable.
        """
        if self._clock() >= self._life_due:
            self.head()
        return Event(self._life.epoch, None, event.topic, event.type, event.data, event.key)

    def head(self):
        """Return the Head now. Raises LogUnavailable."""
        with self._reading() as connection:
            seq, floor, stored = connection.execute(sa.select(head_table.c.seq, head_table.c.floor, head_table.c.epoch)).one()
            life = self._see(stored, lineage_of(connection))
        return Head(Cursor(life.epoch, seq), floor, stored)

    def pulse(self):
        """Return what changes with each commit of any process, in some us; None where the database has no such thing.

        The follow thread. Raises LogUnavailable.
        """
        try:
            return self._pulse.read()
        except sa.exc.SQLAlchemyError as error:
            self._pulse.close()
            raise _unavailable(error) from error

    def read_after(self, seq, *, limit=1000):
        """Return the events that follow `seq`, oldest first.

        seq    last event the caller has, int >= 0; 0 reads from the start
        limit  most events to return; a caller loops while it gets `limit` back
        Returns a list of Event, seq strictly rising and without gaps, unless the log is pruned beyond `seq`; [] when caught up.
        Raises LogUnavailable.
        """
        with self._reading() as connection:
            rows = connection.execute(SELECT_EVENTS.where(log_table.c.seq > seq).limit(limit)).all()
            lineage = self._known_life(connection).lineage
        return [Event(Life(row.epoch, lineage).epoch, row.seq, row.topic, row.type, row.data, row.key) for row in rows]

    def read_page(self, number):
        """Return the events of page `number` (core/window.py), as far as there are any. Raises LogUnavailable."""
        return [event for event in self.read_after(number * PAGE, limit=PAGE) if event.seq <= (number + 1) * PAGE]

    def renew(self, head):
        """Begin another life of the log, unless somebody has since `head` was read; for whoever finds it shorter than it was."""
        with self._reading() as connection:
            connection.execute(sa.update(head_table).where(head_table.c.epoch == head.stored).values(epoch=random_epoch()))

    def prune(self, *, older_than=None, keep_rows=None):
        """Forget events from before `older_than` (aware datetime) and all but the newest `keep_rows`. Returns how many seqs went.

        The floor moves first, so that nobody is promised what is about to go; then rows go by seq, in batches. Raises LogUnavailable.
        """
        with self._reading() as connection:
            old, floor = connection.execute(sa.select(head_table.c.seq, head_table.c.floor)).one()
            target = max(self._newest_before(connection, older_than), old - keep_rows if keep_rows is not None else 0, floor)
            connection.execute(sa.update(head_table).where(head_table.c.floor < target).values(floor=target))
            for last in range(floor + PRUNE_BATCH, target + PRUNE_BATCH, PRUNE_BATCH):
                connection.execute(sa.delete(log_table).where(log_table.c.seq <= min(last, target)))
        return target - floor

    # Inside

    @staticmethod
    def _newest_before(connection, moment):
        """The highest seq that is older than `moment`. All before it go, too: created is a transaction's start, it orders nothing."""
        if moment is None:
            return 0
        # In UTC, as SQLite keeps it, which knows no zones.
        older = log_table.c.created < moment.astimezone(UTC)
        return connection.scalar(sa.select(sa.func.max(log_table.c.seq)).where(older)) or 0

    def _known_life(self, connection):
        """Return the Life as it was last seen, FRESH_S ago at most; else as `connection` sees it."""
        if self._clock() >= self._life_due:
            self.cursor(connection)
        return self._life

    def _see(self, stored, lineage):
        """Return the Life, and remember it."""
        self._life, self._life_due = Life(stored, lineage), self._clock() + FRESH_S
        return self._life

    @contextmanager
    def _reading(self):
        try:
            with self._readers, self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise _unavailable(error) from error


def _unavailable(error):
    return LogUnavailable(f"the event log cannot be read: {type(error).__name__}; see that the database is up and migrated")


def _append_postgresql(connection, events, ring, life):
    """Return (seq of the last, the stored epoch, how many were rung for)."""
    columns = {f"{name}s": [getattr(event, name) for event in events] for name in ("topic", "type", "key", "data")}
    known = {"epoch": life.epoch, "stored": life.stored} if ring else {}
    return connection.execute(_append_statement(ring), {"n": len(events), **columns, **known}).one()


@cache
def _append_statement(ring):
    # Not under an epoch that has just ended: nobody would take it.
    rung = f"SELECT {ring} AS done FROM (SELECT written.* FROM written, head WHERE head.epoch = :stored ORDER BY seq) AS event"
    return sa.text(APPEND_POSTGRESQL.format(rung=rung if ring else "SELECT 0 AS done WHERE false"))


def _append_portable(connection, events):
    """Return what _append_postgresql does."""
    raised = sa.update(head_table).values(seq=head_table.c.seq + len(events)).returning(head_table.c.seq, head_table.c.epoch)
    seq, stored = connection.execute(raised).one()
    connection.execute(sa.insert(log_table), [
        {"seq": seq - len(events) + place, "topic": event.topic, "type": event.type, "key": event.key, "data": event.data}
        for place, event in enumerate(events, 1)])
    return seq, stored, 0


def new_epoch(connection):
    """Begin another life of the log, after a backup was restored: every open page starts over. In the caller's transaction."""
    connection.execute(sa.update(head_table).values(epoch=random_epoch()))


@sa.event.listens_for(head_table, "after_create")
def _first_epoch(table, connection, **options):
    """`metadata.create_all` makes a log that works, as the migration does."""
    connection.execute(sa.insert(head_table).values(one=1, seq=0, floor=0, epoch=random_epoch()))
