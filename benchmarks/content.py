"""What every Python server of the benchmark publishes and shows: the same events, the same page, the same work. Standard library alone."""
import collections
import itertools
import json
import threading
import time

DATA_BYTES = 100    # of an event's data as JSON
ROWS = 20           # of the page's table: 2 KB of HTML


class Numbers:
    """Numbers the events of each topic from 1, so that who listens can tell what was lost, doubled or came too early. Any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._next = collections.defaultdict(lambda: itertools.count(1))

    def event(self, topic="bench"):
        """Return the data of the topic's next event, a dict that is DATA_BYTES long as JSON and stamped with the present moment."""
        with self._lock:
            number = next(self._next[topic])
        data = {"t": time.monotonic_ns(), "n": number, "pad": ""}
        return {**data, "pad": "x" * (DATA_BYTES - len(to_json(data)))}

    def event_json(self):
        return to_json(self.event())


def to_json(data):
    return json.dumps(data, separators=(",", ":"))


def page():
    """Return the values of page.jinja2."""
    return {"title": "A page", "rows": [{"id": id, "name": f"Person {id}", "email": f"person{id}@example.org"} for id in range(ROWS)]}


def compute(seconds):
    """Compute in pure Python for so long, as a report or a bad regular expression would: the thread never waits."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(number * number for number in range(1000))
