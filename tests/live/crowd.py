"""Thousands of clients of GET /events in one thread: they read only while the test has them read, and keep what they were told."""
import json
import select
import socket
import struct
import time
from contextlib import closing

from myapp.server.files import raise_limit

from .stream import CONTROL, parse

PATIENCE_S = 30.0       # for what thousands wait for, on a busy machine
AT_ONCE = 250           # that are on their way in; more would only wait in the server's backlog, of 1,024
CHUNK = 1 << 16
TURN_S = 0.2            # between two looks whether what is waited for has come, when nothing else comes
RESET = struct.pack("ii", 1, 0)     # SO_LINGER: on, 0 s


class Client:
    """One connection that asks for a stream, and what it was told."""

    def __init__(self, address, path="/events?topic=users", *, headers=(), source=None, receive_buffer=None):
        """address: (host, port), or the path of a unix socket. source: the address to come from. receive_buffer: bytes."""
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family)
        self.head, self._rest = None, b""
        self.seqs, self.last_id = [], None      # of the events; of all frames
        self.controls, self.data = [], []       # (type, data) of the other frames; how many bytes of data each event had
        self.is_over = False
        try:
            self._ask(address, path, headers, source, receive_buffer)
        except BaseException:
            self.close()
            raise

    def _ask(self, address, path, headers, source, receive_buffer):
        if source is not None:
            self.socket.bind((source, 0))
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(address)
        self.socket.sendall("\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode())

    @property
    def status(self):
        return int(self.head[9:12]) if self.head else None

    @property
    def body(self):
        """What came after the head and is no whole frame: all of the answer, when it is no stream."""
        return self._rest

    @property
    def is_connected(self):
        return bool(self.controls)

    def reasons(self, type):
        """Return the reasons that control frames of a type gave."""
        return [json.loads(data)["reason"] for each, data in self.controls if each == type]

    def read(self, size=CHUNK):
        """Take what has come; returns how many bytes, 0 when the connection is over, None when there is nothing yet."""
        try:
            chunk = self.socket.recv(size)
        except (BlockingIOError, TimeoutError):
            return None
        except OSError:
            chunk = b""
        if not chunk:
            self.is_over = True
        self._take(chunk)
        return len(chunk)

    def read_until(self, is_so, *, timeout_s=PATIENCE_S):
        """Read until is_so(client), by itself; fails when the time is over or the connection is."""
        deadline = time.monotonic() + timeout_s
        self.socket.settimeout(TURN_S)
        while not is_so(self):
            assert not self.is_over, f"the connection is over: {self.head} {self.controls} {self.seqs[-3:]}"
            assert time.monotonic() < deadline, f"it does not come: {self.head} {self.controls} {self.seqs[-3:]}"
            self.read()
        return self

    def close(self, *, by_reset=False):
        """Go away. Twice is harmless."""
        if by_reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()

    def _take(self, chunk):
        self._rest += chunk
        if self.head is None:
            head, found, rest = self._rest.partition(b"\r\n\r\n")
            if not found:
                return
            self.head, self._rest = head.decode(), rest
        if self.status == 200:
            *blocks, self._rest = self._rest.split(b"\n\n")
            for block in blocks:
                self._take_block(block)

    def _take_block(self, block):
        if block.startswith(b"id: "):
            id, type, data = block.split(b"\n", 2)
            self.last_id = id[4:].decode()
            type = type[7:].decode()
            if type not in CONTROL:
                self.seqs.append(int(self.last_id.rpartition("-")[2]))
                self.data.append(len(data) - 6)
                return
        frame = parse(block.decode())
        self.last_id = frame.id or self.last_id
        self.controls.append((frame.type, json.dumps(frame.data)))


class Crowd:
    """Many Clients.

        with Crowd(server.address, 10_000) as crowd:
            crowd.read_until(lambda: all(client.seqs for client in crowd))
    """

    def __init__(self, address, count, path="/events?topic=users", *, headers=lambda number: (), **client):
        """Returns when all are answered. headers(number) -> those of one client. client: for all of them."""
        raise_limit()
        self._clients, self._epoll, self._by_fd, self._answered = [], select.epoll(), {}, 0
        try:
            for number in range(count):
                self._add(Client(address, path, headers=headers(number), **client))
                self.read_until(lambda: len(self._clients) - self._answered < AT_ONCE)
            self.read_until(lambda: self._answered == count)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def __iter__(self):
        return iter(self._clients)

    def __len__(self):
        return len(self._clients)

    def with_status(self, status):
        return [client for client in self._clients if client.status == status]

    def read_until(self, is_so, *, timeout_s=PATIENCE_S):
        """Let all read until is_so(); fails when it does not come to pass."""
        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < deadline, "it does not come to pass"
            for fd, _ in self._epoll.poll(TURN_S):
                self._read(self._by_fd[fd])

    def read_until_told(self, *seqs):
        """Let all read until each has had the last of these events, and see that they had all of them, in order and once."""
        waiting = {client for client in self._clients if not client.seqs or client.seqs[-1] < seqs[-1]}

        def is_so():
            waiting.difference_update([client for client in waiting if client.is_over or client.seqs and client.seqs[-1] >= seqs[-1]])
            return not waiting
        self.read_until(is_so)
        assert all(client.seqs[-len(seqs):] == list(seqs) for client in self._clients)

    def close(self):
        for client in self._clients:
            client.close()
        self._epoll.close()

    def _add(self, client):
        client.socket.setblocking(False)
        self._clients.append(client)
        self._by_fd[client.socket.fileno()] = client
        self._epoll.register(client.socket, select.EPOLLIN)

    def _read(self, client):
        was_answered = client.head is not None
        client.read()
        self._answered += not was_answered and (client.head is not None or client.is_over)
        if client.is_over:
            self._epoll.unregister(client.socket)


def resident_kb(pid="self"):
    """Return how much memory a process has, in KB."""
    with closing(open(f"/proc/{pid}/status")) as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def cpu_s(pid="self"):
    """Return the seconds of processor time that a process has had."""
    with closing(open(f"/proc/{pid}/stat")) as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / 100
