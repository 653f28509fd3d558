"""A visitor of pages: one keep-alive connection that asks at a fixed rate, and the time that each answer took."""
import http.client
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .content import ROWS

ANSWER_S = 60
LAST_ROW = f"Person {ROWS - 1}".encode()     # of the page: proof that it came whole


@dataclass(frozen=True)
class PageTimes:
    """Milliseconds from the moment at which the request was due, so that a late answer counts for those that it delays too."""
    p50_ms: float
    p99_ms: float


def visit(ports, *, count, rate):
    """Ask each of `ports` for /page, `count` times, `rate` times a second, all at the same time and in turn. Returns [PageTimes]."""
    begin = time.monotonic() + 0.1
    starts = [begin + place / (rate * len(ports)) for place in range(len(ports))]
    with ThreadPoolExecutor(len(ports)) as visitors:
        return list(visitors.map(lambda port, start: _visit(port, start, count, rate), ports, starts))


def _visit(port, start, count, rate):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    took_ms = []
    for place in range(count):
        due = start + place / rate
        time.sleep(max(0, due - time.monotonic()))
        _get(connection)
        took_ms.append((time.monotonic() - due) * 1000)
    connection.close()
    ordered = sorted(took_ms)
    return PageTimes(statistics.median(ordered), ordered[int(len(ordered) * 0.99)])


def _get(connection):
    connection.request("GET", "/page")
    response = connection.getresponse()
    body = response.read()
    if response.status != 200 or LAST_ROW not in body:
        raise OSError(f"GET /page was answered {response.status}: {body[:300]!r}")
