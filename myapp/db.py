"""The database: engine, session factory, `request.dbsession` under pyramid_tm, and the base of all models.

It knows no table. On SQLite the engine itself begins the transactions, because the driver would begin them too late.
"""
import os
from datetime import UTC

import sqlalchemy as sa
import zope.sqlalchemy
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from . import schema
from .schema import shown
from .tm import TransactionManager, commit_veto

POOL_SIZE = 32              # connections: as many as worker threads, so that no request waits for another one's
POOL_TIMEOUT_S = 5          # seconds for a free connection; then 503, before the client's patience and the server's threads are gone
# libpq's: 5 s to reach PostgreSQL, for the same reason; and 15 to 25 s for the kernel to notice that its network has gone.
CONNECT_POSTGRESQL = {"connect_timeout": 5, "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
                      "tcp_user_timeout": 15_000}
BUSY_TIMEOUT_MS = 10_000    # SQLite: wait for the one writer; transactions here last milliseconds
READ_COMMITTED = "READ COMMITTED"
READING_METHODS = frozenset({"GET", "HEAD"})
INSERTS = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}     # by dialect: INSERTs that may say ON CONFLICT, as SQL's own do not

# PostgreSQL: nobody waits for ever for a lock, a slow statement or a client that went away in the middle of a transaction.
POSTGRESQL_LIMITS = ("SET lock_timeout = '5s'", "SET statement_timeout = '30s'", "SET idle_in_transaction_session_timeout = '30s'")
POSTGRESQL_ZONE = "SET TIME ZONE 'UTC'"     # in another one moments of the years 1 and 9999 may be of 0 and 10000, which Python cannot read

# Every constraint has a name, the same on each database: a migration can then alter or drop it.
NAMING_CONVENTION = {
    "ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s", "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every model."""
    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)


class UTCDateTime(sa.types.TypeDecorator):
    """A moment: aware datetimes in UTC in Python, `timestamptz` on PostgreSQL, naive UTC on SQLite, which keeps no zone."""
    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value and value.astimezone(UTC)

    def process_result_value(self, value, dialect):
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")      # SQLite numbers rows by itself only for INTEGER


# Engine

def create_engine(settings):
    """Return the engine of the `sqlalchemy.*` keys of `settings` (a mapping of ini text). Nothing is connected yet.

    Raises ValueError, a sentence without the password, when a key is wrong or missing.
    """
    url = read_url(settings)
    options = {key.removeprefix("sqlalchemy."): value for key, value in settings.items() if key.startswith("sqlalchemy.")}
    if url.get_backend_name() == "postgresql" and options.get("isolation_level", READ_COMMITTED).upper() != READ_COMMITTED:
        raise ValueError(f"sqlalchemy.isolation_level = {options['isolation_level']}: must be {READ_COMMITTED}, for under a stricter one "
                         "most transactions that publish would fail; leave it out")
    try:
        engine = sa.engine_from_config({**_defaults(url), **options, "url": url}, prefix="")
    except (ArgumentError, TypeError, ValueError, ImportError) as error:
        raise ValueError(f"sqlalchemy.* of {shown(url)}: {error}; see SQLAlchemy's create_engine for the keys and their values") from error
    prepare = {"sqlite": _prepare_sqlite, "postgresql": _prepare_postgresql}[url.get_backend_name()]
    sa.event.listen(engine, "connect", prepare)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "begin", _begin_sqlite)
        sa.event.listen(engine, "checkout", _insist_on_present_file)
    return engine


def read_url(settings):
    """Return the URL of `sqlalchemy.url`; `postgresql://` means psycopg2, which SQLAlchemy 2.1 no longer takes by itself."""
    text = (settings.get("sqlalchemy.url") or "").strip()
    if not text:
        raise ValueError("sqlalchemy.url is missing: use sqlite:////absolute/path or postgresql://user:password@host/database")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):     # the cause is not shown: it may quote a part of the password
        raise ValueError("sqlalchemy.url cannot be read: use sqlite:////absolute/path or postgresql://user:password@host/database, "
                         "with special characters of the password percent-encoded") from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ValueError(f"sqlalchemy.url = {shown(url)}: this database is not supported; use sqlite or postgresql")
    return url.set(drivername="postgresql+psycopg2") if url.drivername == "postgresql" else url


def _defaults(url):
    defaults = {"pool_pre_ping": True, "pool_size": POOL_SIZE, "max_overflow": 0, "pool_timeout": POOL_TIMEOUT_S,
                "hide_parameters": True}    # an error's text may reach a log: no e-mail, no hash in it
    if url.get_backend_name() == "sqlite":
        return defaults
    connect = {key: value for key, value in CONNECT_POSTGRESQL.items() if key not in url.query}
    return {**defaults, "isolation_level": READ_COMMITTED, "connect_args": connect}


def _prepare_postgresql(connection, record):
    before, connection.autocommit = connection.autocommit, True     # a SET inside a transaction would go with its rollback
    with connection.cursor() as cursor:
        for statement in (*POSTGRESQL_LIMITS, POSTGRESQL_ZONE):
            cursor.execute(statement)
    connection.autocommit = before


def _prepare_sqlite(connection, record):
    connection.isolation_level = None   # the driver's own BEGIN comes only before the first write: too late to be IMMEDIATE
    for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


    record.info["file"] = _file_of(connection)


def _insist_on_present_file(connection, record, proxy):
    """A file that was replaced or removed lives on in the connections that have it open; what they write is lost with them."""
    if record.info["file"] != _file_of(connection):
        raise sa.exc.DisconnectionError("the database file is another one than before")


def _file_of(connection):
    """Which file stands where the connection's own stood: None for a database in memory, or when there is none."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    try:
        status = path and os.stat(path)
    except OSError:
        return None
    return status and (status.st_dev, status.st_ino)


def _begin_sqlite(connection):
    # A transaction that reads first and writes later fails at once when another has written between: writers queue at BEGIN.
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


# Sessions

def dbsession(request):
    """Request method, reified. The session of this request, in the transaction of `request.tm`; closed when the request ends."""
    maker = request.registry["dbsession_readers" if request.method in READING_METHODS else "dbsession_factory"]
    session = maker()
    zope.sqlalchemy.register(session, transaction_manager=request.tm)
    # After an error at commit the transaction keeps the session open; the connection must not wait for the garbage collector.
    request.add_finished_callback(lambda request: session.close())
    return session


def has_current_schema(dbsession):
    """Tell whether the database of a session has the schema of this release."""
    return schema.present(dbsession.connection()) == schema.heads()


def includeme(config):
    settings = config.registry.settings
    settings.update({
        "tm.manager_hook": TransactionManager,
        "tm.annotate_user": False,      # it would ask who the user is, a query, before each static file
        "tm.commit_veto": commit_veto,
    })
    settings.setdefault("retry.attempts", 3)
    config.include("pyramid_tm")
    config.include("pyramid_retry")
    config.include("myapp.realtime.settings")
    config.add_request_method(dbsession, reify=True)
    try:
        engine = create_engine(settings)
    except ValueError as error:
        problem = str(error)
        config.add_start_up_check(lambda: [problem])
    else:
        config.registry["dbsession_factory"] = sessionmaker(engine)
        config.registry["dbsession_readers"] = sessionmaker(engine.execution_options(reading=True))
        config.add_start_up_check(lambda: schema.check(engine))
