"""Requests that two readers may take in two ways: one clean refusal and the end of the connection, or one reading and no other.

Behind a proxy that finds the end of a request elsewhere than we do, the rest of it would be the next client's request.
"""
import pytest

from .raw import get, say, statuses

SMUGGLED = b"GET /api/users HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b"5\r\nhello\r\n0\r\n\r\n"
LONG = b"1" * 5000      # digits, more than Python makes a number of
MINUTES = 50_000        # characters: with so many a pattern whose time grows with their square takes minutes


def post(*headers, version=b"1.1"):
    return b"\r\n".join([b"POST /api/users HTTP/" + version, b"Host: localhost", *headers, b"", b""])


def chunks(body):
    return post(b"Transfer-Encoding: chunked") + body


REFUSED = {
    "length and chunks": (post(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "chunks and length": (post(b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"0\r\n\r\n", 400),
    "length and no coding": (post(b"Content-Length: 5", b"Transfer-Encoding:") + b"hello", 400),
    "chunks in HTTP/1.0": (post(b"Connection: keep-alive", b"Transfer-Encoding: chunked", version=b"1.0") + BODY, 400),
    "chunks in HTTP/2.0": (post(b"Connection: keep-alive", b"Transfer-Encoding: chunked", version=b"2.0") + BODY, 400),
    "two lengths": (post(b"Content-Length: 5", b"Content-Length: 0") + b"hello", 400),
    "the same length twice": (post(b"Content-Length: 5", b"Content-Length: 5") + b"hello", 400),
    "a list of lengths": (post(b"Content-Length: 5, 5") + b"hello", 400),
    **{f"length {value.decode('latin-1')[:9]!r}": (post(b"Content-Length: " + value) + b"hello", 400) for value in [
        b"+5", b"-5", b"5 0", b"5_0", b"0x5", b"5.0", b"5;", b"", b"\xb2", b"\x0b5", b"5\x00", b'"5"', LONG]},
    **{f"coding {value.decode()!r}": (post(b"Transfer-Encoding: " + value) + BODY, status) for value, status in [
        (b"xchunked", 501), (b"identity", 501), (b"gzip, chunked", 501), (b"chunked, identity", 501), (b"chunked;q=1", 501),
        (b"chunked, chunked", 400), (b",chunked", 400), (b"\x0bchunked", 400), (b"chunked\x00", 400), (b'"chunked"', 501)]},
    "two codings": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + BODY, 400),
    "a coding in a second line": (post(b"Transfer-Encoding:", b" chunked") + BODY, 400),
    "a coding that goes on": (post(b"Transfer-Encoding: chunked", b"\tx") + BODY, 400),
    "a length that goes on": (post(b"Content-Length: 1", b" 0") + b"0123456789", 400),
    "a first header that is folded": (post(b"")[:-4] + b" Content-Length: 5\r\n\r\nhello", 400),
    "a blank before the colon": (post(b"Content-Length : 5") + b"hello", 400),
    "a tab before the colon": (post(b"Transfer-Encoding\t: chunked") + BODY, 400),
    "a header without a colon": (post(b"Content-Length 5") + b"hello", 400),
    "a header without a name": (post(b": 5") + b"hello", 400),
    "NUL in a header": (post(b"X: a\x00b"), 400),
    "NUL in a header's name": (post(b"X\x00: a"), 400),
    "a bare LF between headers": (post(b"X: a\nContent-Length: 5") + b"hello", 400),
    "a bare CR between headers": (post(b"X: a\rContent-Length: 5") + b"hello", 400),
    "bare LFs": (post(b"X: a").replace(b"\r\n", b"\n") + b"\r\n\r\n", 400),
    **{f"chunk size {size.decode()!r}": (chunks(size + b"\r\nhello\r\n0\r\n\r\n"), 400) for size in [
        b"-5", b"+5", b"0x5", b"5_0", b"5 ", b" 5", b"g", b"5;a=\n", b"5;\x00", b"5,5"]},
    "a chunk that is longer than it says": (chunks(b"5\r\nhello, world\r\n0\r\n\r\n"), 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere\r\n\r\n", 400),
    "half an address": (b"GET http://[::1/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "no address": (b"GET HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),   # which is then HTTP/0.9 for /HTTP/1.1
    "a method in small letters": (b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "two blanks": (b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a blank in the address": (b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a version with more to it": (b"GET / HTTP/1.10\r\nHost: localhost\r\n\r\n", 400),
    "a CR in the address": (b"GET /a\rb HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "an address that takes minutes": (b"GET a://" + b"1" * MINUTES + b" x\r\nHost: localhost\r\n\r\n", 400),
    "blanks that take minutes": (post(b"X:" + b" " * MINUTES + b"\x00"), 400),
    "blanks and tabs that take minutes": (post(b"X:" + b" \t" * (MINUTES // 2) + b"a"), 400),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_is_answered(server, form):
    request, status = REFUSED[form]
    assert statuses(say(server.address, request + SMUGGLED)) == [status]


ANSWERED = {
    "chunks": (chunks(b"2\r\n{}\r\n0\r\n\r\n"), 415),
    "chunks in capitals": (post(b"TRANSFER-ENCODING: CHUNKED") + b"2\r\n{}\r\n0\r\n\r\n", 415),
    "chunks with extensions": (chunks(b'2;a;b=c;d="e;f"\r\n{}\r\n0;g\r\n\r\n'), 415),
    "chunks with a trailer": (chunks(b"2\r\n{}\r\n0\r\nContent-Length: 500\r\nHost: elsewhere\r\n\r\n"), 415),
    "a length with zeros": (post(b"Content-Length: 0002") + b"{}", 415),
    "a length of another name": (post(b"Content_Length: 500", b"Transfer_Encoding: chunked"), 415),
    "lines before the request": (b"\r\n\r\n\r\n" + SMUGGLED, 200),
    "an absolute address": (b"GET http://elsewhere/api/users HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    "an authority": (b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n", 404),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    "an address without a slash": (b"GET api/users HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    "CR and LF in the address": (b"GET /%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "NUL in the address": (b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a body that a GET has": (b"GET /api/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 45\r\n\r\n" + SMUGGLED[:45], 200),
    "a body that is not to come": (b"GET /api/users HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nCookie: a=b\r\n\r\n", 200),
}


@pytest.mark.parametrize("form", ANSWERED)
def test_what_has_one_meaning_is_answered_once_and_so_is_the_request_behind_it(server, form):
    request, status = ANSWERED[form]
    answered = say(server.address, request + get("/api/nothing"))
    assert statuses(answered) == [status, 404]
    assert b"\r\nSet-Cookie: a=b" not in answered


def test_a_request_of_http_0_9_is_answered_once_and_ends_the_connection(server):
    assert statuses(say(server.address, b"GET /api/nothing\r\n\r\n" + SMUGGLED)) == [404]
