"""Frames of WebSocket as a client sends and reads them, made by hand."""
import json
import struct

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x37\xfa\x21\x3d"
ASKING = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="     # what RFC 6455 answers to that key


def said(payload, opcode=TEXT, *, is_last=True, mask=MASK, reserved=0):
    """Return the frame of a client that says `payload`, text or bytes. mask: b"" for none."""
    payload = payload.encode() if isinstance(payload, str) else payload
    first, size, flag = is_last << 7 | reserved << 4 | opcode, len(payload), 0x80 if mask else 0
    if size < 126:
        head = bytes((first, flag | size))
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    return head + mask + masked(payload, mask)


def masked(payload, mask):
    """XOR with the mask, as one large number: a loop would take a second for a message that is too large."""
    if not mask or not payload:
        return payload
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


def said_json(value):
    return said(json.dumps(value))


def close(code=None, reason=""):
    return said(b"" if code is None else struct.pack("!H", code) + reason.encode(), CLOSE)


def read_frames(received):
    """Return ([(opcode, payload)] of the whole frames that a server has sent, the bytes after them)."""
    frames = []
    while len(received) >= 2:
        opcode, size, at = received[0], received[1], 2
        assert opcode & 0x70 == 0 and opcode & 0x80 and size < 128, "a server sends whole messages without a mask"
        if size >= 126:
            at = 4 if size == 126 else 10
            size = int.from_bytes(received[2:at], "big")
        if len(received) < at + size:
            break
        frames.append((opcode & 0x0F, received[at:at + size]))
        received = received[at + size:]
    return frames, received


def code_of(payload):
    """Return the code of a close, None when it has none."""
    return struct.unpack("!H", payload[:2])[0] if payload else None
