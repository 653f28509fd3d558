"""The server with applications of a few lines, over real sockets: what it does for its clients, with its threads and when it stops."""
import http.client
import os
import resource
import socket
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from myapp.server import DRAIN_TIMEOUT_S, serve
from tests.waiting import wait_until

from .inside import DEAF_S, WAIT_S, serving
from .server import HOST

CHUNK = b"x" * 65536
ENOUGH = 16 << 20       # bytes, more than the kernel takes over for one connection


@pytest.fixture
def start():
    """start(app, deaf_s=…, **settings): a Server that runs in a thread of its own, `server.thread`. It is stopped with the test."""
    with ExitStack() as servers:
        yield lambda app, **settings: servers.enter_context(serving(app, **settings))


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


class Endless:
    """An application that answers with bytes that never end, and knows whether its answers are over."""

    def __init__(self, most=None):
        """most: bytes after which it only waits for the client to go."""
        self._most, self.is_over = most, threading.Event()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] != "/endless":
            return hello(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self._answer(environ["waitress.client_disconnected"])

    def _answer(self, is_gone):
        sent = 0
        try:
            while self._most is None or sent < self._most:
                sent += len(CHUNK)
                yield CHUNK
            while not is_gone():
                self.is_over.wait(0.05)
        finally:
            self.is_over.set()


def get(server, path="/"):
    with closing(http.client.HTTPConnection(*server.addresses[0], timeout=WAIT_S)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read()


def deaf_client(address, family=socket.AF_INET):
    """Return a socket that has asked for what never ends, and has room for little of it."""
    client = socket.socket(family)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(address)
    client.sendall(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


# Deaf clients

def test_a_client_that_takes_nothing_is_cut_and_its_thread_answers_again(start, tmp_path, caplog):
    app, path = Endless(), str(tmp_path / "socket")
    server = start(app, unix_socket=path, threads="1", outbuf_high_watermark="65536")
    with closing(deaf_client(path, socket.AF_UNIX)):        # whose kernel has no time-out of its own
        assert app.is_over.wait(WAIT_S)
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.settimeout(WAIT_S)
            client.connect(path)
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.makefile("rb").read().endswith(b"hello")
    assert server.addresses == [("unix", path)]
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("myapp.server") and "cut" in record.getMessage()]
    assert len(lines) == 1 and "took nothing" in lines[0]


def test_a_client_that_takes_nothing_of_an_answer_that_is_complete_is_cut(start, tmp_path, caplog):
    path = str(tmp_path / "socket")

    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", str(ENOUGH))])
        return [b"x" * ENOUGH]

    start(app, unix_socket=path)
    with closing(deaf_client(path, socket.AF_UNIX)) as client:
        wait_until(lambda: "took nothing" in caplog.text)
        client.settimeout(WAIT_S)
        assert len(read_all(client)) < ENOUGH


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux's kernel can be told")
def test_a_client_that_takes_nothing_is_cut_though_the_kernel_has_all_there_is_for_it(start, caplog):
    app = Endless(most=len(CHUNK) * 4)
    server = start(app, threads="1")
    with closing(deaf_client(server.addresses[0])):
        assert app.is_over.wait(WAIT_S)
        assert get(server) == b"hello"
    assert "Traceback" not in caplog.text


def test_a_client_that_is_slow_but_takes_something_is_not_cut(start):
    app = Endless()
    server = start(app, outbuf_high_watermark="65536")
    with closing(deaf_client(server.addresses[0])) as client:
        client.settimeout(WAIT_S)
        until = time.monotonic() + 4 * DEAF_S
        while time.monotonic() < until:
            assert client.recv(1 << 20)
            assert not app.is_over.wait(DEAF_S / 4)


def test_a_connection_that_a_read_has_found_closed_is_not_written_to_in_the_same_turn(start, caplog):
    """Waitress learns once what a socket is ready for; then it reads, and then it writes what a worker has left by then."""
    server = start(hello)
    with closing(socket.create_connection(server.addresses[0], timeout=WAIT_S)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(1)
        channel, = server._channels()
        wait_until(lambda: not channel.requests)
        channel.handle_close()
        channel.outbufs[-1].append(b"a short answer")
        channel.handle_write()
    assert "Traceback" not in caplog.text


# What is open

def test_it_serves_on_when_file_descriptors_pass_what_select_can_hold(start):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        server = start(hello)
        assert get(server) == b"hello"
        assert server.thread.is_alive()
    finally:
        for other in others:
            os.close(other)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_its_addresses_are_such_as_sockets_take(start):
    server = start(hello, listen=f"{HOST}:0 [::1]:0")
    assert {host for host, _ in server.addresses} == {HOST, "::1"}
    for host, port in server.addresses:
        with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as client:
            client.connect((host, port))


# Stopping

def test_who_asks_to_be_told_of_the_end_while_it_drains_is_told(start):
    arrived, go, told = threading.Event(), threading.Event(), threading.Event()

    def app(environ, start_response):
        arrived.set()
        go.wait(WAIT_S)
        environ["myapp.at_shutdown"](lambda reason: told.set())
        told.wait(WAIT_S)
        return hello(environ, start_response)

    server = start(app)
    with closing(http.client.HTTPConnection(*server.addresses[0], timeout=WAIT_S)) as connection:
        connection.request("GET", "/")
        assert arrived.wait(WAIT_S)
        begun = time.monotonic()
        server.stop()
        wait_until(lambda: refuses(server))     # so it drains already, and has told those that it knew of
        go.set()
        assert connection.getresponse().read() == b"hello"
    server.thread.join()
    assert time.monotonic() - begun < DRAIN_TIMEOUT_S / 2


def test_while_a_worker_runs_its_bell_is_left_open_and_then_closed(start):
    """The bell is a pipe, by which workers wake the main thread: once closed, its number may be that of a database connection."""
    arrived, go, threads = threading.Event(), threading.Event(), []

    def app(environ, start_response):
        threads.append(threading.current_thread())
        arrived.set()
        go.wait(WAIT_S)
        return hello(environ, start_response)

    before = pipes()
    server = start(app)
    with closing(socket.create_connection(server.addresses[0])) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert arrived.wait(WAIT_S)
    server.stop()                       # the client has gone: no connection is left, and the worker runs
    server.thread.join()
    assert pipes() > before
    go.set()
    threads[0].join()
    server.run()                        # stops once more, at once
    assert pipes() == before


def test_to_stop_what_has_stopped_does_nothing(start):
    server = start(hello)
    server.stop()
    server.thread.join()
    server.stop()


# Settings

@pytest.mark.parametrize(("settings", "wanted"), [
    ({"threads": "many"}, ["threads = 'many'", "a whole number, 1 or more"]),
    ({"threads": "0"}, ["threads = '0'", "1 or more"]),
    ({"port": "70000"}, ["port = '70000'", "from 0 to 65535"]),
    ({"port": ""}, ["port = ''", "from 0 to 65535"]),
    ({"thread": "8"}, ["thread = '8'", "no such setting", "did you mean 'threads'?"]),
    ({"ipv6": "flase"}, ["ipv6 = 'flase'", "true or false"]),
    ({"unix_socket_perms": "rw"}, ["unix_socket_perms = 'rw'", "octal"]),
    ({"asyncore_use_poll": "false"}, ["asyncore_use_poll = 'false'", "must be true", "select()"]),
    ({"switch_interval": "soon"}, ["switch_interval = 'soon'", "a duration from 0.01ms to 1s"]),
    ({"switch_interval": "2s"}, ["switch_interval = '2s'", "from 0.01ms to 1s"]),
    ({"switch_intervall": "1ms"}, ["switch_intervall = '1ms'", "did you mean 'switch_interval'?"]),
    ({"send_buffer": "1KiB"}, ["send_buffer = '1KiB'", "a size from 4KiB to 16MiB"]),
    ({"send_buffer": "much"}, ["send_buffer = 'much'", "a size from 4KiB to 16MiB"]),
    ({"send_bufer": "32KiB"}, ["send_bufer = '32KiB'", "did you mean 'send_buffer'?"]),
    ({"send_buffer": "0", "threads": "0"}, ["send_buffer = '0'", "threads = '0'"]),
    ({"threads": "x", "backlog": "y"}, ["threads = 'x'", "backlog = 'y'"]),
    ({"host": "127.0.0.1", "listen": "127.0.0.1:0"}, ["host or port", "listen"]),
    ({"host": "not a host", "port": "0"}, ["host", "not a host:0"]),
])
def test_a_setting_that_is_wrong_ends_the_start_with_a_message_that_names_it(settings, wanted):
    with pytest.raises(SystemExit) as caught:
        serve(hello, {}, **settings)
    message = str(caught.value)
    assert message.startswith("[server:main]: ") and all(part in message for part in wanted), message


def test_an_address_that_is_taken_is_said_with_what_to_do(start):
    port = str(start(hello).addresses[0][1])
    with pytest.raises(SystemExit) as caught:
        serve(hello, {"port": port, "here": "/"}, host=HOST, port="0")
    assert f"cannot listen on {HOST}:{port}" in str(caught.value) and "pserve INI port=7000" in str(caught.value)


def refuses(server):
    with closing(socket.socket()) as client:
        return client.connect_ex(server.addresses[0]) != 0


def read_all(client):
    received = b""
    try:
        while data := client.recv(1 << 16):
            received += data
    except ConnectionResetError:
        pass
    return received


def pipes():
    """Return how many ends of pipes this process has open."""
    return sum(os.readlink(path).startswith("pipe:") for path in Path("/proc/self/fd").iterdir() if path.is_symlink())
