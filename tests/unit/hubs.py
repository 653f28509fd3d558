"""What the directed tests of the core and of the loop are made from: events, a log in a list, hubs, and a loop without its thread."""
import os
import select
import socket
from collections import Counter

from myapp.realtime.core.event import Cursor, Event
from myapp.realtime.core.hub import Hub
from myapp.realtime.core.window import PAGE
from myapp.realtime.transports.sse import EventStream
from myapp.server.deaf import DEAF_S
from myapp.server.loop import StreamLoop

SSE = EventStream(retry_s=(1.0, 1.0), build=lambda: "b")
CONNECTED = b'retry: 1000\nid: %s\nevent: connected\ndata: {"status": "connected", "heartbeat_s": 15, "build": "b"}\n\n'
BEGUN = CONNECTED % b"e-0"      # what a stream of a new hub begins with


def event(seq, topic="a", type="t", data="{}", key=None, epoch="e"):
    return Event(epoch, seq, topic, type, data, key)


def large(seq, size, topic="a"):
    """An event of `size` bytes of data."""
    return event(seq, topic, data='"' + (size - 2) * "x" + '"')


def frame(seq, type="t", data="{}"):
    return b"id: e-%d\nevent: %s\ndata: %s\n\n" % (seq, type.encode(), data.encode())


def closing(reason):
    return b'event: closing\ndata: {"reason": "%s"}\n\n' % reason.encode()


class Log:
    """Pages of a list, and how often they were read."""

    def __init__(self, events=(), floor=0):
        self.events, self.floor, self.reads = list(events), floor, []

    def read_page(self, number):
        self.reads.append(number)
        return [event for event in self.events if number * PAGE < event.seq <= (number + 1) * PAGE and event.seq > self.floor]


def hub(log=None, **options):
    log = log or Log()
    return Hub(Cursor("e", len(log.events)), log.floor, log.read_page, **options)


def read(stream):
    chunks = []
    while chunk := stream.next():
        chunks.append(chunk)
    return b"".join(chunks)


def ids(sent):
    """The seqs that `sent` names, in order."""
    return [int(line[6:]) for line in sent.split(b"\n") if line.startswith(b"id: e-")]


class Served:
    """A loop without its thread, its clock in hand, and the clients at the other ends of its sockets."""

    def __init__(self, hub, **options):
        self.hub, self.now, self._clients = hub, 0.0, []
        self.loop = StreamLoop(**{"deaf_s": DEAF_S, "clock": lambda: self.now} | options)

    def open(self, topics=("a",), cursor=None, encoding=SSE, buffer=0, **stream):
        """Hand a stream over, which the loop has yet to welcome. Returns (the client's socket, the stream)."""
        stream = self.hub.join(topics, encoding, cursor, **stream)
        return self.adopt(stream, buffer), stream

    def adopt(self, stream, buffer=0):
        ours, theirs = socket.socketpair()
        if buffer:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        theirs.setblocking(False)
        self._clients.append(theirs)
        self.loop.adopt(ours, stream)
        return theirs

    def turn(self):
        """One turn, which does not wait."""
        self.loop.ring()
        self.loop.turn()

    def room(self, stream):
        """epoll says that there is room, whatever the socket thinks of it."""
        self.loop._attend(stream.fd, select.EPOLLOUT)

    @property
    def is_empty(self):
        audience = self.loop._audience
        return not (self.hub.open_streams or self.loop.open_streams or audience._rests or audience._blocked or audience._packs)

    def close(self):
        if self.loop._thread.is_alive():
            self.loop.stop(10)
        elif self.loop._bell.fd is not None:
            self.loop._close()
        for client in self._clients:
            client.close()


def received(client, most=1 << 30):
    """Return (what has come to `client` and was not read yet, about `most` bytes; whether it is over)."""
    got = b""
    try:
        while len(got) < most:
            if not (chunk := client.recv(min(most, 1 << 20))):
                return got, True
            got += chunk
    except BlockingIOError:
        return got, False
    except ConnectionResetError:
        return got, True
    return got, False


class Valve:
    """Writes for a loop: what a descriptor may still take, else everything; and what else happens when one is written to."""

    def __init__(self):
        self.room, self.broken, self.abyss = {}, set(), Counter()      # abyss: fds that take all, in this process, and how much they took
        self.meanwhile = None

    def write(self, fd, data):
        if self.meanwhile:
            happening, self.meanwhile = self.meanwhile, None
            happening()
        if fd in self.broken:
            raise BrokenPipeError
        if fd in self.abyss:
            self.abyss[fd] += len(data)
            return len(data)
        taken = min(len(data), self.room.get(fd, len(data)))
        if not taken:
            raise BlockingIOError
        if fd in self.room:
            self.room[fd] -= taken
        return os.write(fd, data[:taken])
