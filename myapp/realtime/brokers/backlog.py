"""The backlog: events that wait for the thread that publishes them. It is bounded, so that whoever writes never waits for a broker."""
import threading
from collections import deque

MOST_EVENTS = 10_000        # ten seconds of as many commits as one PostgreSQL makes
MOST_BYTES = 64 << 20       # of events; ten thousand events of the largest size would be gigabytes
BATCH = 256                 # events of one round trip to the broker


class Backlog:
    def __init__(self):
        self._changed = threading.Condition()       # guards what follows
        self._events, self._bytes, self._is_closed = deque(), 0, False

    # Any thread

    def add(self, events):
        """Add events; the oldest go when there is no room, for the table has them. Returns how many went."""
        dropped = 0
        with self._changed:
            if self._is_closed:
                return len(events)
            self._events += events
            self._bytes += sum(event.size for event in events)
            while len(self._events) > MOST_EVENTS or self._bytes > MOST_BYTES:
                self._pop()
                dropped += 1
            self._changed.notify()
        return dropped

    def close(self):
        """Take nothing more. What is here is still to be had."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @property
    def is_over(self):
        """Whether it is closed and empty."""
        return self._is_closed and not self._events

    # The publishing thread

    def take(self, timeout_s):
        """Return the oldest events, at most BATCH, as soon as there is one; [] after `timeout_s`, or when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._is_closed, timeout_s)
            return [self._pop() for _ in range(min(BATCH, len(self._events)))]

    def forget_transient(self):
        """Forget what is worth nothing later. Returns how many events that were."""
        with self._changed:
            kept = [event for event in self._events if event.seq is not None]
            forgotten = len(self._events) - len(kept)
            self._events, self._bytes = deque(kept), sum(event.size for event in kept)
        return forgotten

    def _pop(self):
        event = self._events.popleft()
        self._bytes -= event.size
        return event
