"""The load client: load.c as a process, its lines of JSON as Reports."""
import json
import subprocess
from dataclasses import dataclass

from . import BUILD


@dataclass(frozen=True)
class Report:
    """What load.c tells; of the window since `reset`, but for the counts of streams and the figures of connecting."""
    streams: int
    open: int
    refused: int
    closed: int                 # by the server, once open
    first_error: str
    connect_s: float            # from the first connect() until the last stream was open
    connect_p50_ms: float
    connect_p99_ms: float
    events: int                 # deliveries, over all streams
    lost: int                   # numbers that were skipped
    doubled: int
    disordered: int
    first_least: int            # the least and the greatest number with which a stream began; -1: none has any
    first_most: int
    p50_ms: float
    p99_ms: float
    stamp_to_last_s: float      # from the first event's stamp to the last delivery
    connect_to_last_s: float    # from the first connect() to the last delivery
    client_cpu_s: float

    def faults(self, expected):
        """Return sentences on what is wrong with the deliveries of a window in which `expected` were due, [] when nothing is."""
        missing = expected - (self.events - self.doubled - self.disordered)
        counts = [(self.refused, "streams refused"), (self.closed, "streams closed by the server"), (missing, "deliveries missing"),
                  (self.doubled, "deliveries doubled"), (self.disordered, "deliveries out of order")]
        faults = [f"{count:,} {what}" for count, what in counts if count]
        return [f"{', '.join(faults)}{f' ({self.first_error})' if self.first_error else ''}"] if faults else []


class Load:
    """Streams held open by a load client of its own."""

    def __init__(self, *, port, streams, path, headers=()):
        """Return when every stream is open or refused, see `opened`. {i} in path and headers is the number of the stream."""
        options = [f"--port={port}", f"--streams={streams}", f"--path={path}", *(f"--header={header}" for header in headers)]
        self._process = subprocess.Popen([BUILD / "load", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.opened = self._read()

    def reset(self):
        """Begin a new window."""
        self._say("reset")

    def report(self, events=0, within_s=0.0):
        """Return the Report, once `events` deliveries have come in this window or `within_s` has passed."""
        self._say(f"report {events} {int(within_s * 1000)}")
        return self._read()

    def close(self):
        """Return when the client and its streams are gone."""
        with self._process:
            self._process.stdin.close()

    def _say(self, line):
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise OSError(f"the load client ended with {self._process.wait()}")
        return Report(**json.loads(line))
