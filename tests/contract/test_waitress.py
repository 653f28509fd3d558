"""What myapp.server relies on in waitress, name by name, held against the waitress that is installed.

Nothing of waitress is patched, but much of it is asked by names that its documentation does not promise.
"""
import errno
import inspect
import socket
import sys
import threading
from contextlib import closing, suppress

import pytest
from waitress import wasyncore
from waitress.adjustments import Adjustments, asbool, asoctal, truthy
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer, create_server
from waitress.task import Task, ThreadedTaskDispatcher, WSGITask

from myapp.server.channel import GIVEN_UP
from tests.waiting import wait_until

from .served import HOST, REQUEST, WAIT_S, Recorder, ask, bodiless, hello, serving

# The map and the listeners

def test_every_listener_is_in_the_map_and_none_is_anywhere_else():
    sockets = {}
    server = create_server(hello, map=sockets, listen=f"{HOST}:0 {HOST}:0")
    try:
        listeners = [each for each in sockets.values() if isinstance(each, BaseWSGIServer)]
        assert len(listeners) == 2 and not wasyncore.socket_map
        assert len({id(listener.task_dispatcher) for listener in listeners}) == len({id(listener.adj) for listener in listeners}) == 1
        assert len({listener.effective_port for listener in listeners}) == 2
        assert {listener.effective_host for listener in listeners} == {HOST}
        assert all(listener.accepting and listener.active_channels == {} for listener in listeners)
        assert {listener.trigger for listener in listeners} <= set(sockets.values())
        for listener in listeners:
            wasyncore.dispatcher.close(listener)
        assert {*sockets.values()} == {listener.trigger for listener in listeners}     # which outlive their listeners
    finally:
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)
    assert sockets == {}


def test_a_unix_socket_is_named_by_the_pair_of_unix_and_its_path(tmp_path):
    sockets, path = {}, str(tmp_path / "socket")
    server = create_server(hello, map=sockets, unix_socket=path)
    try:
        assert (server.effective_host, server.effective_port) == ("unix", path)
    finally:
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)


def test_a_listener_that_fails_leaves_those_before_it_in_the_map():
    sockets = {}
    with closing(socket.create_server((HOST, 0))) as taken:
        with pytest.raises(OSError):
            create_server(hello, map=sockets, listen=f"{HOST}:0 {HOST}:{taken.getsockname()[1]}")
    assert any(isinstance(each, BaseWSGIServer) for each in sockets.values())
    wasyncore.close_all(sockets)


