"""Writers: threads that write to a ledger, each at a steady rate on a connection of its own, and keep what they were answered."""
import http.client
import threading
import time
from dataclasses import dataclass
from itertools import count

from .api import TIMEOUT_S
from .ledger import REFUSED, REFUSED_LATE

PAUSE_S = 0.04          # between two writes of one writer: at most 25 in a second, which leaves two cores room for the listeners
ENDS = {9: REFUSED, 19: REFUSED_LATE}       # of each twenty writes: one in ten is rolled back
MOST_EVENTS = 3         # of one write


@dataclass(frozen=True)
class Write:
    """One write. `status` is None when no answer came."""
    name: str
    events: int
    end: str | None
    status: int | None
    took_s: float

    @property
    def is_as_expected(self):
        return self.status == (409 if self.end else 200)


class Writers:
    """One writer for each of `addresses`.

        with Writers([one.address, other.address]) as writers:
            ...
        writers.writes
    """

    def __init__(self, addresses):
        self.writes = []        # of all, as they are answered
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=each, daemon=True) for each in enumerate(addresses)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info):
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def committed(self):
        """Return those that were told so."""
        return [write for write in self.writes if write.status == 200]

    def rolled_back(self):
        """Return those that were told so."""
        return [write for write in self.writes if write.status == 409]

    def failed(self):
        return [write for write in self.writes if not write.is_as_expected]

    def _run(self, writer, address):
        connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
        for number in count():
            if self._is_over.wait(PAUSE_S):
                break
            self.writes.append(write(connection, f"{writer}-{number}", number % MOST_EVENTS + 1, ENDS.get(number % 20)))
        connection.close()


def write(connection, name, events, end):
    """Do one write. Returns the Write; never raises for what the connection or the server does."""
    begun = time.monotonic()
    try:
        connection.request("POST", f"/write?name={name}&count={events}" + (f"&end={end}" if end else ""))
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        connection.close()
        status = None
    return Write(name, events, end, status, time.monotonic() - begun)
