"""The PostgreSQL broker: LISTEN and NOTIFY. Where it is the application's own database, the events go out with their transaction.

`postgresql://` is the application's own database; `postgresql://user:password@host[:port]/database` any. Each process holds a direct
connection for LISTEN: a pooler that lends connections out by the transaction would not bring it anything.
"""
import secrets
import time
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

import psycopg2
import psycopg2.extensions

from .networked import NetworkedBroker, Receiving, Sending, translated
from .silence import Silence

ERRORS = psycopg2.Error, OSError
CHANNEL = "myapp_realtime"
MOST_BYTES = 7999       # of a payload; one byte more would fail the transaction that notifies
TIMEOUT_S = 2.0         # for a connection and for an answer
PORT = "5432"
NOTIFY = "SELECT pg_notify(%s, payload) FROM unnest(%s) WITH ORDINALITY AS new(payload, place) ORDER BY place"
# As message.py writes it: the event, or where that is too large, its cursor. Nothing while somebody, in a transaction that never ends,
# keeps the queue of all notifications from being emptied: a full one would fail the transaction.
RING = f"""
    (SELECT CASE WHEN pg_notification_queue_usage() < 0.5
        THEN pg_notify('{CHANNEL}', CASE WHEN octet_length(whole) <= {MOST_BYTES} THEN whole ELSE head END) END
    FROM (SELECT '{{"v": 1, "events": [' || json_build_array(CAST(:epoch AS text), seq, topic, type, data, key) || ']}}' AS whole,
        '{{"v": 1, "head": ' || json_build_array(CAST(:epoch AS text), seq) || '}}' AS head) AS message)"""
OPTIONS = {"application_name": "myapp.realtime", "client_encoding": "UTF8",
           "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


class PostgresBroker(NetworkedBroker):
    most_bytes = MOST_BYTES

    def __init__(self, url):
        super().__init__(url)
        self._own, self._target = None, _parsed(url)        # arguments of psycopg2.connect

    def attach(self, engine):
        if engine.dialect.name == "postgresql":
            self._own = engine.dialect.create_connect_args(engine.url)[1]
        self._target = self._target or self._own
        if self._target is None:
            raise ValueError(f"postgresql:// is the application's own database, and that is {engine.dialect.name}; "
                             "write postgresql://user:password@host[:port]/database")
        self._secrets |= {self._target["password"]} if len(self._target.get("password") or "") > 3 else set()
        self.ring = RING if self._own and _place(self._own) == _place(self._target) else None

    def connect(self):
        return PostgresSending(self._target)

    def listen(self):
        return PostgresReceiving(self._target)


def _parsed(url):
    """Return the arguments that `url` gives, {} for none."""
    try:
        return psycopg2.extensions.parse_dsn(url)
    except psycopg2.Error:      # not shown: it may quote the part of the password that it could not read
        raise ValueError("must be postgresql://, the application's own database, or postgresql://user:password@host[:port]/database, "
                         "special characters of the password percent-encoded") from None


def _place(arguments):
    """Which database they lead to, as far as can be told without a connection."""
    name = arguments.get("dbname") or arguments.get("database") or arguments.get("user")     # libpq's own rule
    return str(arguments.get("host")), str(arguments.get("port", PORT)), name


class PostgresConnection:
    """A connection of the asynchronous kind: the driver's other one waits for ever for a server that hangs."""

    def __init__(self, arguments):
        with translated(*ERRORS):
            self._connection = psycopg2.connect(**{**OPTIONS, **arguments}, async_=True)
        with translated(*ERRORS, opened=self):
            self._wait()

    def _run(self, statement, parameters):
        with translated(*ERRORS):
            cursor = self._connection.cursor()      # to be kept until the answer is there
            cursor.execute(statement, parameters)
            self._wait()

    def _wait(self):
        """Wait until what was begun is done."""
        deadline = time.monotonic() + TIMEOUT_S
        while (state := self._connection.poll()) != psycopg2.extensions.POLL_OK:
            if not self._is_ready(EVENT_READ if state == psycopg2.extensions.POLL_READ else EVENT_WRITE, deadline - time.monotonic()):
                raise psycopg2.OperationalError(f"no answer within {TIMEOUT_S:.0f} s")

    def _is_ready(self, event, timeout_s):
        """Wait until the socket can be read or written. Not by select(), which takes none of the numbers beyond a thousand streams."""
        with DefaultSelector() as selector:
            selector.register(self._connection, event)
            return bool(selector.select(max(0, timeout_s)))

    def close(self):
        self._connection.close()


class PostgresSending(PostgresConnection, Sending):
    def send(self, messages):
        if messages:
            self._run(NOTIFY, (CHANNEL, [each.decode() for each in messages]))


class PostgresReceiving(PostgresConnection, Receiving):
    def __init__(self, arguments):
        super().__init__(arguments)
        self._silence, self._own_channel = Silence(), f"{CHANNEL}_{secrets.token_hex(8)}"
        try:
            self._run(f"LISTEN {CHANNEL}; LISTEN {self._own_channel}", None)
        except BaseException:
            self.close()
            raise

    def receive(self, timeout_s):
        with translated(*ERRORS):
            if not self._connection.notifies and self._is_ready(EVENT_READ, timeout_s):
                self._connection.poll()
        notices, self._connection.notifies[:] = [*self._connection.notifies], []
        if notices:
            self._silence.end()
        self._silence.insist(self._notify_myself)
        return [notice.payload for notice in notices if notice.channel == CHANNEL]

    def _notify_myself(self):
        """Ask for an answer."""
        self._run("SELECT pg_notify(%s, '')", (self._own_channel,))
