"""GET /events/socket over real sockets: what its client is told, may ask for and must not do, beside what streams do anyhow."""
import socket
from contextlib import closing, suppress

import pytest
import sqlalchemy as sa

from myapp.server.talk import PIECE
from tests.frames import ACCEPT, ASKING, BINARY, CLOSE, PING, PONG, close, code_of, said, said_json
from tests.waiting import wait_until

from .api import Api
from .board import Board
from .inside import serving
from .raw import say, statuses
from .websocket import WebSocket

OWN = "http://localhost"
ALLOWED = "https://wall.example.org"
NEWS = {"topic": "news", "type": "news_told", "data": {"text": "by a socket"}}


@pytest.fixture
def board(migrated_sqlite):
    with Board(migrated_sqlite, {"realtime.allowed_origins": ALLOWED, "realtime.max_topics": 5, "realtime.max_event": 1024}) as board:
        yield board


@pytest.fixture
def server(board):
    with serving(board) as server:
        yield server


@pytest.fixture
def connect(server):
    """connect("news", user="ada"): a WebSocket that has been told that it is connected."""
    made = []

    def connect(*topics, user=None, headers=None, **parameters):
        made.append(WebSocket(server.addresses[0], *topics, headers={"X-User": user, **(headers or {})}, **parameters))
        assert made[-1].status == 101 and made[-1].message()["type"] == "connected"
        return made[-1]
    yield connect
    for ws in made:
        ws.socket.close()


def asking(method, version):
    lines = [f"{method} /events/socket?topic=news HTTP/{version}", "Host: localhost", *(f"{name}: {ASKING[name]}" for name in ASKING)]
    return "\r\n".join([*lines, "", ""]).encode()


def gone(server, board):
    return board.hub.open_streams == len(board.hub._feeds) == board.hub._places.taken == server._loop.open_streams == 0


# How it begins, what it is told, how it ends

def test_the_answer_switches_protocols_and_says_no_word_of_a_body(connect):
    head = connect("news").head.lower()
    assert head.startswith("http/1.1 101 switching protocols\r\n") and f"\r\nsec-websocket-accept: {ACCEPT.lower()}" in head
    assert head.count("\r\nconnection: upgrade") == head.count("connection:") == 1 and "\r\nupgrade: websocket" in head
    assert not any(name in head for name in ("content-length", "transfer-encoding", "content-type", "sec-websocket-extensions"))


def test_many_sockets_and_streams_beside_each_other_have_the_same(connect, board):
    clients = [connect("news", fragments=number % 2) for number in range(20)]
    seqs = board.publish(50)
    for client in clients:
        assert [event["id"] for event in client.events(50)] == [board.cursor(seq) for seq in seqs]


def test_at_shutdown_it_is_told_to_go_away_and_come_again(connect, server):
    client = connect("news")
    server.stop()
    assert client.rest() == [{"id": None, "type": "closing", "data": {"reason": "shutdown"}}, 1001]


def test_a_client_that_says_good_bye_is_answered_and_leaves_nothing_behind(connect, server, board):
    client = connect("news")
    client.socket.sendall(close(1000, "bye"))
    assert client.rest() == [1000]
    wait_until(lambda: gone(server, board))


@pytest.mark.parametrize("by_reset", [True, False])
def test_a_client_that_goes_without_a_word_leaves_nothing_behind(connect, server, board, by_reset):
    client = connect("news")
    if by_reset:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.socket.close()
    wait_until(lambda: gone(server, board))


def test_it_holds_no_thread_and_no_connection_to_the_database(connect, server, board):
    """The server has two threads."""
    clients = [connect("news") for _ in range(10)]
    assert board.engine.pool.checkedout() == 0
    board.publish(1)
    assert all(client.events(1) for client in clients)


# What a client says

