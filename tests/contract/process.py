"""What of a web process follows the log: a hub, one stream of all, and the thread between them."""
import time

from myapp.realtime.core.event import Event
from myapp.realtime.core.hub import Hub
from myapp.realtime.follow import Follow
from myapp.realtime.transports.sse import EventStream

LONG_S = 60.0       # a tail interval that never comes in a test


class Process:
    """What one process has: a hub that follows the log, and one stream of all."""

    def __init__(self, engine, log, tail_interval_s=LONG_S, **hub):
        self.engine, self.log = engine, log
        head = log.head()
        self.hub = Hub(head.cursor, head.floor, log.read_page, **hub)
        self.stream, self._sent = self.hub.join({"t"}, EventStream()), b""
        self.follow = Follow(self.hub, log, tail_interval_s=tail_interval_s)
        self.follow.start()
        self.follow.take_state(True)

    def append(self, count=1):
        with self.engine.begin() as connection:
            return self.log.append(connection, [Event(None, None, "t", "x", "{}") for _ in range(count)])[0]

    def wait_for(self, seq, timeout_s=5.0):
        deadline = time.monotonic() + timeout_s
        while self.hub.cursor.seq < seq:
            assert self.stream.feed.wait(self.stream, deadline - time.monotonic()), f"at {self.hub.cursor}, not at {seq}"
            self._sent += self.stream.next()
        return time.monotonic()

    @property
    def seen(self):
        """What the stream was sent so far, the seqs of its events in their order; None for one without an id."""
        while chunk := self.stream.next():
            self._sent += chunk
        fields = [dict(line.split(": ", 1) for line in frame.split("\n")) for frame in self._sent.decode().split("\n\n")[:-1]]
        return [int(each["id"].rpartition("-")[2]) if "id" in each else None for each in fields if each["event"] == "x"]
