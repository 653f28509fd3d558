"""What myapp.server relies on in waitress: how a request is read, and the task that answers it. See test_waitress.py."""
import inspect
import socket
import sys
from contextlib import closing, suppress

import pytest
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import Task, WSGITask

from tests.waiting import wait_until

from .served import HOST, REQUEST, WAIT_S, Recorder, ask, bodiless, hello, serving

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
