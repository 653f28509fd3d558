"""WebSocket without a socket: what events look like, who may begin one, and what the bytes of a client come to, however they are cut."""
import json

import pytest

from myapp.realtime.core.event import UNREADABLE, Cursor
from myapp.realtime.errors import HandshakeRefused
from myapp.realtime.transports.websocket import SocketMessages, accept
from myapp.realtime.transports.websocket_reader import MOST_BYTES, Reader
from tests.abuses import ABUSES
from tests.frames import ACCEPT, ASKING, CLOSE, PING, PONG, TEXT, close, code_of, read_frames, said

from .hubs import event, hub, read

MESSAGES = SocketMessages(build=lambda: "b")


class Rows:
    """Fragments of whatever."""

    def html(self, event):
        return {"html": f"<li>{event.topic}\ud800</li>"}


def told(frames):
    """Return the objects that `frames` say, whole text messages; a close is its code."""
    frames, rest = read_frames(frames)
    assert not rest
    return [json.loads(payload) if opcode == TEXT else code_of(payload) for opcode, payload in frames]


# What a client is told

def test_an_event_is_one_text_message_with_its_id():
    data = '{"name": "Zoë"}'
    assert told(MESSAGES.event(event(7, data=data, key="user-1"))) == [
        {"id": "e-7", "topic": "a", "type": "t", "data": {"name": "Zoë"}, "key": "user-1"}]
    with_rows = SocketMessages(fragments=Rows())
    assert told(with_rows.event(event(7))) == [{"id": "e-7", "topic": "a", "type": "t", "data": {}, "html": "<li>a?</li>"}]
    assert told(MESSAGES.event(event(None, epoch=None))) == [{"id": None, "topic": "a", "type": "t", "data": {}}]


@pytest.mark.parametrize("size", [0, 65, 66, 67, 200, 65_474, 65_475, 65_476, 200_000])
def test_a_message_may_have_any_length(size):
    """Around each length at which a frame's head becomes longer."""
    [message] = told(MESSAGES.event(event(1, data=json.dumps({"pad": size * "x"}))))
    assert message["data"] == {"pad": size * "x"}


def test_a_stream_says_the_same_as_any_other_in_messages_of_its_own():
    here = hub()
    stream = here.join({"a"}, MESSAGES, UNREADABLE)
    here.receive([event(1)])
    assert told(read(stream)) == [
        {"id": None, "type": "connected", "data": {"status": "connected", "heartbeat_s": 15, "build": "b"}},
        {"id": "e-0", "type": "reset", "data": {"reason": "unreadable", "spread_ms": 5}},
        {"id": "e-1", "topic": "a", "type": "t", "data": {}}]
    assert told(MESSAGES.heartbeat(Cursor("e", 1))) == [{"id": "e-1", "type": "heartbeat", "data": {}}]


@pytest.mark.parametrize(("reason", "code"), [
    ("shutdown", 1001), ("lifetime", 1001), ("lagging", 1001), ("revoked", 1008), ("expired", 1008)])
def test_a_stream_that_ends_says_why_in_a_message_and_in_a_close(reason, code):
    assert told(MESSAGES.closing(reason)) == [{"id": None, "type": "closing", "data": {"reason": reason}}, code]
    [message, _] = told(MESSAGES.closing("revoked", {"b", "a"}))
    assert message["data"]["topics"] == ["a", "b"]


def test_an_event_is_encoded_once_for_all_sockets():
    here, one = hub(), event(1)
    streams = [here.join({"a", f"own:{number}"}, MESSAGES) for number in range(10)]
    for stream in streams:
        read(stream)
    here.receive([one])
    assert all(stream.next() is one.frame(MESSAGES) for stream in streams)


# The handshake