def test_a_ping_is_answered_between_frames_also_to_one_who_is_slow(board, server):
    with WebSocket(server.addresses[0], "news", buffer=4096) as slow:
        assert slow.message()["type"] == "connected"
        for number in range(20):
            board.publish(20, bytes_each=1000)
            slow.socket.sendall(said(b"%d" % number, PING))
        frames = []
        while sum(opcode != PONG for opcode, _ in frames) < 400:
            frames.append(slow.frame())
    pongs = [int(payload) for opcode, payload in frames if opcode == PONG]
    assert pongs and pongs == sorted(set(pongs))


def test_a_message_may_come_byte_by_byte(connect):
    client = connect("news")
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in said_json({"unsubscribe": ["news"], "ref": "é"}):
        client.socket.sendall(bytes([byte]))
    assert client.answer() == {"ok": True, "ref": "é"}


@pytest.mark.parametrize(("abuse", "code"), [
    (said("x", mask=b""), 1002), (said("x", reserved=4), 1002), (said("x", 5), 1002), (said("x", PING, is_last=False), 1002),
    (said(b"x", BINARY), 1003), (said(b"\xff"), 1007), (said("", PING) * 1000, 1008), (said_json({"unsubscribe": ["news"]}) * 40, 1008),
    (said("x" * 65_537), 1009), (said("x" * (1 << 20)), 1009)],
    ids=["no mask", "reserved", "opcode", "ping in pieces", "bytes", "no UTF-8", "pings", "unanswered", "large", "a megabyte"])
def test_abuse_ends_with_its_code_and_with_nothing_left(connect, server, board, abuse, code):
    other, client = connect("news"), connect("news")
    with suppress(OSError):     # it may be cut while it still sends
        client.socket.sendall(abuse + said("more"))
    with suppress(OSError):
        while (frame := client.frame()) and frame[0] != CLOSE:
            pass
        if len(abuse) < 4 * PIECE:      # else the kernel may lose the end, for what was never read
            assert frame and code_of(frame[1]) == code
    wait_until(lambda: server._loop.open_streams == board.hub.open_streams == 1)
    board.publish(1)
    assert other.events(1)


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 1000, b"\xff" * 1000])
def test_what_is_no_frame_is_no_request_either(connect, server, board, garbage):
    client = connect("news")
    client.socket.sendall(garbage)
    assert client.rest() == [1002]
    wait_until(lambda: gone(server, board))


# What it may ask for

def test_topics_come_and_go_where_the_stream_is(connect, board):
    def publish(count):
        """Until the process knows of them: the present position of a socket is where its process is, not where the table is."""
        seqs = board.publish(count)
        wait_until(lambda: board.hub.cursor.seq == seqs[-1])
    client = connect("news")
    publish(1)
    client.say({"unsubscribe": ["news"], "ref": 1})
    assert client.events(1) and client.answer() == {"ok": True, "ref": 1}
    publish(2)
    client.say({"subscribe": ["news", "news"], "ref": 2})
    assert client.answer() == {"ok": True, "ref": 2}
    [seq] = board.publish(1)
    assert client.events(1)[0]["id"] == board.cursor(seq)
    client.say({"subscribe": ["news"]})
    assert client.message() == {"ok": True}
    board.publish(1)
    assert client.events(1)[0]["id"] == board.cursor(seq + 1)


@pytest.mark.parametrize(("said", "status"), [
    ({"subscribe": ["unheard-of"]}, 404), ({"subscribe": ["no topic"]}, 400), ({"subscribe": "news"}, 400), ({"subscribe": []}, 400),
    ({"subscribe": [1]}, 400), ({"subscribe": ["news", *"abcde"]}, 400), ({"subscribe": ["secret"]}, 401), ({"unsubscribe": None}, 400),
    ({"publish": NEWS}, 401), ({"publish": {**NEWS, "topic": "unheard-of"}}, 404), ({"publish": {**NEWS, "key": "x"}}, 400),
    ({"publish": []}, 400), ({"publish": {"topic": "news"}}, 400), ({"publish": {**NEWS, "topic": ["news"]}}, 400),
    ({"publish": NEWS, "subscribe": ["news"]}, 400), ({}, 400), ([], 400), ("news", 400), ({"ref": "x"}, 400), ({"shout": 1}, 400),
    ({"unsubscribe": ["news"], "ref": {}}, 400), ({"unsubscribe": ["news"], "ref": "x" * 201}, 400)], ids=repr)
