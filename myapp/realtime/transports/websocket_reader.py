"""What a WebSocket client says: its bytes, in whatever pieces they come, become messages, answers and an end (RFC 6455).

wsproto finds the frames; the bounds and the manners are here. It knows neither sockets nor what a message is about.
"""
from wsproto import Connection, ConnectionType
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from .websocket import POLICY, close_frame, pong_frame

MOST_BYTES = 64 << 10   # of UTF-8 in one message
MOST_FRAMES = 128       # of one `read`: each costs the loop some 10 us, and smaller ones are made to cost
BINARY, TOO_LARGE = 1003, 1009      # codes of a close
NO_CODE = 1005          # how wsproto says that a close has none


class Reader:
    """One client's. The thread that reads its socket."""

    def __init__(self):
        self.is_over = False    # nothing is read any more: what `read` returned last ends with a close
        self._connection = Connection(ConnectionType.SERVER)
        self._pieces, self._size, self._frames = [], 0, 0

    def read(self, data):
        """Take the next bytes. Returns (messages that are complete, texts; bytes to answer with at the next boundary of frames).

        Of several pings the last is answered, as the RFC has it, so that an answer is never larger than what it answers.
        """
        messages, pong, end = [], b"", b""
        self._frames = 0
        if self.is_over:
            return messages, b""
        self._connection.receive_data(data)
        for event in self._connection.events():
            if end := self._end_by(event):
                break
            if isinstance(event, Ping):
                pong = pong_frame(bytes(event.payload))
            elif isinstance(event, TextMessage) and (text := self._complete(event)) is not None:
                messages.append(text)
        self.is_over = bool(end)
        return messages, pong + end

    def _end_by(self, event):
        """Return the close that answers `event`, b"" when it goes on."""
        self._frames += 1
        if isinstance(event, CloseConnection):
            return close_frame() if event.code == NO_CODE else close_frame(event.code, self._reason(event))
        if isinstance(event, BytesMessage):
            return close_frame(BINARY, "send text")
        if self._frames > MOST_FRAMES:
            return close_frame(POLICY, "too many small frames")
        if isinstance(event, TextMessage):
            self._size += len(event.data.encode())
            if self._size > MOST_BYTES:
                return close_frame(TOO_LARGE, f"at most {MOST_BYTES} bytes")
        return b""

    def _reason(self, event):
        """What the client has done wrong; nothing when it is the one that ends it."""
        is_asked_for = self._connection.state is ConnectionState.REMOTE_CLOSING
        return "" if is_asked_for else ascii(event.reason)[1:-1][:100]

    def _complete(self, event):
        """Return the whole message that `event` ends, None when more of it is to come."""
        self._pieces.append(event.data)
        if not event.message_finished:
            return None
        message, self._pieces, self._size = "".join(self._pieces), [], 0
        return message
