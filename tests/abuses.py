"""What no client of a WebSocket may send, and the code of the close with which it ends (RFC 6455, 7.4.1)."""
from myapp.realtime.transports.websocket_reader import MOST_BYTES, MOST_FRAMES

from .frames import BINARY, CLOSE, MASK, PING, close, said

ABUSES = {
    "no mask": (said("x", mask=b""), 1002),
    "the first reserved bit": (said("x", reserved=4), 1002),
    "another one": (said("x", reserved=1), 1002),
    "an opcode of none": (said("x", 3), 1002),
    "a control of none": (said("x", 0xB), 1002),
    "a ping in pieces": (said("x", PING, is_last=False), 1002),
    "a ping too long": (said("x" * 126, PING), 1002),
    "a close of one byte": (said("x", CLOSE), 1002),
    "a close for what is never said": (close(1005), 1002),
    "a close of a code of none": (close(999), 1002),
    "a continuation of nothing": (said("x", 0), 1002),
    "a message within another": (said("x", is_last=False) + said("y"), 1002),
    "a length longer than it need be": (b"\x81\xfe\x00\x05" + MASK + b"xxxxx", 1002),
    "a length below none": (b"\x81\xff" + b"\xff" * 8 + MASK, 1002),
    "bytes": (said(b"\x00", BINARY), 1003),
    "no UTF-8": (said(b"\xff"), 1007),
    "half a letter": (said("ë".encode()[:1]), 1007),
    "a surrogate": (said(b"\xed\xa0\x80"), 1007),
    "half a letter in pieces": (said(b"\xc3", is_last=False) + said(b"\x28", 0), 1007),
    "a close in no UTF-8": (said(b"\x03\xe8\xff", CLOSE), 1007),
    "a flood of nothing": (said("", is_last=False) + said("", 0, is_last=False) * MOST_FRAMES, 1008),
    "a flood of pings": (said("", PING) * (MOST_FRAMES + 1), 1008),
    "too much": (said("x" * (MOST_BYTES + 1)), 1009),
    "too much of more than one byte": (said("é" * (MOST_BYTES // 2) + "x"), 1009),
    "too much in pieces": (said("x" * 40_000, is_last=False) + said("x" * 40_000, 0), 1009),
}