def test_what_cannot_be_is_answered_with_why_and_the_socket_goes_on(connect, board, said, status):
    client, before = connect("news"), board.last_seq
    client.say(said)
    error = client.answer()["error"]
    assert error["status"] == status and error["detail"]
    assert board.last_seq == before
    board.publish(1)
    assert client.events(1)


def test_no_json_is_answered_too(connect):
    client = connect("news")
    for text in ("", "{", "NaN", "[" * 5000, '{"ref": ' + "9" * 5000 + "}", "null", "\ufeff{}"):
        client.socket.sendall(said(text))
        assert client.answer()["error"]["status"] == 400, text


def test_who_may_publishes_in_a_transaction_and_everybody_has_it(connect, board):
    client, other = connect("news", user="editor"), connect("news")
    client.say({"publish": NEWS, "ref": 7})
    answered = [client.message(), client.message()]
    assert {"ok": True, "ref": 7} in answered
    [event] = [message for message in answered if "topic" in message]
    assert event == {"id": board.cursor(board.last_seq)} | NEWS == other.events(1)[0]


def test_what_is_published_is_bound_as_everywhere(connect, board):
    client, before = connect("news", user="editor"), board.last_seq
    for change in {"type": "No Type"}, {"type": "closing"}, {"type": 1}, {"data": []}, {"data": {"x": "x" * 1024}}:
        client.say({"publish": NEWS | change, "ref": 1})
        error = client.answer()
        assert error["ref"] == 1 and error["error"]["status"] == 422
    assert board.last_seq == before


def test_publications_of_one_socket_keep_their_order(connect):
    client, other = connect("news", user="editor"), connect("news")
    for number in range(30):
        client.say({"publish": NEWS | {"data": {"number": number}}, "ref": number})
    assert [event["data"]["number"] for event in other.events(30)] == [*range(30)]
    assert [client.answer()["ref"] for _ in range(30)] == [*range(30)]


def test_a_database_that_fails_is_said_and_the_socket_goes_on(connect, board, caplog):
    client = connect("news", user="editor")
    with board.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE event_log RENAME TO elsewhere"))
    client.say({"publish": NEWS, "ref": 1})
    answer = client.answer()
    assert answer["error"]["status"] == 500 and "event_log" not in str(answer) and answer["ref"] == 1
    with board.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO event_log"))
    client.say({"publish": NEWS, "ref": 2})
    assert client.answer() == {"ok": True, "ref": 2}
    assert "what a WebSocket's client asked for failed" in caplog.text


# Rights and places

def test_topics_that_were_taken_up_later_are_authorised_and_end_with_their_right_too(connect, board):
    client = connect("news", user="editor")
    client.say({"subscribe": ["secret"]})
    assert client.answer() == {"ok": True}
    board.revoke(topic="secret")
    [closing, code] = client.rest()
    assert closing["data"]["reason"] == "revoked" and code == 1008


def test_a_page_of_another_origin_may_not_unless_it_is_allowed(server, connect):
    for origin in "https://evil.example", "null", "http://localhost:1":
        with WebSocket(server.addresses[0], "news", headers={"Origin": origin}) as ws:
            assert (ws.status, ws.problem["status"]) == (403, 403)
    for origin in OWN, ALLOWED:
        connect("news", headers={"Origin": origin})


def test_cookies_of_another_origins_page_are_not_looked_at(connect):
    for origin, status in (OWN, None), (None, None), (ALLOWED, 401):
        client = connect("news", headers={"Origin": origin, "Cookie": "user=editor"})
        client.say({"publish": NEWS})
        assert client.answer().get("error", {}).get("status") == status


@pytest.mark.parametrize(("headers", "status", "said"), [
    ({"Upgrade": None}, 426, "\r\nUpgrade: websocket"), ({"Connection": "close"}, 426, "\r\nConnection: Upgrade"),
    ({"Sec-WebSocket-Version": "8"}, 426, "\r\nSec-Websocket-Version: 13"), ({"Sec-WebSocket-Key": "short"}, 400, "")])