def test_socket_options_that_are_set_later_are_those_of_the_connections_that_come_later():
    with serving(hello) as (address, listener, channels):
        listener.adj.socket_options = [*listener.adj.socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall(REQUEST % (b"GET", b""))
            assert client.recv(1 << 16)
            assert channels[0].socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


# The channel

def test_the_class_that_is_set_on_a_listener_is_that_of_its_channels_and_knows_its_server():
    with serving(hello) as (address, listener, channels):
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall(REQUEST % (b"GET", b""))
            assert client.recv(1 << 16)
            channel, = channels
            assert listener.active_channels == {channel.socket.fileno(): channel}
            assert channel.server is listener and channel.addr[0] == HOST and channel.adj is listener.adj
            assert channel.connected and channel.request is None
            wait_until(lambda: not channel.requests)
        assert channel.is_closed.wait(WAIT_S)
    assert listener.active_channels == {}


def test_handle_close_is_called_once_when_the_answer_is_flushed_with_the_socket_still_open():
    """The moment at which the socket is taken away."""
    with serving(bodiless) as (address, _, channels):
        assert ask(address)[0].startswith("HTTP/1.1 200 OK")
        assert channels[0].is_closed.wait(WAIT_S)
        assert channels[0].closed == ((True, 0, True, True),)


def test_a_channel_whose_socket_has_been_taken_away_closes_without_it():
    taken = []

    class Channel(HTTPChannel):
        def handle_close(self):
            sock, self.socket = self.socket, None
            super().handle_close()
            taken.append(sock)
            self.is_closed.set()

    with serving(bodiless, Channel) as (address, listener, channels):
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall(REQUEST % (b"GET", b""))
            assert client.recv(1) == b"H"
            assert channels[0].is_closed.wait(WAIT_S)
            assert listener.active_channels == {} and channels[0] not in listener._map.values()
            with closing(taken[0]):
                taken[0].sendall(b"it is ours")
                received = b""
                while not received.endswith(b"it is ours"):
                    received += client.recv(1 << 16)
    assert len(taken) == 1


def test_the_channel_of_a_client_that_is_gone_closes_at_once_and_once_though_its_request_is_being_answered():
    arrived, go, gone = threading.Event(), threading.Event(), []

    def app(environ, start_response):
        arrived.set()
        go.wait(WAIT_S)
        gone.append(environ["waitress.client_disconnected"]())
        return bodiless(environ, start_response)

    with serving(app) as (address, listener, channels):
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall(REQUEST % (b"GET", b""))
            assert arrived.wait(WAIT_S)
        assert channels[0].is_closed.wait(WAIT_S)
        go.set()
        wait_until(lambda: gone == [True])
        listener.task_dispatcher.shutdown()
        assert len(channels[0].closed) == 1 and not channels[0].connected


def test_the_lock_of_the_buffers_is_one_that_its_holder_may_take_again():
    """handle_close is called with it held, and takes it."""
    with serving(hello) as (address, _, channels):
        ask(address, headers=b"Connection: close\r\n")
        with channels[0].outbuf_lock, channels[0].outbuf_lock:
            pass


def test_a_request_behind_one_that_ends_the_connection_is_dropped():
    calls = []

    def app(environ, start_response):
        calls.append(environ["PATH_INFO"])
        return bodiless(environ, start_response)

    with serving(app) as (address, _, channels):
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall((REQUEST % (b"GET", b"")) * 2)
            assert b"".join(iter(lambda: client.recv(1 << 16), b"")).count(b"HTTP/1.1 200") == 1
        assert channels[0].is_closed.wait(WAIT_S)
    assert calls == ["/"] and channels[0].requests == []


def test_a_channel_that_is_to_close_when_flushed_does_so_at_the_next_turn():
    with serving(hello) as (address, listener, channels):
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall(REQUEST % (b"GET", b""))
            while b"hello" not in client.recv(1 << 16):
                pass
            channels[0].close_when_flushed = True
            listener.pull_trigger()
            assert client.recv(1) == b""


def test_handle_close_wakes_a_worker_that_waits_for_room_in_the_buffer():
    waiting, raised = threading.Event(), []

    def app(environ, start_response):
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            while True:
                write(b"x" * (1 << 20))
                waiting.set()
        except ClientDisconnected as error:
            raised.append(error)
        return ()

    with serving(app, outbuf_high_watermark=1 << 16) as (address, listener, channels):
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall(REQUEST % (b"GET", b""))
            assert waiting.wait(WAIT_S)
            channels[0].socket.shutdown(socket.SHUT_RDWR)       # so that the main thread is the one that closes
            assert channels[0].is_closed.wait(WAIT_S)
        listener.task_dispatcher.shutdown()
    assert len(raised) == 1


def test_an_error_that_means_a_client_was_given_up_is_none_of_those_that_waitress_knows():
    """So that channel.py has to know it."""
    assert {errno.ECONNRESET, errno.EPIPE} <= wasyncore._DISCONNECTED
    assert not wasyncore._DISCONNECTED & GIVEN_UP


# The parser

class Head(HTTPRequestParser):
    """A parser that notes what it was given as the head of a request."""

    def parse_header(self, header_plus):
        self.head = header_plus
        super().parse_header(header_plus)


def parsed(*headers, first_line=b"POST / HTTP/1.1"):
    parser = Head(Adjustments())
    parser.received(b"\r\n".join([first_line, b"Host: localhost", *headers, b"", b""]))
    return parser


def test_the_head_of_a_request_is_parsed_whole_and_what_is_wrong_with_it_becomes_the_answer():
    parser = parsed(b"Content-Length : 5")
    assert parser.head == b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length : 5\r\n\r\n"
    assert parser.completed and parser.error.code == 400
    assert parsed(b"Transfer-Encoding: gzip").error.code == 501 and issubclass(ParsingError, Exception)


def test_a_parser_that_is_done_can_be_told_that_no_body_is_expected():
    parser = parsed(b"Expect: 100-continue")
    assert parser.completed and parser.expect_continue


@pytest.mark.parametrize(("headers", "is_chunked"), [
    ([b"Transfer-Encoding: chunked", b"Content-Length: 5"], True), ([b"Transfer-Encoding: chunked, chunked"], True),
    ([b"Transfer-Encoding:", b"Content-Length: 5"], False), ([b"Transfer-Encoding:", b" chunked"], True), ([b"Host: elsewhere"], False)])
def test_what_can_be_read_in_two_ways_is_read_in_one(headers, is_chunked):
    """And so is refused by us."""
    parser = parsed(*headers)
    assert parser.error is None and parser.chunked == is_chunked


@pytest.mark.parametrize(("headers", "first_line"), [
    ([b"Content-Length: " + b"1" * 5000], b"POST / HTTP/1.1"), ([], b"GET http://[::1/x HTTP/1.1")])
def test_what_python_cannot_read_is_a_value_error(headers, first_line):
    with pytest.raises(ValueError):
        parsed(*headers, first_line=first_line)


# The task

class Handing(WSGITask):
    """A task that behaves as StreamTask does for a stream."""

    has_body = False

    def service(self):
        self.set_close_on_finish()
        super().service()
        self.channel.served = self.wrote_header, self.request.command, self.close_on_finish


class HandingChannel(Recorder):
    task_class = Handing


@pytest.mark.parametrize("headers", [b"", b"Connection: keep-alive\r\n", b"Connection: close\r\n"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_without_a_body_neither_length_nor_pieces_are_told_and_the_connection_ends(version, headers):
    with serving(bodiless, HandingChannel) as (address, _, channels):
        head, body = ask(address, headers=headers, version=version)
        assert channels[0].is_closed.wait(WAIT_S)
        assert channels[0].served == (True, "GET", True)
    assert head.startswith(f"HTTP/{version.decode()} 200 OK") and body == b""
    lines = head.lower().split("\r\n")
    assert lines.count("connection: close") == 1
    assert not any(line.startswith(("content-length", "transfer-encoding")) for line in lines)


@pytest.mark.parametrize("header", [("Connection", "Upgrade"), ("Upgrade", "websocket")])
def test_of_the_connection_itself_only_the_task_may_speak(header):
    def app(environ, start_response):
        try:
            start_response("200 OK", [header])
        except AssertionError:
            start_response("101 Switching Protocols", [], sys.exc_info())
        return []

    class Upgrading(WSGITask):
        def execute(self):
            super().execute()
            self.response_headers += [("Connection", "Upgrade"), ("Upgrade", "websocket")]
            self.set_close_on_finish()

    class UpgradingChannel(Recorder):
        task_class = Upgrading

    with serving(app, UpgradingChannel) as (address, _, _):
        head, body = ask(address)
    lines = head.lower().split("\r\n")
    assert lines[0] == "http/1.1 101 switching protocols" and "upgrade: websocket" in lines and body == b""
    assert [line for line in lines if line.startswith(("connection", "content", "transfer"))] == ["connection: upgrade"]


def test_with_a_body_of_unknown_length_waitress_would_send_pieces():
    """So has_body is what decides."""
    with serving(bodiless) as (address, _, _):
        head, body = ask(address)
    assert "Transfer-Encoding: chunked" in head and body == b"0\r\n\r\n"
    assert isinstance(inspect.getattr_static(Task, "has_body"), property)


def test_the_command_of_a_request_is_its_method():
    with serving(bodiless, HandingChannel) as (address, _, channels):
        ask(address, method=b"HEAD")
        assert channels[0].is_closed.wait(WAIT_S)
        assert channels[0].served[1] == "HEAD"


def test_the_environ_is_made_by_get_environment_whose_dict_is_the_applications():
    seen = []

    class Offering(WSGITask):
        def get_environment(self):
            return super().get_environment() | {"myapp.offer": self.channel.server}

    class Channel(Recorder):
        task_class = Offering

    def app(environ, start_response):
        seen.append(environ)
        return hello(environ, start_response)

    with serving(app, Channel) as (address, listener, _):
        ask(address, headers=b"Connection: close\r\n")
        assert seen[0]["myapp.offer"] is listener
        assert seen[0]["REMOTE_ADDR"] == HOST and callable(seen[0]["waitress.client_disconnected"])


def test_an_application_that_fails_before_its_head_has_written_none():
    seen = []

    class Noting(WSGITask):
        def service(self):
            with suppress(KeyError):
                super().service()
            seen.append(self.wrote_header)

    class Channel(Recorder):
        task_class = Noting

    def app(environ, start_response):
        start_response("200 OK", [])
        raise KeyError("no head")

    with serving(app, Channel) as (address, _, channels):
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall(REQUEST % (b"GET", b""))
            with closing(socket.create_connection(address, timeout=WAIT_S)) as other:
                other.sendall(REQUEST % (b"GET", b""))
                wait_until(lambda: len(seen) == 2)
    assert seen == [False, False]


# Threads

def test_the_workers_can_be_told_to_go_and_who_is_left_is_known():
    arrived, go = threading.Event(), threading.Event()

    def app(environ, start_response):
        arrived.set()
        go.wait(WAIT_S)
        return hello(environ, start_response)

    with serving(app, threads=2) as (address, listener, _):
        workers = listener.task_dispatcher
        assert isinstance(workers, ThreadedTaskDispatcher) and len(workers.threads) == listener.adj.threads == 2
        with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
            client.sendall(REQUEST % (b"GET", b""))
            assert arrived.wait(WAIT_S)
            workers.shutdown(timeout=0.5)
            assert len(workers.threads) == 1
            go.set()
            assert client.recv(1 << 16)
            workers.shutdown(timeout=WAIT_S)
            assert not workers.threads


def test_the_workers_do_whatever_has_a_service_and_go_on_when_it_fails():
    done = threading.Event()

    class Errand:
        def __init__(self, service):
            self.service = service

        def cancel(self):
            pass

    def fail():
        raise KeyError("an errand that fails")

    with serving(hello, threads=1) as (_, listener, _):
        listener.task_dispatcher.add_task(Errand(fail))
        listener.task_dispatcher.add_task(Errand(done.set))
        assert done.wait(WAIT_S)


# Settings

def test_the_settings_are_known_with_their_casts():
    casts = dict(Adjustments._params)
    assert {"host", "port", "listen", "unix_socket", "threads", "connection_limit", "asyncore_use_poll", "channel_request_lookahead",
            "send_bytes", "outbuf_high_watermark", "socket_options"} - casts.keys() == {"socket_options"}
    assert casts["threads"] is int and casts["asyncore_use_poll"] is asbool and casts["unix_socket_perms"] is asoctal
    assert all(asbool(word) for word in truthy) and not asbool("flase")     # which is why we look first
    assert Adjustments().asyncore_use_poll is False and Adjustments().channel_request_lookahead == 0


def test_a_listener_tells_of_its_overflow_and_a_request_whether_its_head_is_there():
    with serving(hello) as (_, listener, _):
        assert listener.in_connection_overflow is False and listener.adj.connection_limit > 0 and listener.accepting
    parser = HTTPChannel.parser_class(listener.adj)
    parser.received(b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert not parser.headers_finished
    parser.received(b"\r\n")
    assert parser.headers_finished
