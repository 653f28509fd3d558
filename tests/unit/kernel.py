"""The kernel of a world: sockets that take what they like, and an epoll that says so once for each time that they took too little.

Only the numbers of the sockets are real, so that closing one frees its number for the next.
"""
import fcntl
import os
import select
import socket
from contextlib import suppress

FIRST = 1000    # number of a socket, whatever else this process has open: a set of numbers is gone through in an order that they decide


class Kernel:
    """What a StreamLoop has below it: give it `write`, and the loop to `serve`."""

    def __init__(self, world):
        self._world = world
        self._streams = {}      # fd -> (client, stream)
        self.took = {}          # fd -> when it last took something
        self._watched = set()   # fds that epoll knows
        self._edges = set()     # those of which it has yet to say that there is room
        self._hung_up = set()   # those of which it has yet to say that the client is gone
        self._gone = set()      # those whose client is
        self._said = {}         # fd -> what its client has said and nobody has read
        self._heard = set()     # those of which it has yet to say that there is something to read
        self._bell = self._loop = None      # an epoll of the loop's bell alone

    def serve(self, loop):
        """Take the place of the loop's epoll, which goes on to watch its bell."""
        self._bell, self._loop, loop._epoll = loop._epoll, loop, self

    # For the world

    def connect(self, client, stream):
        """Return a socket to `client`, to whom `stream` is to be sent."""
        with socket.socket(socket.AF_UNIX) as made:
            sock = socket.socket(fileno=fcntl.fcntl(made.fileno(), fcntl.F_DUPFD_CLOEXEC, FIRST))
        self._streams[sock.fileno()] = client, stream
        for of_the_last in self._watched, self._edges, self._hung_up, self._gone, self._heard:
            of_the_last.discard(sock.fileno())
        self._said[sock.fileno()] = b""
        self.took[sock.fileno()] = 0
        return sock

    def hang_up(self, stream):
        """The client of `stream` is gone, wherever in a frame it stands."""
        if stream.fd in self._watched:
            self._hung_up.add(stream.fd)
            self._gone.add(stream.fd)

    def say(self, stream, data):
        """The client of `stream` says something more."""
        self._said[stream.fd] += data
        self._heard.add(stream.fd)

    def clear(self):
        """Close what a loop that is broken has left open: the next world's sockets have the same numbers then."""
        for fd in self._streams:
            with suppress(OSError):     # it did close that one
                os.close(fd)

    @property
    def is_quiet(self):
        """Whether a loop that waits would go on to wait."""
        return not (self._edges or self._hung_up or self._heard or self._bell.poll(0))

    # For the loop

    def read(self, fd, size):
        self._world.let_others_run(0.05)
        data, self._said[fd] = self._said[fd][:size], self._said[fd][size:]
        if not data and fd not in self._gone:
            raise BlockingIOError
        return data

    def write(self, fd, data):
        assert len(data), "nothing is written"
        client, stream = self._streams[fd]
        assert stream.fd == fd, "somebody else's bytes"
        self._world.let_others_run(0.05)
        chance, is_calm = self._world.random.random, self._world.is_calm
        if chance() < (0.02 if client.stream is stream else 0.5) and not is_calm:
            raise BrokenPipeError
        taken = len(data) if chance() < client.appetite else self._world.random.randrange(len(data) + 1) if chance() < 0.5 else 0
        if taken < len(data) and fd in self._watched:
            self._edges.add(fd)
        if not taken:
            raise BlockingIOError
        self.took[fd] = self._world.now
        if client.stream is stream:
            client.hear(bytes(data[:taken]))
        return taken

    def register(self, fd, interest):
        if self._world.random.random() < 0.03 and not self._world.is_calm:
            raise OSError("no memory for one more")
        self._watched.add(fd)
        self._edges.add(fd)

    def poll(self, timeout_s, most):
        """Edge by edge, in any order, some late; GONE in any of its ways."""
        self._world.let_others_run(0.2)
        is_awake = not timeout_s or self._bell.poll(0)
        assert is_awake or not self._loop._newcomers, "the loop sleeps on while a newcomer waits"
        assert is_awake or not self._loop._talk.done, "the loop sleeps on while an answer waits"
        assert is_awake or not self._loop._talk._unheard, "the loop sleeps on while somebody has more to say"
        choices = self._world.random
        rooms = [(fd, select.EPOLLOUT) for fd in sorted(self._edges) if choices.random() < 0.7]
        gone = [(fd, choices.choice([select.EPOLLRDHUP, select.EPOLLIN, select.EPOLLERR])) for fd in sorted(self._hung_up)]
        heard = [(fd, select.EPOLLIN) for fd in sorted(self._heard) if choices.random() < 0.7]
        events = rooms + gone + heard
        choices.shuffle(events)
        events = self._bell.poll(0) + events[:most - 1]
        self._edges -= {fd for fd, event in events if event == select.EPOLLOUT}
        self._hung_up -= {fd for fd, event in events if event != select.EPOLLOUT}
        self._heard -= {fd for fd, event in events if event == select.EPOLLIN}
        return events

    def close(self):
        self._bell.close()
