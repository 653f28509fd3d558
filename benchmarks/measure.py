"""One server under measurement: its process, its streams, and each measurement that can be made of it.

CPU is the server's alone, user and system, over the whole window; a window ends when the last delivery has been read. A publisher
never waits for a delivery, only for the server to take the event.
"""
import statistics
import time
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from . import pages
from .load import Load
from .machine import free_port

WARM_STREAMS = 20
WARM_PAGES = 200
WARM_RATE = 50
GRACE_S = 30        # for the last delivery of a calm window
BURST_S = 30        # for a burst; a slower server is judged by what it delivered in that time
BUSY_CLIENT = 0.9   # share of the wall time from which on the load client, not the server, is the limit


@dataclass(frozen=True)
class Opened:
    """What opening all streams at once took, the permission included."""
    streams: int
    memory_bytes: float     # a stream: of the server at rest, with all streams less without
    cpu_us: float           # a stream
    per_s: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Calm:
    """A window of single events, `rate` a second, each to all streams."""
    cpu_us: float           # a delivery
    p50_ms: float
    p99_ms: float


class Subject:
    """A running server and, once opened, its streams. Use it as a context manager: it ends both."""

    def __init__(self, kind, machine, streams):
        """kind: a class of servers.py. streams: as many as are wanted; it may hold fewer."""
        self.kind, self._machine = kind, machine
        self.streams = min(streams, machine.most_streams, kind.most_streams or streams)
        self.faults = []        # sentences: what it lost, refused, or did too late
        self.remarks = []       # sentences: what else is to be known of its figures
        self.load = None

    def __enter__(self):
        self._folder = TemporaryDirectory(prefix="myapp-benchmark-", ignore_cleanup_errors=True)
        self.server = self.kind(free_port(), self._folder.name, self.streams)
        try:
            with self._machine.on_core(self._machine.server_core):
                self.process = self.server.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(self, *exc_info):
        self.close_streams()
        self.process.stop()
        self._folder.cleanup()

    # Streams

    def warm(self):
        """Use all of it once, so that what it loads or makes at first use counts for nobody's stream."""
        load = Load(port=self.server.port, streams=WARM_STREAMS, path=self.server.events)
        self.server.publish(5)
        load.report(5 * WARM_STREAMS, GRACE_S)
        load.close()
        for _ in range(3):      # a peer that holds a thread for a client that has gone notices when it writes, and not at first
            self.server.publish(1)
            self.process.wait_until_quiet()
        if self.kind.has_pages:
            pages.visit([self.server.port], count=WARM_PAGES, rate=WARM_RATE)

    def open_streams(self, path=None, headers=()):
        """Open all streams. Returns Opened. `path` and `headers` as of Load; the topic that everybody may see when None."""
        self.process.wait_until_quiet()
        memory, cpu = self.process.memory_bytes(), self.process.cpu_s()
        self.load = Load(port=self.server.port, streams=self.streams, path=path or self.server.events, headers=headers)
        self.process.wait_until_quiet()
        opened = self.load.opened
        self.note("connecting", opened.faults(0))
        count = max(opened.open, 1)
        return Opened(opened.open, (self.process.memory_bytes() - memory) / count, (self.process.cpu_s() - cpu) * 1e6 / count,
                      opened.open / max(opened.connect_s, 1e-9), opened.connect_p50_ms, opened.connect_p99_ms)

    def close_streams(self):
        if self.load is not None:
            self.load.close()
            self.load = None

    # Windows

    def calm(self, events, rate):
        """Publish single events at a fixed rate. Returns Calm."""
        self.load.reset()
        cpu, begin = self.process.cpu_s(), time.monotonic()
        for place in range(events):
            time.sleep(max(0, begin + place / rate - time.monotonic()))
            self.server.publish(1)
        expected = events * self.load.opened.open
        report = self.load.report(expected, GRACE_S)
        cpu, took_s = self.process.cpu_s() - cpu, time.monotonic() - begin
        self.note("calm", report.faults(expected))
        if took_s > (events + 2) / rate:
            self.note("calm", [f"cannot keep pace with {rate} events a second"])
        return Calm(cpu * 1e6 / max(report.events, 1), report.p50_ms, report.p99_ms)

    def burst(self, events):
        """Publish `events` at once. Returns deliveries a second, from the first event's stamp to the last delivery."""
        self.load.reset()
        begin = time.monotonic()
        self.server.publish(events)
        expected = events * self.load.opened.open
        report = self.load.report(expected, max(1, BURST_S - (time.monotonic() - begin)))
        if report.events < expected and not report.closed and not report.lost:
            self.note("burst", [f"{report.events / expected:.0%} delivered within {BURST_S} s"])
        else:
            self.note("burst", report.faults(expected))
        if report.client_cpu_s > BUSY_CLIENT * (time.monotonic() - begin):
            self.remarks[:] = ["burst: the load client was busy all the time; the server may well be faster"]
        return report.events / max(report.stamp_to_last_s, 1e-9)

    def pages(self, count, rate):
        """Ask for pages of this server and, in turn, of a second one like it without streams. Returns (without, beside), PageTimes."""
        with Subject(self.kind, self._machine, self.streams) as without:
            ports = [without.server.port, self.server.port]
            pages.visit(ports, count=WARM_PAGES, rate=WARM_RATE)
            return pages.visit(ports, count=count, rate=rate)

    def note(self, what, sentences):
        """Keep sentences on what went wrong, for the table."""
        new = [f"{what}: {sentence}" for sentence in sentences]
        self.faults += [sentence for sentence in new if sentence not in self.faults]


def median(values):
    return statistics.median(values)
