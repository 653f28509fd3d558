"""One stream, and when each of its events came. For two processes at a time; load.c is for thousands of streams."""
import re
import socket
import threading
import time

from .servers import HOST

NUMBER = re.compile(rb'^data: .*"n": ?(\d+)', re.MULTILINE)
READ_BYTES = 1 << 16


class Arrivals:
    """A stream of numbered events. A thread of its own reads; an event came when its bytes were read, whenever they are looked at."""

    def __init__(self, port, path):
        """Return when the stream is open. Raises OSError when it is refused."""
        self._changed = threading.Condition()       # guards what follows
        self._moments, self._expected, self._disordered = {}, 1, 0
        self._unread = b""                          # the beginning of a line; the thread's own
        self._socket = socket.create_connection((HOST, port))
        self._socket.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        if not (head := self._socket.recv(READ_BYTES)).split(b" ", 2)[1:2] == [b"200"]:
            raise OSError(f"the stream {path} was answered {head[:300]!r}")
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def wait_for(self, number, within_s):
        """Return the moment, of time.monotonic_ns, at which the event of that number came; None when it does not come in time."""
        with self._changed:
            self._changed.wait_for(lambda: number in self._moments, within_s)
            return self._moments.get(number)

    def faults(self, sent):
        """Return sentences on what is wrong, when events 1 to `sent` were published; [] when nothing is."""
        with self._changed:
            missing = sent - len(self._moments)
            counts = (missing, "events missing"), (self._disordered, "events doubled or out of order")
            return [f"{count:,} {what}" for count, what in counts if count]

    def close(self):
        """Return when the stream has ended."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self):
        while part := self._socket.recv(READ_BYTES):
            moment = time.monotonic_ns()
            lines, self._unread = (self._unread + part).rpartition(b"\n")[::2]
            with self._changed:
                for number in map(int, NUMBER.findall(lines)):
                    self._disordered += number != self._expected
                    self._expected = number + 1
                    self._moments.setdefault(number, moment)
                self._changed.notify_all()
