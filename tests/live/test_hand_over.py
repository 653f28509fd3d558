"""The hand-over of a connection from the worker that answered to the loop that streams: every way in which it can go, and go wrong."""
import socket
import threading
from contextlib import closing
from functools import partial

import pytest

from tests.waiting import wait_until

from .board import NEWS, Board
from .crowd import RESET, Client
from .inside import WAIT_S, serving

HEAD = "HEAD /events?topic=news HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAGE = b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHATTER, ENOUGH = b"x" * (1 << 20), 100     # times
LARGE = b"x" * (5 << 20)
CONNECTED, TOLD = b"event: connected\n", b"event: news_told\n"


@pytest.fixture
def board(migrated_sqlite):
    with Board(migrated_sqlite) as board:
        yield board


@pytest.fixture
def server(board):
    with serving(board) as server:
        yield server


def connected(server, path=NEWS, **client):
    """Return a Client that has been told that it is connected."""
    return Client(server.addresses[0], path, **client).read_until(lambda client: client.is_connected)


def ask(server, text):
    """Return a socket on which `text` has been said."""
    client = socket.create_connection(server.addresses[0], timeout=WAIT_S)
    client.sendall(text.encode())
    return client


def read_to_end(client):
    return b"".join(iter(partial(client.recv, 1 << 16), b""))


def read_to(words, client):
    received = b""
    while words not in received:
        chunk = client.recv(1 << 16)
        assert chunk, received
        received += chunk
    return received


def gone(server, board):
    """Whether nothing is left of any stream: neither place nor feed, neither in the hub nor in the loop."""
    return board.hub.open_streams == len(board.hub._feeds) == board.hub._places.taken == server._loop.open_streams == 0


# How it is answered

def test_the_head_says_that_the_connection_ends_with_the_stream_and_its_bytes_are_as_they_are(server):
    with closing(connected(server)) as client:
        head = client.head.lower()
        assert head.startswith("http/1.1 200 ok\r\n")
        assert "\r\nconnection: close" in head and "\r\ncontent-type: text/event-stream; charset=utf-8" in head
        assert "content-length" not in head and "transfer-encoding" not in head


