"""What myapp.server relies on in waitress, name by name, held against the waitress that is installed: listeners, threads, settings.

Nothing of waitress is patched, but much of it is asked by names that its documentation does not promise.
"""
import socket
import threading
from contextlib import closing

import pytest
from waitress import wasyncore
from waitress.adjustments import Adjustments, asbool, asoctal, truthy
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher

from .served import HOST, REQUEST, WAIT_S, hello, serving

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
