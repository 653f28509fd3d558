"""A client of GET /events/socket, on a raw socket: its frames are made by hand."""
import json
import re
import socket
from urllib.parse import urlencode

from tests.frames import ASKING, CLOSE, TEXT, code_of, read_frames, said_json

from .raw import WAIT_S

CONTROL = {"connected", "heartbeat", "reset", "closing"}


class WebSocket:
    """One connection. `status` and `head` are those of the answer; a refusal has its `problem` instead of messages.

        with WebSocket(server.addresses[0], "news") as ws:
            ws.say({"subscribe": ["users"]})
            answer = ws.answer()
    """

    def __init__(self, address, *topics, path="/events/socket", headers=None, buffer=0, **parameters):
        """headers: besides those that ask for a WebSocket, or instead of them; None for one that is not sent. buffer: bytes it receives."""
        self.socket, self.received, self.frames = socket.socket(), b"", []
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(address)
        query = urlencode([*(("topic", topic) for topic in topics), *parameters.items()])
        lines = [f"{name}: {value}" for name, value in ({"Host": "localhost"} | ASKING | (headers or {})).items() if value is not None]
        self.socket.sendall("\r\n".join([f"GET {path}?{query} HTTP/1.1", *lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.received:
            self._receive()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        self.head, self.status = head.decode(), int(head.split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.socket.close()

    @property
    def problem(self):
        """What a refusal says."""
        size = int(re.search(r"Content-Length: (\d+)", self.head)[1])
        while len(self.received) < size:
            assert self._receive(), self.received
        return json.loads(self.received)

    def say(self, value):
        """Say what JSON can say, in one message."""
        self.socket.sendall(said_json(value))

    def frame(self):
        """Return the next frame, (opcode, payload), once it is there; None when the connection is over."""
        while not self.frames:
            self.frames, self.received = read_frames(self.received)
            if not self.frames and not self._receive():
                return None
        return self.frames.pop(0)

    def message(self):
        """Return the next message, what its JSON says; a close as its code; None when the connection is over."""
        opcode, payload = self.frame() or (None, b"")
        if opcode is None:
            return None
        assert opcode in (TEXT, CLOSE), (opcode, payload)
        return json.loads(payload) if opcode == TEXT else code_of(payload)

    def events(self, count):
        """Return the next `count` events of topics."""
        events = []
        while len(events) < count:
            message = self.message()
            assert isinstance(message, dict), message
            events += [message] if "topic" in message else []
        return events

    def answer(self):
        """Return the next answer to what was said; events before it are passed over."""
        while "type" in (message := self.message()):
            pass
        return message

    def rest(self):
        """Return all messages until the connection is over."""
        return [*iter(self.message, None)]

    def _receive(self):
        try:
            chunk = self.socket.recv(1 << 16)
        except ConnectionResetError:
            chunk = b""
        self.received += chunk
        return bool(chunk)
