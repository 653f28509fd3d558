"""GET /events/socket over real sockets: how it begins, what it is told and how it ends, beside what all transports do."""
import socket
from contextlib import closing

import pytest

from tests.frames import ACCEPT, ASKING, close, said_json
from tests.waiting import wait_until

from .board import Board
from .desk import ALLOWED, Desk
from .inside import serving
from .raw import say, statuses
from .websocket import WebSocket

OWN = "http://localhost"
NEWS = {"topic": "news", "type": "news_told", "data": {"text": "by a socket"}}


@pytest.fixture
def desk(migrated_sqlite):
    with Desk(migrated_sqlite) as desk:
        yield desk


def asking(method, version):
    lines = [f"{method} /events/socket?topic=news HTTP/{version}", "Host: localhost", *(f"{name}: {ASKING[name]}" for name in ASKING)]
    return "\r\n".join([*lines, "", ""]).encode()


# How it begins, what it is told, how it ends

def test_the_answer_switches_protocols_and_says_no_word_of_a_body(desk):
    head = desk.connect("news").head.lower()
    assert head.startswith("http/1.1 101 switching protocols\r\n") and f"\r\nsec-websocket-accept: {ACCEPT.lower()}" in head
    assert head.count("\r\nconnection: upgrade") == head.count("connection:") == 1 and "\r\nupgrade: websocket" in head
    assert not any(name in head for name in ("content-length", "transfer-encoding", "content-type", "sec-websocket-extensions"))


def test_many_sockets_and_streams_beside_each_other_have_the_same(desk):
    clients = [desk.connect("news", fragments=number % 2) for number in range(20)]
    seqs = desk.board.publish(50)
    for client in clients:
        assert [event["id"] for event in client.events(50)] == [desk.board.cursor(seq) for seq in seqs]


def test_at_shutdown_it_is_told_to_go_away_and_come_again(desk):
    client = desk.connect("news")
    desk.server.stop()
    assert client.rest() == [{"id": None, "type": "closing", "data": {"reason": "shutdown"}}, 1001]


def test_a_client_that_says_good_bye_is_answered_and_leaves_nothing_behind(desk):
    client = desk.connect("news")
    client.socket.sendall(close(1000, "bye"))
    assert client.rest() == [1000]
    wait_until(lambda: desk.is_forgotten)


@pytest.mark.parametrize("by_reset", [True, False])
def test_a_client_that_goes_without_a_word_leaves_nothing_behind(desk, by_reset):
    client = desk.connect("news")
    if by_reset:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.socket.close()
    wait_until(lambda: desk.is_forgotten)


def test_it_holds_no_thread_and_no_connection_to_the_database(desk):
    """The server has two threads."""
    clients = [desk.connect("news") for _ in range(10)]
    assert desk.board.engine.pool.checkedout() == 0
    desk.board.publish(1)
    assert all(client.events(1) for client in clients)


# Rights and places

def test_topics_that_were_taken_up_later_are_authorised_and_end_with_their_right_too(desk):
    client = desk.connect("news", user="editor")
    client.say({"subscribe": ["secret"]})
    assert client.answer() == {"ok": True}
    desk.board.revoke(topic="secret")
    [closing, code] = client.rest()
    assert closing["data"]["reason"] == "revoked" and code == 1008


def test_a_page_of_another_origin_may_not_unless_it_is_allowed(desk):
    for origin in "https://evil.example", "null", "http://localhost:1":
        for victim in {}, {"Cookie": "user=editor"}:
            with WebSocket(desk.address, "news", headers={"Origin": origin, **victim}) as ws:
                assert (ws.status, ws.problem["status"]) == (403, 403) and "101" not in ws.head
    assert desk.is_forgotten
    for origin in OWN, ALLOWED:
        desk.connect("news", headers={"Origin": origin})


def test_cookies_of_another_origins_page_are_not_looked_at(desk):
    for origin, status in (OWN, None), (None, None), (ALLOWED, 401):
        client = desk.connect("news", headers={"Origin": origin, "Cookie": "user=editor"})
        client.say({"publish": NEWS})
        assert client.answer().get("error", {}).get("status") == status


@pytest.mark.parametrize(("headers", "status", "said"), [
    ({"Upgrade": None}, 426, "\r\nUpgrade: websocket"), ({"Connection": "close"}, 426, "\r\nConnection: Upgrade"),
    ({"Sec-WebSocket-Version": "8"}, 426, "\r\nSec-Websocket-Version: 13"), ({"Sec-WebSocket-Key": "short"}, 400, "")])
def test_what_is_no_handshake_is_told_what_is_one(desk, headers, status, said):
    with WebSocket(desk.address, "news", headers=headers) as ws:
        assert (ws.status, ws.problem["status"]) == (status, status) and said in ws.head
    assert desk.is_forgotten


def test_a_socket_takes_a_place_like_any_stream(migrated_sqlite):
    with Board(migrated_sqlite, {"realtime.max_streams": 1}) as board, serving(board) as server:
        with WebSocket(server.addresses[0], "news") as first, WebSocket(server.addresses[0], "news") as second:
            assert (first.status, second.status) == (101, 503) and "Retry-After" in second.head


def test_where_no_loop_is_there_is_no_socket_and_it_says_so(desk):
    with serving(desk.board, has_loop=False) as server, WebSocket(server.addresses[0], "news") as ws:
        assert ws.status == 501 and "myapp#server" in ws.problem["detail"]


def test_head_and_http_1_0_begin_none(desk):
    for method, version, status in ("HEAD", "1.1", 426), ("GET", "1.0", 400), ("DELETE", "1.0", 405):
        assert statuses(say(desk.address, asking(method, version))) == [status]
    assert desk.is_forgotten


def test_a_client_that_speaks_before_it_is_answered_does_no_harm(desk):
    with closing(socket.create_connection(desk.address)) as client:
        client.sendall(asking("GET", "1.1") + said_json({"unsubscribe": ["news"]}) * 3)
        wait_until(lambda: desk.board.hub.open_streams == 1)
    wait_until(lambda: desk.is_forgotten)