def test_what_is_no_handshake_is_told_what_is_one(server, board, headers, status, said):
    with WebSocket(server.addresses[0], "news", headers=headers) as ws:
        assert (ws.status, ws.problem["status"]) == (status, status) and said in ws.head
    assert gone(server, board)


def test_a_socket_takes_a_place_like_any_stream(migrated_sqlite):
    with Board(migrated_sqlite, {"realtime.max_streams": 1}) as board, serving(board) as server:
        with WebSocket(server.addresses[0], "news") as first, WebSocket(server.addresses[0], "news") as second:
            assert (first.status, second.status) == (101, 503) and "Retry-After" in second.head


def test_where_no_loop_is_there_is_no_socket_and_it_says_so(board):
    with serving(board, has_loop=False) as server, WebSocket(server.addresses[0], "news") as ws:
        assert ws.status == 501 and "myapp#server" in ws.problem["detail"]


def test_head_and_http_1_0_begin_none(server, board):
    for method, version, status in ("HEAD", "1.1", 426), ("GET", "1.0", 400), ("DELETE", "1.0", 405):
        assert statuses(say(server.addresses[0], asking(method, version))) == [status]
    assert gone(server, board)


def test_a_client_that_speaks_before_it_is_answered_does_no_harm(server, board):
    with closing(socket.create_connection(server.addresses[0])) as client:
        client.sendall(asking("GET", "1.1") + said_json({"unsubscribe": ["news"]}) * 3)
        wait_until(lambda: board.hub.open_streams == 1)
    wait_until(lambda: gone(server, board))


# The application

METRIC = {"topic": "metric:hall", "type": "value", "data": {"value": 21.5}}


@pytest.mark.parametrize("scopes", [None, ["read:users", "publish:metric:hall"], ["read:users", "publish:metric:attic"]])
def test_in_the_application_the_socket_may_do_what_its_account_and_its_token_may(migrated_sqlite, start_server, scopes):
    """Without a token it is the account of myapp.auto_login."""
    api, headers = Api((server := start_server(migrated_sqlite)).address), {}
    if scopes is not None:
        answer = api.ask("POST", "/api/tokens", {"name": "sensor", "scopes": scopes})
        assert answer.status == 201, answer
        headers = {"Authorization": f"Bearer {answer.json['token']}"}
    with WebSocket(server.address, "users", headers=headers, fragments=1) as ws:
        assert ws.message()["type"] == "connected"
        user = api.create("Ada Lovelace")
        [event] = ws.events(1)
        assert event["data"] == user and event["key"] == f"user-{user['id']}" and event["html"].startswith("<tr ")
        statuses = []
        for said in {"publish": METRIC}, {"subscribe": ["channels"]}, {"publish": METRIC | {"topic": "updates:general"}}:
            ws.say(said)
            statuses.append(ws.answer().get("error", {}).get("status"))
        may_publish = scopes is None or "publish:metric:hall" in scopes
        assert statuses == [None if may_publish else 403, None if scopes is None else 403, 403]


def test_in_the_application_a_socket_ends_when_its_token_is_revoked_and_publishes_nothing_more(migrated_sqlite, start_server):
    api = Api((server := start_server(migrated_sqlite)).address)
    token = api.ask("POST", "/api/tokens", {"name": "sensor", "scopes": ["read:users", "publish:metric:*"]}).json["token"]
    mine = Api(server.address, {"Authorization": f"Bearer {token}"})
    with WebSocket(server.address, "users", headers=mine.headers) as ws:
        assert ws.message()["type"] == "connected"
        assert mine.ask("DELETE", "/api/tokens/current").status == 204
        with suppress(OSError):
            ws.say({"publish": METRIC})
        told = [message for message in ws.rest() if isinstance(message, int) or "ok" in message or message.get("type") == "closing"]
    assert told == [{"id": None, "type": "closing", "data": {"reason": "revoked"}}, 1008]
