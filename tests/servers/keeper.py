"""The keeper of one server: it makes the folder, runs the server, does as it is told, and clears up when the standard input ends.

    python -m tests.servers.keeper KIND LISTENER

LISTENER is an open listening socket. Who connects sends one order (start, kill, freeze, thaw, pids, folder) in a line and gets a line
of JSON: {"done": answer} or {"error": why}. Orders are done one after the other, so that two who want the server share one start.
"""
import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.services import ServiceError

from . import processes

START_TIMEOUT_S = 60.0      # Redis takes 0.1 s, PostgreSQL 1 s, RabbitMQ 5 s, on a busy machine three times as long
LOOK_S = 0.02               # between two questions to a starting server, which tells nobody by itself that it now answers


class Keeper:
    """A server and the orders that can be given."""

    def __init__(self, kind):
        self._kind, self._process = kind, None

    def start(self):
        """Return the URL when the server answers."""
        if self._process is None:
            if not self._log.exists():
                self._kind.prepare()
            with open(self._log, "a") as log:
                self._process = subprocess.Popen(stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._kind.folder,
                                                 **self._kind.options())
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._kind.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServiceError(f"{self._kind.name} did not start:\n{self._log.read_text()}")
            time.sleep(LOOK_S)
        return self._kind.url

    def kill(self):
        processes.kill_all()
        self._process = None

    def freeze(self):
        processes.freeze_all()

    def thaw(self):
        processes.thaw_all()

    def pids(self):
        return sorted(processes.below(os.getpid()))

    def folder(self):
        return str(self._kind.folder)

    @property
    def _log(self):
        return self._kind.folder / "log"


ORDERS = {"start": Keeper.start, "kill": Keeper.kill, "freeze": Keeper.freeze, "thaw": Keeper.thaw, "pids": Keeper.pids,
          "folder": Keeper.folder}


def obey(keeper, connection):
    """Do the one order that comes through `connection`, and answer it."""
    with contextlib.suppress(ConnectionError), connection, connection.makefile("rw") as lines:     # who asked may be gone
        try:
            answer = {"done": ORDERS[lines.readline().strip()](keeper)}
        except (ServiceError, OSError) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), file=lines, flush=True)


def main(name, listener):
    # The pipe alone decides, or a SIGTERM to all would leave the server behind. A handler, for what is ignored stays so in our children.
    signal.signal(signal.SIGTERM, lambda *_: None)
    processes.adopt_orphans()
    with tempfile.TemporaryDirectory(prefix=f"myapp-{name}-", ignore_cleanup_errors=True) as folder:
        kind = importlib.import_module(f"tests.servers.{name}").make(Path(folder))
        keeper = Keeper(kind)
        try:
            while listener in select.select([sys.stdin, listener], [], [])[0]:
                obey(keeper, listener.accept()[0])
        finally:
            keeper.kill()
            kind.clear()


if __name__ == "__main__":
    main(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
