"""WebSocket: events as text messages, frames from the server to a client, and the handshake before them (RFC 6455).

The server's frames are not masked and never compressed, so one event's frame is the same for everybody. What clients say is read
elsewhere, by websocket_reader.
"""
import base64
import binascii
import hashlib
import struct
from functools import cached_property

from ..core.event import one_line
from ..errors import HandshakeRefused
from . import Encoding
from .envelope import envelope, welcome

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455, the same for all
VERSION = "13"          # the only one that there is
KEY_BYTES = 16
FINAL = 0x80            # the last frame of a message; each of ours is the only one
TEXT, CLOSE, PONG = 0x1, 0x8, 0xA               # opcodes
SHORT, MEDIUM = 125, 0xFFFF                     # most bytes of a length of 7 and of 16 bits
GOING_AWAY, POLICY = 1001, 1008                 # codes of a close: come again, and stay away
CODES = {"revoked": POLICY, "expired": POLICY}  # reason -> code, of those that are not GOING_AWAY


class SocketMessages(Encoding):
    """The encoding of the log's events.

    fragments  Fragments (fragments.py) for clients that asked for them, else None
    build      a function that returns the build; asked once, when the first client connects
    """

    transport = "websocket"

    def __init__(self, *, fragments=None, heartbeat_s=15.0, build=str):
        self._fragments, self._heartbeat_s, self._build = fragments, heartbeat_s, build

    def event(self, event):
        return text_frame(envelope(event, self._fragments, has_id=True))

    def slab(self, frames):
        return frames[0] if len(frames) == 1 else b"".join(frames)

    def connected(self, cursor):
        return self._control("connected", cursor, self._welcome)

    @cached_property
    def _welcome(self):
        return welcome(self._heartbeat_s, self._build())

    def heartbeat(self, cursor):
        return self._control("heartbeat", cursor, {})

    def reset(self, reason, cursor, spread_ms):
        return self._control("reset", cursor, {"reason": reason, "spread_ms": spread_ms})

    def closing(self, reason, topics=()):
        said = self._control("closing", None, {"reason": reason} | ({"topics": sorted(topics)} if topics else {}))
        return said + close_frame(CODES.get(reason, GOING_AWAY), reason)

    @staticmethod
    def _control(type, cursor, data):
        """An id that no log has issued is told to nobody."""
        return message({"id": str(cursor) if cursor and cursor.epoch else None, "type": type, "data": data})


# Frames

def message(value):
    """Return the frame of a message that says `value`, what JSON can say."""
    return text_frame(one_line(value))


def text_frame(text):
    return _frame(TEXT, text.encode(errors="replace"))      # a lone surrogate in a fragment


def pong_frame(payload):
    """payload: that of the ping, at most 125 bytes."""
    return _frame(PONG, payload)


def close_frame(code=None, reason=""):
    """code: None in answer to a close without one. reason: ASCII, of at most 123 characters."""
    return _frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason.encode("ascii"))


def _frame(opcode, payload):
    size = len(payload)
    if size <= SHORT:
        return bytes((FINAL | opcode, size)) + payload
    if size <= MEDIUM:
        return struct.pack("!BBH", FINAL | opcode, 126, size) + payload
    return struct.pack("!BBQ", FINAL | opcode, 127, size) + payload


# The handshake

def accept(environ):
    """Return the headers of a 101, all but those of the connection itself, which are the server's.

    environ: of a WSGI request. Raises HandshakeRefused when it does not ask for a WebSocket, or not for one that there is.
    """
    asks = "websocket" in _words(environ, "HTTP_UPGRADE") and "upgrade" in _words(environ, "HTTP_CONNECTION")
    if not asks or environ["REQUEST_METHOD"] != "GET":
        raise HandshakeRefused(426, "this address speaks WebSocket; ask with Connection: Upgrade and Upgrade: websocket")
    if environ["SERVER_PROTOCOL"] in ("HTTP/0.9", "HTTP/1.0"):
        raise HandshakeRefused(400, "a WebSocket begins with HTTP/1.1; of a proxy before us: let it pass that on (proxy_http_version 1.1)")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() != VERSION:
        raise HandshakeRefused(426, f"Sec-WebSocket-Version must be {VERSION}", {"Sec-WebSocket-Version": VERSION})
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").strip()
    if not _is_key(key):
        raise HandshakeRefused(400, f"Sec-WebSocket-Key must be {KEY_BYTES} bytes in base64")
    return {"Sec-WebSocket-Accept": base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()}


def _words(environ, name):
    return {word.strip().lower() for word in environ.get(name, "").split(",")}


def _is_key(key):
    try:
        return len(base64.b64decode(key.encode(), validate=True)) == KEY_BYTES
    except (binascii.Error, UnicodeEncodeError):
        return False
