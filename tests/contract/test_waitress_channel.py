"""What myapp.server relies on in waitress: the channel, and the moment at which its socket is taken away. See test_waitress.py."""
import errno
import socket
import threading
from contextlib import closing

from waitress import wasyncore
from waitress.channel import ClientDisconnected, HTTPChannel

from myapp.server.channel import GIVEN_UP
from tests.waiting import wait_until

from .served import HOST, REQUEST, WAIT_S, ask, bodiless, hello, serving


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
