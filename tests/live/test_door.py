"""Who is let in when there is hardly room, and who is shown out because he does not say what he wants."""
import logging
import resource
import socket
from contextlib import ExitStack, closing

import pytest

from myapp.server import Server
from tests.waiting import WAIT_S, wait_until

from .inside import serving
from .server import HOST

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CROWD = 30


def hello(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def connect(server):
    return socket.create_connection(server.addresses[0], timeout=WAIT_S)


def answer(client):
    return b"".join(iter(lambda: client.recv(1 << 16), b""))


def test_a_head_that_is_never_said_to_its_end_is_cut_and_a_slow_body_is_not(caplog):
    with serving(hello, head_s=0.5) as server, closing(connect(server)) as half, closing(connect(server)) as slow:
        half.sendall(REQUEST[:-2])
        slow.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n1")
        assert answer(half) == b""
        slow.sendall(b"2")
        assert answer(slow).endswith(b"hello")
    assert ["the head of its request" in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [True]


@pytest.fixture
def no_descriptors():
    """no_descriptors(): from now on, until the test ends or calls it again with False, this process can open no file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def switch(is_on=True):
        resource.setrlimit(resource.RLIMIT_NOFILE, (3 if is_on else soft, hard))

    yield switch
    switch(False)


def test_out_of_descriptors_nobody_is_accepted_and_the_log_says_so_once(caplog, no_descriptors):
    with serving(hello) as server, closing(socket.socket()) as client, closing(connect(server)) as before:
        before.sendall(REQUEST[:10])
        wait_until(lambda: server._channels())
        no_descriptors()
        before.sendall(REQUEST[10:20])      # the server looks about when it has something to do, and once a second
        wait_until(lambda: "no file descriptor is left" in caplog.text)
        client.settimeout(WAIT_S)
        client.connect(server.addresses[0])
        client.sendall(REQUEST)
        before.sendall(REQUEST[20:])
        assert answer(before).endswith(b"hello"), "who is in is served"
        assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == ["WARNING"]
        no_descriptors(False)
        assert answer(client).endswith(b"hello")


def test_those_whom_the_kernel_has_accepted_are_answered_before_a_server_stops():
    server = Server(hello, host=HOST, port="0", threads="2")
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(connect(server))) for _ in range(CROWD)]
        for client in clients:
            client.sendall(REQUEST)
        server.stop()
        server.run()
        assert [answer(client)[-5:] for client in clients] == [b"hello"] * CROWD
