"""Two processes of application.py on one PostgreSQL database and one broker: what is written in one is seen on a stream of the other."""
import http.client
import json
import random
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .arrivals import Arrivals
from .machine import free_port, go_ahead
from .process import cpu_s
from .servers import ANSWER_S, HOST, OnPostgres

TABLE_S = 5         # for an event to be seen without a broker: each process looks at the table every 3 s
SOON_S = 0.2        # an event that is there by then was carried
ATTEMPTS = 20       # until the first one is
WARM_POSTS = 100
BURST_S = 60


@dataclass(frozen=True)
class Cost:
    """CPU-us of a request that publishes one event, of each who has to do with it."""
    writer_us: float
    listener_us: float
    servers_us: float       # the database and the broker


@dataclass(frozen=True)
class Burst:
    """Many commits, one after the other."""
    per_s: float            # events, from the first commit's begin until the other process had sent the last
    behind_ms: float        # from the last commit until then


class Pair:
    """Use it as a context manager: it ends both processes."""

    def __init__(self, machine, database, broker, servers):
        """database, broker: URLs. servers: those of tests/servers whose CPU counts."""
        self._machine, self._database, self._broker, self._servers = machine, database, broker, servers
        self._sent = 0
        self._ends = ExitStack()

    def __enter__(self):
        with ExitStack() as ends:
            # The writer has the server's core to itself; all that waits for it shares the other one.
            self._listener, self.listener = self._start(self._machine.client_core, ends)
            self._writer, self.writer = self._start(self._machine.server_core, ends)
            self._arrivals = Arrivals(self._listener.port, self._listener.events)
            ends.callback(self._arrivals.close)
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *exc_info):
        self._ends.close()

    def _start(self, core, ends):
        folder = ends.enter_context(TemporaryDirectory(prefix="myapp-benchmark-", ignore_cleanup_errors=True))
        server = OnPostgres(free_port(), Path(folder), self._database, self._broker)
        with self._machine.on_core(core):
            process = server.start()
        ends.callback(process.stop)
        return server, process

    def warm(self, is_shared):
        """Use all of it once. Raises OSError when the broker carries nothing to the other process."""
        self.cost(WARM_POSTS)
        self._arrived(TABLE_S)
        for server in self._servers:
            go_ahead(server.pids())     # now that all of them are there: each connection of PostgreSQL is a session of its own
        for _ in range(ATTEMPTS if is_shared else 0):
            self._commit(1)
            if self._arrived(SOON_S):
                return
            self._arrived(TABLE_S)
        if is_shared:
            raise OSError(f"none of {ATTEMPTS} events was carried within {SOON_S} s")

    # Measurements

    def connect(self):
        """Return a connection to the writer, for `post`, which has been used once."""
        connection = http.client.HTTPConnection(HOST, self._writer.port, timeout=ANSWER_S)
        self.post(connection)
        return connection

    def post(self, connection):
        """Publish one event in a request. Returns its us of wall time."""
        begin = time.monotonic()
        connection.request("POST", "/pub?count=1", headers={"Content-Length": "0"})
        response = connection.getresponse()
        response.read()
        if response.status != 204:
            raise OSError(f"POST /pub was answered {response.status}")
        self._sent += 1
        return (time.monotonic() - begin) * 1e6

    def cost(self, requests):
        """Publish in so many requests, one after the other, on one connection. Returns Cost."""
        with closing(self.connect()) as connection:
            self.writer.wait_until_quiet()
            before = self._cpu()
            for _ in range(requests):
                self.post(connection)
            self.writer.wait_until_quiet()
            return Cost(*((now - then) * 1e6 / requests for now, then in zip(self._cpu(), before, strict=True)))

    def latencies(self, events, pause_s):
        """Commit single events, each after a random pause up to `pause_s`. Returns [ms], from a commit until the other process sent it."""
        found = []
        for _ in range(events):
            time.sleep(random.uniform(0, pause_s))
            committed = self._commit(1)[0]
            if arrived := self._arrived(TABLE_S):
                found.append((arrived - committed) / 1e6)
        return found

    def burst(self, transactions, events):
        """Commit `transactions` of `events` each, as quickly as one thread can. Returns Burst, or None when the last event never came."""
        begin = time.monotonic_ns()
        committed = self._commit(events, transactions)[-1]
        if arrived := self._arrived(BURST_S):
            return Burst(transactions * events / ((arrived - begin) / 1e9), (arrived - committed) / 1e6)

    def faults(self):
        """Return sentences on what did not come as it was published."""
        self._arrived(TABLE_S)
        return self._arrivals.faults(self._sent)

    # Inside

    def _cpu(self):
        return self.writer.cpu_s(), self.listener.cpu_s(), sum(cpu_s(server.pids()) for server in self._servers)

    def _commit(self, events, transactions=1):
        """Return the moments of the commits, of time.monotonic_ns."""
        moments = json.loads(self._writer.ask("POST", f"/commit?count={events}&times={transactions}"))
        self._sent += events * transactions
        return moments

    def _arrived(self, within_s):
        """Return when the newest event came to the other process, or None."""
        return self._arrivals.wait_for(self._sent, within_s)
