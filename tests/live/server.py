"""A web process: a real `pserve` with an ini file of its own. It can be told to stop, killed, and started again on the same port."""
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]    # so that an application of the tests can be named as a factory
# Below what the kernel gives to outgoing connections: a port between two lives of a process would else be taken by one of our own
# clients, or connect to itself.
PORTS = range(20_000, 32_000)
START_S = 90.0      # a start takes 1 s, and a minute where twenty others want the two processors too
DRAIN_S = 10.0      # what the product promises for SIGTERM

INI = """\
[app:main]
use = {factory}
{app}

[server:main]
use = {runner}
host = {host}
port = {port}
threads = {threads}

[loggers]
keys = root

[handlers]
keys = console

[formatters]
keys = line

[logger_root]
level = INFO
handlers = console

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = line

[formatter_line]
format = %(levelname)s [%(name)s] %(message)s
"""


class Server:
    """One web process of the application, and the ini file that it and the commands are given.

        server = Server(tmp_path, url, {"realtime.tail_interval": "200ms"})
        server.start()
        server.url      # http://127.0.0.1:20417
    """

    def __init__(self, folder, database_url, settings=None, *, factory="egg:myapp", runner="egg:myapp#server", threads=4,
                 name="server", starter=None):
        """folder: where the ini file is written. settings: further keys of [app:main], which win over those here.

        factory, runner: of the application and of the server, as PasteDeploy names them.
        starter(ini) -> the command line that starts it, where it is not pserve's.
        """
        self.address = HOST, free_port()
        self._starter = starter or (lambda ini: [command("pserve"), ini])
        self.database_url = database_url
        self.ini = Path(folder) / f"{name}.ini"
        app = {"sqlalchemy.url": database_url, "sqlalchemy.pool_size": 8, "myapp.auto_login": "admin", "realtime.tail_interval": "200ms",
               "realtime.retry": "200ms..400ms", **(settings or {})}
        lines = "\n".join(f"{key} = {str(value).replace('%', '%%')}" for key, value in app.items())
        self.ini.write_text(INI.format(app=lines, factory=factory, runner=runner, host=HOST, port=self.address[1], threads=threads))
        self._process, self._reader = None, None
        self._lines, self._is_silent = [], False    # silent: the end of its output has been read
        self._changed = threading.Condition()       # guards both

    @property
    def url(self):
        return f"http://{HOST}:{self.address[1]}"

    @property
    def pid(self):
        return self._process.pid

    @property
    def log(self):
        """What it has written so far, in all its lives."""
        with self._changed:
            return "".join(self._lines)

    def start(self):
        """Return when it serves."""
        begun, self._is_silent = len(self._lines), False
        self._process = subprocess.Popen(self._starter(self.ini), env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        with self._changed:
            self._changed.wait_for(lambda: self._serves(begun) or self._is_silent, START_S)
            assert self._serves(begun), f"it does not serve:\n{''.join(self._lines[begun:])}"
        return self

    def _serves(self, begun):
        return any("serving on" in line.lower() for line in self._lines[begun:])

    def tell_to_stop(self):
        self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s=DRAIN_S):
        """Return the exit code once it has ended; raises TimeoutExpired."""
        code = self._process.wait(timeout_s)
        self._reader.join()
        self._process.stdout.close()
        return code

    def kill(self):
        """As power failure would; nothing of it is left on return."""
        self._process.kill()
        self.wait()

    def end(self):
        """For the end of a test, in whatever state it is."""
        if self._process is not None:
            self.kill()

    def threads(self):
        """How many threads it has."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/task").iterdir())

    def _read(self, process):
        for line in process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._is_silent = True
            self._changed.notify_all()


def command(name):
    """Return the path of a console command of this Python's environment."""
    return str(Path(sys.executable).with_name(name))


def run(name, *arguments, timeout_s=START_S):
    """Run a console command to its end. Returns the CompletedProcess, with stdout and stderr as text."""
    return subprocess.run([command(name), *map(str, arguments)], timeout=timeout_s, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)


def free_port():
    """Return a TCP port that nobody listens on, and that no outgoing connection is given."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port among {PORTS.start} to {PORTS.stop - 1}")