def asking(**changed):
    """Return the environ of a request that asks, with other headers, or without those that are None."""
    headers = ASKING | {name.replace("_", "-"): value for name, value in changed.items()}
    environ = {f"HTTP_{name.replace('-', '_').upper()}": value for name, value in headers.items() if value}
    return {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", **environ}


@pytest.mark.parametrize("changed", [
    {}, {"Connection": "keep-alive, Upgrade"}, {"Connection": "keep-alive,upgrade", "Upgrade": "WebSocket"}, {"Upgrade": "h2c, websocket"},
    {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits", "Sec_WebSocket_Protocol": "chat"}])
def test_whoever_asks_for_a_websocket_is_answered_with_what_proves_it(changed):
    assert accept(asking(**changed)) == {"Sec-WebSocket-Accept": ACCEPT}


@pytest.mark.parametrize(("changed", "status"), [
    ({"Upgrade": None}, 426), ({"Connection": None}, 426), ({"Upgrade": "h2c"}, 426), ({"Connection": "keep-alive"}, 426),
    ({"Sec_WebSocket_Version": None}, 426), ({"Sec_WebSocket_Version": "8"}, 426), ({"Sec_WebSocket_Version": "13, 8"}, 426),
    ({"Sec_WebSocket_Key": None}, 400), ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400), ({"Sec_WebSocket_Key": "x" * 5000}, 400),
    ({"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ"}, 400), ({"Sec_WebSocket_Key": "\xe4"}, 400)])
def test_whoever_asks_for_something_else_is_told_what_to_ask_for(changed, status):
    with pytest.raises(HandshakeRefused) as refusal:
        accept(asking(**changed))
    assert refusal.value.status == status
    assert (refusal.value.headers == {"Sec-WebSocket-Version": "13"}) == ("Sec_WebSocket_Version" in changed)


@pytest.mark.parametrize(("otherwise", "status"), [({"SERVER_PROTOCOL": "HTTP/1.0"}, 400), ({"REQUEST_METHOD": "HEAD"}, 426)])
def test_only_a_get_of_http_1_1_begins_one(otherwise, status):
    with pytest.raises(HandshakeRefused) as refusal:
        accept(asking() | otherwise)
    assert refusal.value.status == status


# What a client says

def heard(*pieces):
    """Return (messages, frames of the answers, whether it is over) of a client that says `pieces`."""
    reader, messages, answers = Reader(), [], b""
    for piece in pieces:
        more, answer = reader.read(piece)
        messages += more
        answers += answer
    frames, rest = read_frames(answers)
    assert not rest
    return messages, frames, reader.is_over


CONVERSATION = (
    said('{"a": "Zoë 😀"}') + said(b"", PING) + said('{"b', is_last=False) + said(b"are you there?", PING) + said("", 0, is_last=False)
    + said('": 1}', 0) + said(b"unasked", PONG) + said("x" * 300) + close(1000, "bye"))


def test_whatever_the_pieces_are_the_messages_are_the_same():
    messages = ['{"a": "Zoë 😀"}', '{"b": 1}', "x" * 300]
    byte_by_byte = heard(*(CONVERSATION[at:at + 1] for at in range(len(CONVERSATION))))
    assert byte_by_byte[0] == messages and byte_by_byte[2]
    assert [opcode for opcode, _ in byte_by_byte[1]] == [PONG, PONG, CLOSE]
    for at in range(1, len(CONVERSATION)):
        got, frames, is_over = heard(CONVERSATION[:at], CONVERSATION[at:])
        assert got == messages and is_over
        assert frames[-2:] == [(PONG, b"are you there?"), (CLOSE, b"\x03\xe8")]


def test_of_many_pings_at_once_the_last_is_answered():
    assert heard(b"".join(said(b"%d" % number, PING) for number in range(100)))[1] == [(PONG, b"99")]
    assert heard(*(said(b"%d" % number, PING) for number in range(3)))[1] == [(PONG, b"0"), (PONG, b"1"), (PONG, b"2")]


@pytest.mark.parametrize(("end", "code"), [(close(), None), (close(1000), 1000), (close(1001, "gone"), 1001), (close(4711, "é"), 4711)])
def test_a_close_is_answered_in_kind_and_what_follows_is_not_read(end, code):
    messages, [(opcode, payload)], is_over = heard(end + said("more"), said("still more"), b"\xff" * 100)
    assert (messages, opcode, code_of(payload), is_over) == ([], CLOSE, code, True)


@pytest.mark.parametrize(("abuse", "code"), ABUSES.values(), ids=ABUSES)
def test_abuse_ends_with_the_code_for_it_once_and_nothing_is_heard_of_it(abuse, code):
    for pieces in ([abuse], [abuse, said("more"), close(1000)], [said('{"fine": 1}') + abuse + close(1000)]):
        messages, frames, is_over = heard(*pieces)
        assert is_over and [(opcode, code_of(payload)) for opcode, payload in frames if opcode != PONG] == [(CLOSE, code)]
        assert messages in ([], ['{"fine": 1}']) and len(frames[-1][1]) <= 125


def test_abuse_that_comes_byte_by_byte_ends_the_same():
    for name, (abuse, code) in ABUSES.items():
        if len(abuse) < 200:
            _, frames, is_over = heard(*(abuse[at:at + 1] for at in range(len(abuse))))
            assert is_over and code_of(frames[-1][1]) == code, name


def test_a_message_may_be_as_large_as_may_be():
    assert heard(said("x" * MOST_BYTES)) == (["x" * MOST_BYTES], [], False)
    assert heard(said("é" * (MOST_BYTES // 4), is_last=False), said("é" * (MOST_BYTES // 4), 0))[0] == ["é" * (MOST_BYTES // 2)]
    assert len(heard(*[said("x" * 40_000)] * 5)[0]) == 5        # one after the other


def test_a_frame_that_promises_too_much_is_not_waited_for():
    """Its length alone would be a gigabyte; what comes of it is counted."""
    head = b"\x81\xff" + (1 << 30).to_bytes(8, "big") + bytes(4)
    _, [(_, payload)], is_over = heard(head, b"x" * (MOST_BYTES + 1))
    assert is_over and code_of(payload) == 1009