@pytest.mark.parametrize("header", ["", "Connection: keep-alive\r\n", "Connection: close\r\n"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_to_either_version_of_http_the_bytes_are_plain_and_the_connection_ends_with_the_stream(server, board, version, header):
    with closing(ask(server, f"GET {NEWS} HTTP/{version}\r\nHost: localhost\r\n{header}\r\n")) as client:
        received = read_to(CONNECTED, client)
        board.publish(1)
        received += read_to(TOLD, client)
        board.hub.end_all("shutdown")
        head, _, body = (received + read_to_end(client)).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/{version} 200 OK".encode())
    assert b"\r\nConnection: close" in head and b"\r\nConnection: keep-alive" not in head.title()
    assert b"Transfer-Encoding" not in head and b"Content-Length" not in head
    types = [line for line in body.split(b"\n") if line.startswith(b"event: ")]
    assert types == [b"event: connected", b"event: news_told", b"event: closing"]
    assert body.startswith(b"retry: ") and body.endswith(b"\n\n")


def test_head_is_answered_at_once_and_holds_nothing(server, board):
    with closing(ask(server, HEAD)) as client:
        head, _, body = read_to_end(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK") and b"Content-Type: text/event-stream" in head and body == b""
    assert gone(server, board)


def test_head_is_answered_at_once_though_the_application_hands_a_stream_over(board):
    def app(environ, start_response):
        return board({**environ, "REQUEST_METHOD": "GET"}, start_response)

    with serving(app) as server, closing(ask(server, HEAD)) as client:
        head, _, body = read_to_end(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK") and body == b""
        wait_until(lambda: gone(server, board))


# What clients say besides

def test_a_second_request_right_behind_the_first_is_never_answered_and_does_no_harm(server, board):
    with closing(socket.create_connection(server.addresses[0], timeout=WAIT_S)) as client:
        client.sendall(f"GET {NEWS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + PAGE + PAGE)
        received = read_to(CONNECTED, client)
        board.publish(1)
        received += read_to(TOLD, client)
        board.hub.end_all("shutdown")
        received += read_to_end(client)
    assert received.count(b"HTTP/1.1") == 1 and b"a page" not in received
    assert received.count(b"event: news_told") == 1 and b"event: closing" in received


def test_a_stream_that_is_asked_for_behind_a_page_on_one_connection_comes_after_it(server, board):
    with closing(socket.create_connection(server.addresses[0], timeout=WAIT_S)) as client:
        client.sendall(PAGE + f"GET {NEWS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        page, _, stream = read_to(CONNECTED, client).partition(b"a page")
        assert page.startswith(b"HTTP/1.1 200 OK") and stream.startswith(b"HTTP/1.1 200 OK")
        board.publish(1)
        assert read_to(TOLD, client)


def test_what_a_client_says_while_it_listens_is_ignored(server, board):
    with closing(connected(server)) as client:
        for count in (1, 2, 3):
            client.socket.sendall(PAGE)
            board.publish(1)
            client.read_until(lambda client, count=count: len(client.seqs) == count)
        assert server._loop.open_streams == 1


def test_a_client_that_will_not_stop_talking_is_cut_and_the_others_are_not(server, board):
    with closing(connected(server)) as other:
        with closing(connected(server)) as talker:
            with pytest.raises(OSError):
                for _ in range(ENOUGH):
                    talker.socket.sendall(CHATTER)
        wait_until(lambda: board.hub.open_streams == server._loop.open_streams == 1)
        board.publish(1)
        other.read_until(lambda client: client.seqs)


# Clients that go, applications that fail, between the view and the loop

@pytest.mark.parametrize("by_reset", [True, False])
def test_a_client_that_goes_before_its_head_is_written_leaves_nothing_behind(board, by_reset):
    handed_over, is_gone = threading.Event(), threading.Event()

    def app(environ, start_response):
        answer = board(environ, start_response)
        handed_over.set()
        wait_until(environ["waitress.client_disconnected"])
        is_gone.set()
        return answer

    with serving(app) as server:
        client = Client(server.addresses[0], NEWS)
        assert handed_over.wait(WAIT_S) and board.hub.open_streams == 1
        client.close(by_reset=by_reset)
        assert is_gone.wait(WAIT_S)
        wait_until(lambda: gone(server, board))


def test_a_client_that_goes_between_its_head_and_its_stream_leaves_nothing_behind(board):
    """A middleware may have the head sent at once, by the `write` of PEP 3333, and take its time."""
    is_gone = threading.Event()

    def app(environ, start_response):
        writes = []
        answer = board(environ, lambda *head: writes.append(start_response(*head)))
        writes[0](b"")
        wait_until(environ["waitress.client_disconnected"])
        is_gone.set()
        return answer

    with serving(app) as server:
        with closing(Client(server.addresses[0], NEWS)) as client:
            assert client.read_until(lambda client: client.head).status == 200
            assert board.hub.open_streams == 1
        assert is_gone.wait(WAIT_S)
        wait_until(lambda: gone(server, board))


def test_a_client_that_goes_while_another_answer_is_still_on_its_way_leaves_nothing_behind(board):
    with serving(with_a_large_page(board), deaf_s=WAIT_S) as server:
        with closing(ask_for_a_large_page_and_a_stream(server)) as client:
            wait_until(lambda: board.hub.open_streams == 1 and all(channel.close_when_flushed for channel in server._channels()))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        wait_until(lambda: gone(server, board))


def test_an_application_that_fails_after_it_has_handed_over_is_an_error_and_leaves_nothing_behind(board, caplog):
    def app(environ, start_response):
        board(environ, start_response)
        raise KeyError("what a middleware may do")

    with serving(app) as server, closing(Client(server.addresses[0], NEWS)) as client:
        client.read_until(lambda client: client.head)
        assert client.status == 500 and not client.is_connected
        wait_until(lambda: gone(server, board))
    assert caplog.text.count("Exception while serving") == 1


def test_an_application_that_answers_otherwise_after_it_has_handed_over_leaves_nothing_behind(board):
    """A middleware that catches an error, and starts its own answer as PEP 3333 has it."""
    def app(environ, start_response):
        board(environ, start_response)
        try:
            raise KeyError("nobody hears of it")
        except KeyError as error:
            start_response("502 Bad Gateway", [("Content-Type", "text/plain")], (KeyError, error, error.__traceback__))
        return [b"sorry"]

    with serving(app) as server, closing(ask(server, f"GET {NEWS} HTTP/1.1\r\nHost: localhost\r\n\r\n")) as client:
        head, _, body = read_to_end(client).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 502") and b"event: connected" not in body
        wait_until(lambda: gone(server, board))


@pytest.mark.parametrize("kind", ["list", "generator", "late start_response", "closing"])
def test_a_middleware_that_passes_the_answer_on_in_its_own_way_passes_a_stream_on_too(board, kind):
    """Such as those that count bytes, compress, or keep the head until there is a body. WSGI lets them all."""
    def app(environ, start_response):
        if kind != "late start_response":
            answer = board(environ, start_response)
            return list(answer) if kind == "list" else Passed(answer) if kind == "closing" else (chunk for chunk in answer)
        heads = []
        answer = board(environ, lambda *head: heads.append(head))
        start_response(*heads[0])
        return answer

    with serving(app) as server, closing(connected(server)) as client:
        seqs = board.publish(2)
        client.read_until(lambda client: client.seqs == seqs)
        assert "\r\nConnection: close" in client.head and "Transfer-Encoding" not in client.head


class Passed:
    """An iterable with a `close`, as PEP 3333 wants it of those who wrap another."""

    def __init__(self, answer):
        self._answer = answer

    def __iter__(self):
        return iter(self._answer)

    def close(self):
        getattr(self._answer, "close", lambda: None)()


def test_what_a_worker_did_with_a_stream_before_is_no_matter_to_its_next_request(board):
    """One thread, so that it is the same."""
    with serving(board, threads="1") as server:
        for count in range(1, 6):
            with closing(connected(server)), closing(ask(server, PAGE.decode())) as page:
                assert read_to(b"a page", page)
                assert board.hub.open_streams == 1, count
            wait_until(lambda: gone(server, board))


def test_an_answer_that_the_client_is_slow_to_take_is_followed_by_the_stream_behind_it(board):
    """The head is not flushed at once, as the kernel has no room for it yet."""
    with serving(with_a_large_page(board), deaf_s=WAIT_S) as server, closing(ask_for_a_large_page_and_a_stream(server)) as client:
        wait_until(lambda: board.hub.open_streams == 1)
        received = read_to(CONNECTED, client)
    assert received.count(LARGE) == 1 and received.index(LARGE) < received.index(CONNECTED)


def with_a_large_page(board):
    """Return an application that is the board, and has a page that is more than the kernel takes over for one connection."""
    def app(environ, start_response):
        if environ["PATH_INFO"] != "/large":
            return board(environ, start_response)
        start_response("200 OK", [("Content-Length", str(len(LARGE)))])
        return [LARGE]
    return app


def ask_for_a_large_page_and_a_stream(server):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(WAIT_S)
    client.connect(server.addresses[0])
    client.sendall(PAGE.replace(b"/page", b"/large") + f"GET {NEWS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client
