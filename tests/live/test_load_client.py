"""The benchmark's load client tells what a server did wrong: figures of a server that loses events are worth nothing."""
import json
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from benchmarks.load import Load

from .server import HOST

ROOT = Path(__file__).parents[2]
WAIT_S = 10.0
STREAMS = 3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


@pytest.fixture(scope="module", autouse=True)
def load_client():
    """It is built as `make bench` builds it."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    subprocess.run(["make", "-s", "build/benchmarks/load"], cwd=ROOT, check=True)


def told(*numbers, head=HEAD + b"\r\n", frame=lambda data: data, refuse=()):
    """Return the Report of a load client whose every stream is sent events of these `numbers`."""
    with socket.create_server((HOST, 0)) as listener:
        def serve():
            clients = [listener.accept()[0] for _ in range(STREAMS)]
            for place, client in enumerate(clients):
                client.recv(4096)
                client.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n" if place in refuse else head)
                if place in refuse:
                    client.close()
            begin.wait(WAIT_S)
            for client in clients:
                for number in numbers if client.fileno() >= 0 else ():
                    client.sendall(frame(b"data: %s\n\n" % json.dumps({"t": time.monotonic_ns(), "n": number}).encode()))
            end.wait(WAIT_S)
            for client in clients:
                client.close()
        begin, end = threading.Event(), threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        load = Load(port=listener.getsockname()[1], streams=STREAMS, path="/events")
        load.reset()
        load.report()       # it has begun the new window
        begin.set()
        report = load.report(len(numbers) * (STREAMS - len(refuse)), WAIT_S)
        end.set()
        load.close()
        thread.join()
        return report


def test_a_server_that_does_well_has_no_faults():
    report = told(1, 2, 3, 4)
    assert (report.open, report.events, report.faults(4 * STREAMS)) == (STREAMS, 4 * STREAMS, [])
    assert 0 < report.p50_ms <= report.p99_ms < WAIT_S * 1000


def test_a_chunked_body_is_read_as_well():
    report = told(1, 2, head=HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                  frame=lambda data: b"%x\r\n%s\r\n" % (len(data), data))
    assert report.faults(2 * STREAMS) == []


@pytest.mark.parametrize(("numbers", "expected", "fault"), [
    ((1, 2, 4), 4, "3 deliveries missing"), ((1, 2, 2, 3), 3, "3 deliveries doubled"), ((1, 3, 2), 3, "3 deliveries out of order")])
def test_what_is_lost_doubled_or_out_of_order_is_told(numbers, expected, fault):
    [sentence] = told(*numbers).faults(expected * STREAMS)
    assert fault in sentence


def test_who_is_refused_is_told():
    report = told(1, refuse=(1,))
    assert (report.open, report.refused) == (STREAMS - 1, 1)
    assert "503" in report.first_error
