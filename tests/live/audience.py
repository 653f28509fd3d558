"""An audience: clients of GET /events in one thread, which come back by themselves with their cursor and keep all that they were told."""
import selectors
import socket
import threading
import time
from dataclasses import dataclass

from tests.waiting import wait_until

from .stream import CONTROL, WAIT_S

CHUNK = 1 << 16
TURN_S = 0.1            # between two looks who has to come back
PAUSE_S = 0.1           # before one comes back
RESTLESS_AFTER = 250    # events, after each of which every other client goes away in the middle of whatever it is told


@dataclass(frozen=True)
class Heard:
    """An event as it came: its data is the text that was sent; `at` is a time of time.monotonic()."""
    seq: int
    data: str
    at: float


class Listener:
    """One client. The audience's thread; its lists may be read by any."""

    def __init__(self, address, topic, *, is_restless):
        self.events, self.resets = [], []
        self.visits, self.is_connected = 0, False
        self.is_restless, self.socket, self.due = is_restless, None, 0.0    # due: when to come back
        self._address, self._path = address, f"/events?topic={topic}"
        self._cursor, self._head, self._rest = None, None, b""

    def come(self):
        """Connect and ask. Raises OSError."""
        self._head, self._rest = None, b""      # what was told by half is told again
        self.socket = socket.create_connection(self._address, timeout=WAIT_S)
        cursor = [f"Last-Event-ID: {self._cursor}"] if self._cursor else []
        self.socket.sendall("\r\n".join([f"GET {self._path} HTTP/1.1", "Host: localhost", *cursor, "", ""]).encode())
        self.socket.setblocking(False)
        self.visits += 1

    def go(self):
        if self.socket is not None:
            self.socket.close()
        self.socket, self.due = None, time.monotonic() + PAUSE_S

    def listen(self):
        """Take what has come. Returns whether there may be more."""
        try:
            chunk = self.socket.recv(CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._rest += chunk
        if self._head is None and b"\r\n\r\n" in self._rest:
            self._head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return bool(chunk) and (self._head is None or self._head[9:12] == b"200" and self._take_blocks())

    def _take_blocks(self):
        """Take all that is whole; False when this is where one goes away."""
        *blocks, self._rest = self._rest.split(b"\n\n")
        for block in blocks:
            is_event = self._take(dict(line.split(": ", 1) for line in block.decode().split("\n")))
            if is_event and self.is_restless and len(self.events) % RESTLESS_AFTER == 0:
                return False
        return True

    def _take(self, frame):
        """Keep a frame. Returns whether it is an event."""
        self._cursor, self.is_connected = frame.get("id", self._cursor), True
        is_event = frame["event"] not in CONTROL
        if is_event:
            self.events.append(Heard(int(frame["id"].rpartition("-")[2]), frame["data"], time.monotonic()))
        elif frame["event"] == "reset":
            self.resets.append(frame)
        return is_event


class Audience:
    """`each` clients at each of `addresses`; every other one is restless.

        with Audience([one.address, other.address], "news", each=10) as audience:
            audience.wait_for_more(100)
    """

    def __init__(self, addresses, topic, *, each):
        self.listeners = [Listener(address, topic, is_restless=bool(number % 2)) for address in addresses for number in range(each)]
        self._selector, self._is_over = selectors.DefaultSelector(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        wait_until(lambda: all(listener.is_connected for listener in self.listeners))
        return self

    def __exit__(self, *exc_info):
        self._is_over.set()
        self._thread.join()
        for listener in self.listeners:
            listener.go()
        self._selector.close()

    def __iter__(self):
        return iter(self.listeners)

    def wait_for_more(self, count, *, timeout_s=WAIT_S):
        """Wait until each has been told of so many events more than the foremost has by now."""
        most = max(len(listener.events) for listener in self.listeners)
        self.wait_for(most + count, timeout_s=timeout_s)

    def wait_for(self, count, *, timeout_s=WAIT_S):
        wait_until(lambda: all(len(listener.events) >= count for listener in self.listeners), timeout_s=timeout_s)

    # The audience's thread

    def _run(self):
        while not self._is_over.is_set():
            for listener in self.listeners:
                if listener.socket is None and listener.due <= time.monotonic():
                    self._seat(listener)
            for key, _ in self._selector.select(TURN_S):
                if not key.data.listen():
                    self._selector.unregister(key.fileobj)
                    key.data.go()

    def _seat(self, listener):
        try:
            listener.come()
        except OSError:
            listener.go()
        else:
            self._selector.register(listener.socket, selectors.EVENT_READ, listener)
