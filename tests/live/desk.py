"""A desk: the board, served with a loop within the test's process, and the WebSockets that a test has open there."""
from contextlib import ExitStack, closing

from .board import Board
from .inside import serving
from .websocket import WebSocket

ALLOWED = "https://wall.example.org"        # an origin
SETTINGS = {"realtime.allowed_origins": ALLOWED, "realtime.max_topics": 5, "realtime.max_event": 1024}


class Desk(ExitStack):
    """A context manager, which closes all of it."""

    def __init__(self, url):
        super().__init__()
        self.board = self.enter_context(Board(url, SETTINGS))
        self.server = self.enter_context(serving(self.board))

    @property
    def address(self):
        return self.server.addresses[0]

    def connect(self, *topics, user=None, headers=None, **parameters):
        """Return a WebSocket that has been told that it is connected."""
        ws = WebSocket(self.address, *topics, headers={"X-User": user, **(headers or {})}, **parameters)
        self.enter_context(closing(ws.socket))
        assert ws.status == 101 and ws.message()["type"] == "connected"
        return ws

    @property
    def is_forgotten(self):
        """Whether nothing is left of any stream: neither place nor feed, neither in the hub nor in the loop."""
        hub = self.board.hub
        return hub.open_streams == len(hub._feeds) == hub._places.taken == self.server._loop.open_streams == 0
