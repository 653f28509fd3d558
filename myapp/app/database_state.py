"""The state of the database, as probes ask for it: within PATIENCE_S whatever the database does, and for next to nothing."""
import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from myapp.db import has_current_schema
from myapp.realtime import LogUnavailable

log = logging.getLogger(__name__)

# Seconds for an answer: probes mostly ask each second. The database's own limits are longer (db.py: 5 s to connect, for a lock and
# for a place in the pool, 30 s for a statement), and a server that is frozen keeps to none of them.
PATIENCE_S = 2.0

UP = {"database": "up", "schema": "current"}
OTHER = {"database": "up", "schema": "other"}       # that of another release, or none
DOWN = {"database": "down", "schema": "unknown"}


class DatabaseState:
    """Whether the database answers, and has the schema of this release. Any thread.

    One look is under way at a time, which all who ask meanwhile share: a crowd costs the database no more than one of them does.
    """

    def __init__(self, registry):
        self._registry = registry
        # Found once, it is believed until the database fails: while a release is brought out, the schema is the next one's before this
        # process is, and somebody must serve meanwhile. Only the thread of the look that is under way writes it.
        self._is_schema_current = False
        self._lock = threading.Lock()       # guards what follows
        self._look = None

    def read(self):
        """Return UP, OTHER or DOWN, within PATIENCE_S. The first call makes this process listen, if the database answers."""
        with self._lock:
            if self._look is None or self._look.is_over:
                self._look = Look(self._find)
            look = self._look
        return look.result()

    def _find(self):
        try:
            if not self._is_schema_current and not self._has_schema():
                return OTHER
            runtime = self._registry.realtime
            _ = runtime.hub         # made at first use: it listens from then on, so that a broker that is absent is known
            runtime.log.head()
        except (SQLAlchemyError, LogUnavailable):
            self._is_schema_current = False
            return DOWN
        self._is_schema_current = True
        return UP

    def _has_schema(self):
        with self._registry["dbsession_readers"]() as dbsession:
            return has_current_schema(dbsession)


class Look:
    """One look, in a thread of its own: a database that hangs keeps whoever asks it, and nobody else can go on in time."""

    def __init__(self, find):
        """find() returns what there is to see."""
        self._found, self._deadline = DOWN, time.monotonic() + PATIENCE_S
        self._thread = threading.Thread(target=self._run, args=(find,), name="database-look", daemon=True)
        self._thread.start()

    @property
    def is_over(self):
        """After a fork it is, in the child."""
        return not self._thread.is_alive()

    def result(self):
        """Return what was found; DOWN when that has taken too long."""
        self._thread.join(max(0, self._deadline - time.monotonic()))
        return self._found

    def _run(self, find):
        try:
            self._found = find()
        except Exception:       # the top of a thread; whoever waits for it is told DOWN
            log.exception("looking at the database failed")


def includeme(config):
    config.registry["myapp.database_state"] = DatabaseState(config.registry)
