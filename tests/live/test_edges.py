"""Requests that are larger than any that is meant, and addresses that lead out of the folders: at a real process, over real sockets."""
import json
import re
import socket
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.waiting import wait_until

from .api import Api
from .raw import WAIT_S, get, read_to_end, say, statuses

HUGE = 100_000_000      # bytes of a body
PIECE = b"x" * 65_536
LET_IN = 16 << 20       # bytes: the 1 MiB that the server reads, and what the two kernels hold of what it does not
GROWTH = 16 << 20       # bytes that the process may have more than before; it is never the hundred million
POST = b"POST /api/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def memory(server):
    """Return how many bytes of memory the process has."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())[1]) << 10


def send_slowly(address, head, piece):
    """Send `head`, and then `piece` again and again until nobody takes it. Returns (bytes sent, what was answered)."""
    sent = 0
    with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
        try:
            client.sendall(head)
            while sent < HUGE:
                client.sendall(piece)
                sent += len(piece)
        except ConnectionError:
            pass
        return sent, read_to_end(client)


# Bodies

@pytest.mark.parametrize(("header", "piece"), [
    (b"Content-Length: %d" % HUGE, PIECE), (b"Content-Length: %d\r\nExpect: 100-continue" % HUGE, PIECE),
    (b"Transfer-Encoding: chunked", b"10000\r\n" + PIECE + b"\r\n"), (b"Transfer-Encoding: chunked", b"1\r\nx\r\n" * 10_000),
    (b"Transfer-Encoding: chunked\r\nExpect: 100-continue", b"5F5E100\r\n" + PIECE),
    (b"Transfer-Encoding: chunked", PIECE.replace(b"x", b"0"))],
    ids=["length", "length, expecting", "chunks", "small chunks", "one chunk, expecting", "the size of a chunk"])
def test_a_hundred_megabytes_are_cut_off_before_they_are_taken_and_take_no_memory(server, header, piece):
    before = memory(server)
    sent, answered = send_slowly(server.address, POST + header + b"\r\n\r\n", piece)
    assert sent < LET_IN
    assert statuses(answered.replace(b"HTTP/1.1 100 Continue", b"")) in ([413], [])     # a connection that is cut may lose its answer
    assert memory(server) - before < GROWTH
    assert Api(server.address).ask("GET", "/api/users?limit=1").status == 200


def test_a_length_that_is_too_large_is_refused_before_any_of_the_body_is_sent(server):
    for header in (b"", b"Expect: 100-continue\r\n"):
        answered = say(server.address, POST + header + b"Content-Length: %d\r\n\r\n" % HUGE)
        assert statuses(answered) == [413]


def test_what_the_server_takes_and_the_application_does_not_is_a_problem_like_any_other(server):
    size = 300_000
    chunk = b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n"
    for header, body in ((b"Content-Length: %d" % size, b"x" * size), (b"Transfer-Encoding: chunked", chunk)):
        answered = say(server.address, POST + header + b"\r\nConnection: close\r\n\r\n" + body)
        assert statuses(answered) == [413] and b"application/problem+json" in answered
        assert json.loads(answered.partition(b"\r\n\r\n")[2])["detail"] == f"The body has {size} bytes; at most 262144 are taken."


def test_a_client_that_promises_a_body_and_goes_leaves_nothing_behind(server):
    before = descriptors(server)
    for _ in range(20):
        with closing(socket.create_connection(server.address, timeout=WAIT_S)) as client:
            client.sendall(POST + b"Content-Length: 1000000\r\n\r\n" + PIECE * 10)      # waitress has put it into a file by now
    wait_until(lambda: descriptors(server) <= before)


def descriptors(server):
    """Return how many files and sockets the process has open."""
    return sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir())


# Heads

def test_many_headers_are_as_good_as_few(server):
    headers = [f"X-{number}: {number}" for number in range(300)]
    assert statuses(say(server.address, get("/api/users?limit=1", *headers))) == [200]
    assert statuses(say(server.address, get("/api/users?limit=1", *["X: a"] * 300))) == [200]


@pytest.mark.parametrize("header", [
    b"X: " + b"a" * 70_000, b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(300)), b"X: " + b"a" * (1 << 20),
    b"Cookie: " + b"a=b; " * 200_000, b"X: a\r\n" * 100_000], ids=["70 kB", "300 of 1 kB", "1 MB", "cookies", "lines"])
@pytest.mark.parametrize("is_complete", [True, False])
def test_a_head_that_is_too_large_is_refused_though_it_never_ends(server, header, is_complete):
    before = memory(server)
    answered = say(server.address, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n" * is_complete)
    assert statuses(answered) == [431]
    assert memory(server) - before < GROWTH


@pytest.mark.parametrize("path", ["/{}", "/users?x={}", "/api/users?x={}", "/static/{}", "/api/{}"])
def test_an_address_that_is_too_long_is_refused(server, path):
    answered = say(server.address, get(path.format("a" * 17_000)))
    assert statuses(answered) == [414]
    assert (b"application/problem+json" if path.startswith("/api") else b"text/html") in answered and len(answered) < 10_000
    assert statuses(say(server.address, get(path.format("a" * 16_000)))) != [414]


@pytest.mark.parametrize("count", [51, 1000, 5000])
def test_too_many_topics_are_refused(server, count):
    answered = say(server.address, get("/events?" + "&".join(f"topic=t{number}" for number in range(count))))
    assert statuses(answered) == [400] and b"realtime.max_topics" in answered


# Paths

def climbs():
    """Spellings of the way up, and of what lies there."""
    for up in ("..", "%2e%2e", ".%2e", "%2E.", "%252e%252e", "....", "..;", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "\uff0e\uff0e"):
        for slash in ("/", "%2f", "//", "\\", "%5c", "%252f", "%c0%af", "/./"):
            climb = (up + slash).encode().decode("latin-1")
            yield climb + "headers.py"
            yield climb * 12 + "etc/passwd"


FILES = ["/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "C:%5cwindows", "file:///etc/passwd", "~root", ".", "..", "%00", "app.css%00.py",
         "app.css/../../models.py", ".git/config", "__init__.py", "%2e/app.css%2f..%2f..%2fmodels.py", "a" * 300, "a/" * 500]
INSIDE = [b"import ", b"root:", b"[core]", b"setup("]


@pytest.mark.parametrize("folder", ["/static", "/realtime"])
def test_no_path_leads_out_of_the_folder_of_static_files(server, folder):
    page = Api(server.address).ask("GET", "/").text
    build = re.search(rf"{folder}/([^/]+)/", page)[1]
    for path in [*climbs(), *FILES]:
        for prefix in (f"{folder}/{build}/", f"{folder}/"):
            answered = say(server.address, get(prefix + path))
            assert statuses(answered)[0] in {400, 404}, prefix + path
            assert not any(word in answered for word in INSIDE), prefix + path


@pytest.mark.parametrize("path", [
    "//elsewhere.example/", "//elsewhere.example/%2e%2e", "/\\elsewhere.example", "/static//elsewhere.example/"])
def test_no_path_leads_to_another_site(server, path):
    answered = say(server.address, get(path))
    assert statuses(answered) == [404] and b"\r\nLocation:" not in answered


def test_no_name_of_a_host_comes_back_in_a_page(server):
    for host in ("elsewhere.example", quote("<script>"), "localhost:99999999", "a" * 5000, "<b>"):
        answered = say(server.address, get("/", host=host))
        assert statuses(answered)[0] in {200, 400} and host.encode() not in answered
