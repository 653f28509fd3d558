"""A client of GET /events: reads the stream in a thread of its own, and keeps every frame with its id."""
import http.client
import json
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

WAIT_S = 10.0       # for what must come; it mostly comes within milliseconds
CONTROL = {"connected", "heartbeat", "reset", "closing"}     # types that are no events of the log


@dataclass(frozen=True)
class Frame:
    id: str | None
    type: str
    data: Any

    @property
    def seq(self):
        return int(self.id.rpartition("-")[2])


class Stream:
    """One connection. `status` and `headers` are those of the answer; a refusal has its `problem` instead of frames.

        with Stream(server.address, "users", cursor="5f3a9c1e-7") as stream:
            [event] = stream.take(1)
    """

    def __init__(self, address, *topics, cursor=None, keep=None, headers=None, **parameters):
        """cursor: sent as Last-Event-ID. keep(frame): called in the reading thread. Raises OSError or HTTPException for no answer."""
        self.frames, self.is_over, self.problem = [], False, None
        self._keep = keep
        self._changed = threading.Condition()       # guards frames and is_over
        self._connection = http.client.HTTPConnection(*address, timeout=WAIT_S)
        try:
            self._connection.connect()
            self._socket = self._connection.sock    # the connection may forget it once it has the head
            query = urlencode([*(("topic", topic) for topic in topics), *parameters.items()])
            headers = {**(headers or {}), **({"Last-Event-ID": cursor} if cursor else {})}
            self._connection.request("GET", f"/events?{query}", headers=headers)
            self._response = self._connection.getresponse()
            self._begin()
        except BaseException:
            self._connection.close()
            raise

    def _begin(self):
        self.status, self.headers = self._response.status, self._response.headers
        self._thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            self._socket.settimeout(None)           # from here on silence is no error
            self._thread.start()
        else:
            self.is_over, self.problem = True, json.loads(self._response.read())

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    @property
    def events(self):
        """The frames that are events of the log."""
        return [frame for frame in list(self.frames) if frame.type not in CONTROL]

    def types(self):
        return [frame.type for frame in list(self.frames)]

    def take(self, count, *, timeout_s=WAIT_S):
        """Return the events once there are at least `count`; fails when they do not come, or when the stream ends before."""
        self._wait(lambda: len(self.events) >= count, f"{count} events", timeout_s)
        return self.events

    def first(self, type, *, timeout_s=WAIT_S):
        """Return the first frame of a type, once it is there."""
        self._wait(lambda: type in self.types(), type, timeout_s)
        return next(frame for frame in self.frames if frame.type == type)

    def wait_for_end(self, *, timeout_s=WAIT_S):
        with self._changed:
            assert self._changed.wait_for(lambda: self.is_over, timeout_s), f"the stream goes on: {self.frames}"

    def close(self):
        """Go away. Twice is harmless."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:     # the other side was first
            pass
        if self._thread.is_alive():
            self._thread.join()
        self._response.close()
        self._connection.close()

    def _wait(self, is_there, what, timeout_s):
        with self._changed:
            self._changed.wait_for(lambda: is_there() or self.is_over, timeout_s)
            assert is_there(), f"no {what}, the stream {'has ended' if self.is_over else 'is open'}: {self.frames}"

    # The reading thread

    def _read(self):
        rest = b""
        try:
            while chunk := self._response.read1(1 << 16):
                *blocks, rest = (rest + chunk).split(b"\n\n")
                for block in blocks:
                    self._take(parse(block.decode()))
        except (OSError, http.client.HTTPException):    # cut, by whichever side
            pass
        finally:
            with self._changed:
                self.is_over = True
                self._changed.notify_all()

    def _take(self, frame):
        if self._keep:
            self._keep(frame)
        with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()


def parse(block):
    """Return the Frame of the lines of one event."""
    fields = dict(line.split(": ", 1) for line in block.split("\n"))
    return Frame(fields.get("id"), fields["event"], json.loads(fields["data"]))
