"""GET /events/socket over real sockets: what its client says, may ask for, and must not do."""
import socket
from contextlib import suppress

import pytest
import sqlalchemy as sa

from myapp.server.talk import PIECE
from tests.abuses import ABUSES
from tests.frames import CLOSE, PING, PONG, code_of, said, said_json
from tests.waiting import wait_until

from .desk import Desk
from .websocket import WebSocket

NEWS = {"topic": "news", "type": "news_told", "data": {"text": "by a socket"}}


@pytest.fixture
def desk(migrated_sqlite):
    with Desk(migrated_sqlite) as desk:
        yield desk


# What a client says

def test_a_ping_is_answered_between_frames_also_to_one_who_is_slow(desk):
    with WebSocket(desk.address, "news", buffer=4096) as slow:
        assert slow.message()["type"] == "connected"
        for number in range(20):
            desk.board.publish(20, bytes_each=1000)
            slow.socket.sendall(said(b"%d" % number, PING))
        frames = []
        while sum(opcode != PONG for opcode, _ in frames) < 400:
            frames.append(slow.frame())
    pongs = [int(payload) for opcode, payload in frames if opcode == PONG]
    assert pongs and pongs == sorted(set(pongs))


def test_a_message_may_come_byte_by_byte_and_in_pieces_with_other_frames_between(desk):
    client = desk.connect("news")
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    beginning, middle, end = said('{"unsubscribe": ["news"], ', is_last=False), said('"ref": "', 0, is_last=False), said('é"}', 0)
    for byte in beginning + said(b"between", PING) + middle + end:
        client.socket.sendall(bytes([byte]))
    assert client.frame() == (PONG, b"between") and client.answer() == {"ok": True, "ref": "é"}


def test_abuse_ends_with_its_code_and_with_nothing_left_and_is_no_error_of_ours(desk, caplog):
    other, unanswered = desk.connect("news"), said_json({"unsubscribe": ["news"]}) * 40
    for name, (abuse, code) in (ABUSES | {"unanswered": (unanswered, 1008), "a megabyte": (said("x" * (1 << 20)), 1009)}).items():
        client = desk.connect("news")
        with suppress(OSError):     # it may be cut while it still sends
            client.socket.sendall(abuse + said("more"))
        closes = [payload for opcode, payload in iter(client.frame, None) if opcode == CLOSE]
        if closes or len(abuse) < 4 * PIECE:        # else the kernel may lose the end, for what was never read
            assert [code_of(payload) for payload in closes] == [code], name
    wait_until(lambda: desk.server._loop.open_streams == desk.board.hub.open_streams == 1)
    desk.board.publish(1)
    assert other.events(1)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 1000, b"\xff" * 1000])
def test_what_is_no_frame_is_no_request_either(desk, garbage):
    client = desk.connect("news")
    client.socket.sendall(garbage)
    assert client.rest() == [1002]
    wait_until(lambda: desk.is_forgotten)


# What it may ask for

def test_topics_come_and_go_where_the_stream_is(desk):
    def publish(count):
        """Until the process knows of them: the present position of a socket is where its process is, not where the table is."""
        seqs = desk.board.publish(count)
        wait_until(lambda: desk.board.hub.cursor.seq == seqs[-1])
    client = desk.connect("news")
    publish(1)
    client.say({"unsubscribe": ["news"], "ref": 1})
    assert client.events(1) and client.answer() == {"ok": True, "ref": 1}
    publish(2)
    client.say({"subscribe": ["news", "news"], "ref": 2})
    assert client.answer() == {"ok": True, "ref": 2}
    [seq] = desk.board.publish(1)
    assert client.events(1)[0]["id"] == desk.board.cursor(seq)
    client.say({"subscribe": ["news"]})
    assert client.message() == {"ok": True}
    desk.board.publish(1)
    assert client.events(1)[0]["id"] == desk.board.cursor(seq + 1)


@pytest.mark.parametrize(("said", "status"), [
    ({"subscribe": ["unheard-of"]}, 404), ({"subscribe": ["no topic"]}, 400), ({"subscribe": "news"}, 400), ({"subscribe": []}, 400),
    ({"subscribe": [1]}, 400), ({"subscribe": ["news", *"abcde"]}, 400), ({"subscribe": ["secret"]}, 401), ({"unsubscribe": None}, 400),
    ({"publish": NEWS}, 401), ({"publish": {**NEWS, "topic": "unheard-of"}}, 404), ({"publish": {**NEWS, "key": "x"}}, 400),
    ({"publish": []}, 400), ({"publish": {"topic": "news"}}, 400), ({"publish": {**NEWS, "topic": ["news"]}}, 400),
    ({"publish": NEWS, "subscribe": ["news"]}, 400), ({}, 400), ([], 400), ("news", 400), ({"ref": "x"}, 400), ({"shout": 1}, 400),
    ({"unsubscribe": ["news"], "ref": {}}, 400), ({"unsubscribe": ["news"], "ref": "x" * 201}, 400)], ids=repr)
def test_what_cannot_be_is_answered_with_why_and_the_socket_goes_on(desk, said, status):
    client, before = desk.connect("news"), desk.board.last_seq
    client.say(said)
    error = client.answer()["error"]
    assert error["status"] == status and error["detail"]
    assert desk.board.last_seq == before
    desk.board.publish(1)
    assert client.events(1)


def test_who_may_publishes_in_a_transaction_and_everybody_has_it(desk):
    client, other = desk.connect("news", user="editor"), desk.connect("news")
    client.say({"publish": NEWS, "ref": 7})
    answered = [client.message(), client.message()]
    assert {"ok": True, "ref": 7} in answered
    [event] = [message for message in answered if "topic" in message]
    assert event == {"id": desk.board.cursor(desk.board.last_seq)} | NEWS == other.events(1)[0]


def test_what_is_published_is_bound_as_everywhere(desk):
    client, before = desk.connect("news", user="editor"), desk.board.last_seq
    for change in {"type": "No Type"}, {"type": "closing"}, {"type": 1}, {"data": []}, {"data": {"x": "x" * 1024}}:
        client.say({"publish": NEWS | change, "ref": 1})
        error = client.answer()
        assert error["ref"] == 1 and error["error"]["status"] == 422
    assert desk.board.last_seq == before


def test_publications_of_one_socket_keep_their_order(desk):
    client, other = desk.connect("news", user="editor"), desk.connect("news")
    for number in range(30):
        client.say({"publish": NEWS | {"data": {"number": number}}, "ref": number})
    assert [event["data"]["number"] for event in other.events(30)] == [*range(30)]
    assert [client.answer()["ref"] for _ in range(30)] == [*range(30)]


def test_a_database_that_fails_is_said_and_the_socket_goes_on(desk, caplog):
    client = desk.connect("news", user="editor")
    with desk.board.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE event_log RENAME TO elsewhere"))
    client.say({"publish": NEWS, "ref": 1})
    answer = client.answer()
    assert answer["error"]["status"] == 500 and "event_log" not in str(answer) and answer["ref"] == 1
    with desk.board.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO event_log"))
    client.say({"publish": NEWS, "ref": 2})
    assert client.answer() == {"ok": True, "ref": 2}
    assert "what a WebSocket's client asked for failed" in caplog.text


def test_what_is_said_as_soon_as_the_handshake_is_answered_is_heard(desk):
    """As a browser's `onopen` does, before `connected` has come."""
    for number in range(20):
        with WebSocket(desk.address, "news") as client:
            client.say({"subscribe": ["news"], "ref": number})
            assert client.answer() == {"ok": True, "ref": number}
