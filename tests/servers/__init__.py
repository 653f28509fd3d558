"""Private servers for the tests: Redis, RabbitMQ, PostgreSQL and nginx, that can be killed, frozen and started again.

Each has a keeper, a process of its own (keeper.py), which owns the server and ends it when our end of a pipe closes, however
that comes about: stop(), an exception, kill -9. The standard library alone; this must know neither pytest nor the application.
"""
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.services import ServiceError

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
# Below what the kernel gives to outgoing connections: a port between two lives of a server would else be taken by one of the clients
# that try to reach it, or connect to itself.
PORTS = range(20_000, 32_000)
PORT_SEARCH_S = 30.0
USER = "myapp"
PASSWORD = "p@ss/w:rd%"     # so that whoever forgets to encode or decode a part of a URL is found out


class Server:
    """A server of one kind in a temporary folder, on a port of 127.0.0.1 that it has all its life.

        with Redis() as server:
            server.url
            server.kill()       # nothing of it runs, its port refuses
            server.start()      # the same port, folder and URL

    One thread at a time. Everything raises ServiceError when the server does not start or its keeper is gone.
    """
    kind = None     # the name of its file in this folder

    def __init__(self, address=None):
        """address: of the keeper that another process made; the server is shared with it then, and stop() leaves it alone."""
        self.address, self.url = address, None
        self._keeper = None

    def __enter__(self):
        try:
            self.start()
        except ServiceError:
            self.stop()     # the keeper, which would else wait for more
            raise
        return self

    def __exit__(self, *exc_info):
        self.stop()

    def keep(self):
        """Make the keeper without waiting for it. It starts the server when start() is called, here or where `address` is known."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("")       # Linux then picks a free name, one that is no file
            listener.listen()
            self.address = listener.getsockname()[1:].decode()
            # A session of its own: Ctrl-C at the terminal must reach pytest alone, which then stops the server when its tests are done.
            self._keeper = subprocess.Popen(
                [sys.executable, "-m", "tests.servers.keeper", self.kind, str(listener.fileno())], pass_fds=[listener.fileno()], cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)

    def start(self):
        """Return when the server answers. Does nothing to one that runs."""
        if self.address is None:
            self.keep()
        self.url = self._tell("start")

    def kill(self):
        """Kill every process of the server, as kill -9 does. Returns when none is left and the port refuses."""
        self._tell("kill")

    def freeze(self):
        """Stop every process of the server as SIGSTOP does: the port takes connections, and nobody answers."""
        self._tell("freeze")

    def thaw(self):
        """Let a frozen server go on. Does nothing to one that runs."""
        self._tell("thaw")

    def pids(self):
        """Return the set of the processes that the server now has."""
        return set(self._tell("pids"))

    def folder(self):
        """Return the path of the folder that goes when the server does."""
        return Path(self._tell("folder"))

    def stop(self):
        """Return when the server is gone, its folder removed. The next start() makes another."""
        if self._keeper is None:
            return
        with self._keeper:
            self._keeper.stdin.close()
        self._keeper, self.address = None, None

    def _tell(self, order):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(b"\0" + self.address.encode())
                connection.sendall(f"{order}\n".encode())
                with connection.makefile() as lines:
                    answer = json.loads(lines.readline())
        except (OSError, ValueError) as error:
            raise ServiceError(f"the keeper of {self.kind} does not answer; it is gone, or what it printed says why") from error
        if "error" in answer:
            raise ServiceError(answer["error"])
        return answer["done"]


class Redis(Server):
    """Redis. It keeps nothing on disk: what it had is gone after kill()."""
    kind = "redis"


class RabbitMQ(Server):
    """RabbitMQ, without plugins. Its durable queues and exchanges live through kill()."""
    kind = "rabbitmq"


class Postgres(Server):
    """PostgreSQL; the URL is that of the maintenance database, and the account a superuser's. What is committed lives through kill()."""
    kind = "postgresql"


class Nginx(Server):
    """nginx before another server; `url` is {name of a site: URL}, with the sites of nginx.py."""
    kind = "nginx"

    def __init__(self, target):
        """target: (host, port) of the other server, which need not be there yet."""
        super().__init__()
        self._target = target

    def keep(self):
        super().keep()
        (self.folder() / "target").write_text("{}:{}".format(*self._target))


def free_ports(count):
    """Return so many different TCP ports that nobody listens on, and that no outgoing connection is given."""
    ports, deadline = [], time.monotonic() + PORT_SEARCH_S
    with contextlib.ExitStack() as probes:      # each is held until all are found, or the same one could be found twice
        while len(ports) < count:
            if time.monotonic() > deadline:
                raise ServiceError(f"no free port among {PORTS.start} to {PORTS.stop - 1}")
            probe, port = probes.enter_context(socket.socket()), random.choice(PORTS)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                ports.append(port)
    return ports
