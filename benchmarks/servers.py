"""The servers that are compared: how each is started, and how events are published to it. One class for each, ours first."""
import http.client
import shutil
import socket
import sys
from pathlib import Path

from myapp import db, migration

from . import BUILD, ROOT
from .content import Numbers
from .process import Process

PEERS = BUILD / "peers/bin"             # of the environment that has the Python peers
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
ANSWER_S = 120                          # for a POST: a slow peer sends a burst before it answers
HOST = "127.0.0.1"
SPARE_STREAMS = 100                     # those of a client that has just gone may not have been given back yet


class Server:
    """A server that can be measured. Subclasses say how; `port` is given, `folder` is a temporary one of its own."""

    name: str               # on the command line
    title: str              # in the table
    most_streams = None     # that it can hold in this configuration; None: as many as files allow
    has_pages = True
    events = "/events"      # address of the stream that everybody may see

    def __init__(self, port, folder, streams):
        """streams: how many it is going to hold."""
        self.port, self.folder, self.streams = port, Path(folder), streams

    @classmethod
    def missing(cls):
        """Return a sentence on what has to be installed first, None when nothing has."""

    def command(self):
        """Return the words of the command; files that it needs are in `folder` afterwards."""
        raise NotImplementedError

    def start(self):
        """Return it as a Process that answers."""
        return Process(self.command(), port=self.port, log=self.folder / "log", environment={"PYTHONPATH": str(ROOT)})

    def publish(self, count):
        """Publish `count` events at once; return when the server says that it has taken them."""
        self.ask("POST", f"/pub?count={count}")

    def ask(self, method, address):
        """Return the body of the answer, as text. Raises OSError for any other than 2xx."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=ANSWER_S)
        try:
            connection.request(method, address, headers={"Content-Length": "0"} if method == "POST" else {})
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            connection.close()
        if response.status // 100 != 2:
            raise OSError(f"{self.title}: {method} {address} was answered {response.status}: {body[:300]}")
        return body


INI = """\
[app:main]
{app}
sqlalchemy.url = {url}
realtime.broker = {broker}
realtime.max_streams = {streams}
realtime.max_streams_per_user = 0
realtime.max_streams_per_address = 0

[server:main]
use = egg:myapp#server
host = {host}
port = {port}
threads = 4

[loggers]
keys = root

[handlers]
keys = console

[formatters]
keys = line

[logger_root]
level = WARNING
handlers = console

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = line

[formatter_line]
format = %(levelname)s [%(name)s] %(message)s
"""


class Ours(Server):
    """application.py under pserve with four threads, as an ini file would have it, on SQLite."""
    name, title = "myapp", "myapp"
    events = "/events?topic=bench"
    app = "paste.app_factory = benchmarks.application:main"     # the first lines of [app:main]
    broker = "memory://"

    @property
    def database(self):
        """Its URL."""
        return f"sqlite:///{self.folder}/benchmark.sqlite"

    def command(self):
        engine = db.create_engine({"sqlalchemy.url": self.database})
        migration.upgrade(engine)
        self.fill(engine)
        engine.dispose()
        ini = self.folder / "benchmark.ini"
        ini.write_text(INI.format(app=self.app, url=_ini(self.database), broker=_ini(self.broker), host=HOST, port=self.port,
                                  streams=self.streams + SPARE_STREAMS))
        return [Path(sys.executable).with_name("pserve"), ini]

    def fill(self, engine):
        """Put into the database what has to be in it."""


class OnPostgres(Ours):
    """The same, on PostgreSQL and with a broker."""

    def __init__(self, port, folder, database, broker):
        """database, broker: their URLs."""
        super().__init__(port, folder, streams=1)
        self._database, self.broker = database, broker

    @property
    def database(self):
        return self._database


def _ini(value):
    """Return `value` as an ini file has it, in which a percent sign begins a name."""
    return value.replace("%", "%%")


class Raw(Server):
    """peers/raw.c: the limit."""
    name, title = "raw", "bare send loop (C)"
    has_pages = False

    def command(self):
        return [BUILD / "raw", self.port]


class Nchan(Server):
    """nginx with nchan, one process; peers/nchan.conf. An event is a POST, so that a burst is that many, pipelined."""
    name, title = "nchan", "nginx + nchan (C)"
    has_pages = False

    def __init__(self, port, folder, streams):
        super().__init__(port, folder, streams)
        self._numbers = Numbers()

    @classmethod
    def missing(cls):
        if cls._nginx() is None or not NCHAN.exists():
            return "the Debian packages nginx and libnginx-mod-nchan"

    @staticmethod
    def _nginx():
        return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

    def command(self):
        conf = (ROOT / "benchmarks/peers/nchan.conf").read_text()
        for word, value in {"PORT": self.port, "FOLDER": self.folder, "MODULE": NCHAN, "FILES": self.streams + 300}.items():
            conf = conf.replace(word, str(value))
        (self.folder / "nginx.conf").write_text(conf)
        return [self._nginx(), "-p", self.folder, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"]

    def publish(self, count):
        with socket.create_connection((HOST, self.port), timeout=ANSWER_S) as connection:
            connection.sendall(b"".join(self._post() for _ in range(count)))
            answers = b""
            while answers.count(b"HTTP/1.1 20") < count:
                part = connection.recv(65536)
                if not part:
                    raise OSError(f"{self.title}: it closed after {answers.count(b'HTTP/1.1 20')} of {count} POSTs: {answers[-300:]}")
                answers += part

    def _post(self):
        return f"POST /pub HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\n{self._numbers.event_json()}".encode()


class PythonPeer(Server):
    """A peer that lives in the environment of requirements.txt."""

    @classmethod
    def missing(cls):
        if not (PEERS / "python").exists():
            return "the Python peers; `make bench` installs them"


class Gevent(PythonPeer):
    """gunicorn with its gevent worker: a greenlet for each stream; peers/wsgi.py."""
    name, title = "gevent", "gunicorn gevent"

    def command(self):
        return [PEERS / "gunicorn", "--bind", f"{HOST}:{self.port}", "--worker-class", "gevent", "--workers", 1, "--timeout", 0,
                "--worker-connections", self.streams + 200, "--backlog", 4096, "--keep-alive", 75, "benchmarks.peers.wsgi:app"]


class Uvicorn(PythonPeer):
    """Starlette and sse-starlette under uvicorn, with uvloop and httptools; peers/asgi.py."""
    name, title = "uvicorn", "uvicorn + sse-starlette"

    def command(self):
        return [PEERS / "uvicorn", "--host", HOST, "--port", self.port, "--loop", "uvloop", "--http", "httptools", "--backlog", 4096,
                "--no-access-log", "--log-level", "warning", "--timeout-keep-alive", 75, "benchmarks.peers.asgi:app"]


class WaitressThreads(PythonPeer):
    """waitress as it is: a thread for each stream; peers/wsgi.py."""
    name, title = "waitress", "waitress, a thread each"
    most_streams = 1000

    def command(self):
        return [PEERS / "python", "-m", "benchmarks.peers.wsgi", self.port, self.streams]


SERVERS = [Ours, Raw, Nchan, Gevent, Uvicorn, WaitressThreads]
