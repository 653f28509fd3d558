"""The loop: how streams end, who says too much, and how the loop itself goes on or stops. The clock is in the test's hand."""
import os
import socket

import pytest

from myapp.realtime.core.event import Cursor

from .hubs import BEGUN, SSE, closing, event, frame, hub, ids, received


def test_an_ended_stream_says_why_and_leaves_nothing(serve):
    served = serve(hub())
    client, stream = served.open()
    served.turn()
    served.hub.end(stream, "revoked")
    served.turn()
    assert received(client) == (BEGUN + closing("revoked"), True) and served.is_empty


def test_who_is_ended_in_the_middle_of_a_frame_is_told_nothing(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = served.open()
    served.turn()
    valve.room[stream.fd] = 5
    served.hub.receive([event(1)])
    served.turn()
    del valve.room[stream.fd]       # there is room again, but epoll has not said so
    served.hub.end(stream, "revoked")
    served.turn()
    assert received(client) == (BEGUN + frame(1)[:5], True) and served.is_empty


def test_what_a_client_says_as_its_stream_ends_does_not_reset_the_connection(serve):
    """A library that is reset as it answers a close forgets what it has read."""
    served = serve(hub())
    client, stream = served.open()
    served.turn()
    client.send(b"ping")
    served.hub.end(stream, "revoked")
    served.loop.look()      # before epoll has told of the ping
    client.setblocking(True)
    assert client.recv(1000) == BEGUN + closing("revoked") and client.recv(1) == b""


def test_a_stream_ends_when_its_deadline_comes_and_not_before(serve):
    served = serve(hub(heartbeat_s=10**6))
    client, _ = served.open(deadline=50.0)
    other, _ = served.open(deadline=60.0)
    served.turn()
    served.now = 49.9
    served.turn()
    assert received(client) == (BEGUN, False)
    served.now = 51.0
    served.turn()
    assert received(client) == (closing("lifetime"), True) and received(other) == (BEGUN, False)


@pytest.mark.parametrize("deadline", [None, 60.0])
def test_the_deadline_of_one_who_is_gone_is_not_kept_for_whoever_has_its_number_now(serve, deadline):
    served = serve(hub(heartbeat_s=10**6))
    client, stream = served.open(deadline=50.0)
    served.turn()
    number = stream.fd
    client.close()
    served.turn()
    heir, stream = served.open(deadline=deadline)
    served.turn()
    assert stream.fd == number, "the number was not used again"
    served.now = 51.0
    served.turn()
    assert received(heir) == (BEGUN, False)


def test_silence_is_broken_by_a_heartbeat_of_the_loops_own_clock(serve):
    served = serve(hub(heartbeat_s=15))
    client, _ = served.open()
    for now in range(1, 20):
        served.now = now
        served.turn()
    assert received(client)[0] == BEGUN + frame(0, "heartbeat")


def test_short_heartbeats_are_kept_in_time_for_every_hub(serve):
    served, other = serve(hub(heartbeat_s=0.4)), hub(heartbeat_s=0.4)
    clients = [served.open()[0], served.adopt(other.join({"a"}, SSE))]
    for tenths in range(10):
        served.now = tenths / 10
        served.turn()
    assert [received(client)[0] for client in clients] == 2 * [BEGUN + frame(0, "heartbeat")]


def test_a_client_that_goes_is_noticed(serve):
    served = serve(hub())
    client, _ = served.open()
    served.turn()
    client.close()
    served.turn()
    assert served.is_empty


# Those who talk

def test_a_client_that_says_little_is_heard_out_and_one_that_does_not_stop_is_cut(serve):
    served = serve(hub())
    quiet, _ = served.open()
    chatterer, _ = served.open()
    served.turn()
    for _ in range(3):
        quiet.send(40_000 * b"x")
        chatterer.send(100_000 * b"x")
        served.turn()
        if served.hub.open_streams == 1:
            break
    assert received(quiet) == (BEGUN, False) and received(chatterer)[1]


# The loop itself

def test_after_an_error_of_its_own_the_loop_goes_on(serve, caplog):
    failures = [RuntimeError("of a test")]

    def write(fd, data):
        if failures:
            raise failures.pop()
        return os.write(fd, data)
    served = serve(hub(), write=write)
    client, stream = served.open()
    served.loop.start()
    client.settimeout(10)
    assert client.recv(1000) == b"", "nobody knows what it was sent"
    other, _ = served.open()
    other.settimeout(10)
    assert other.recv(1000) == BEGUN
    served.loop.stop(10)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "the loop goes on after an error; its streams are cut, and resume from the log"]


def test_an_error_in_the_midst_of_a_pack_leaves_nobody_with_a_gap(serve):
    fails_at = []

    def write(fd, data):
        if fd in fails_at:
            raise RuntimeError("of a test")
        return os.write(fd, data)
    served = serve(hub(), write=write)
    clients = [served.open() for _ in range(4)]
    served.turn()
    fails_at.append(clients[2][1].fd)
    for client, _ in clients:
        client.settimeout(10)
        assert client.recv(1000) == BEGUN
    served.loop.start()
    served.hub.receive([event(1)])
    for client, stream in clients:
        got = [client.recv(1000)]
        while got[-1]:
            got.append(client.recv(1000))
        assert b"".join(got) in (b"", frame(1)) and stream.fd is None
    fails_at.clear()
    late, _ = served.open(cursor=Cursor("e", 0))
    late.settimeout(10)
    got = b""
    while not got.endswith(frame(1)):
        got += late.recv(1000)
    assert ids(got) == [0, 1]


def test_a_loop_that_is_stopped_ends_all_those_who_came_too_late_included(serve):
    served = serve(hub())
    clients = [served.open()[0] for _ in range(3)]
    served.now = -60.0      # it would sleep for a minute
    served.loop.start()
    for client in clients:
        client.settimeout(10)
        assert client.recv(1000) == BEGUN
    served.loop.stop(10)
    assert not served.loop._thread.is_alive() and served.is_empty
    assert [client.recv(1000) for client in clients] == 3 * [closing("shutdown")]
    assert [client.recv(1000) for client in clients] == 3 * [b""]


def test_a_newcomer_that_a_stopped_loop_finds_is_told_as_well(serve):
    served = serve(hub())
    client, _ = served.open()
    served.loop._is_stopped = True
    served.loop._run()
    assert received(client) == (BEGUN + closing("shutdown"), True) and served.is_empty


def test_ringing_a_loop_that_is_over_is_harmless(serve):
    served = serve(hub())
    served.open()
    served.turn()
    served.loop._close()
    served.loop.ring()
    served.hub.join({"a"}, SSE)
    served.hub.receive([event(1)])
    assert served.hub.growth.take() == ({}, []), "something is noted for a loop that is over"
    served.hub.leave(*served.hub._streams)


def test_a_thread_that_sleeps_is_woken_by_growth_an_end_and_a_newcomer(serve):
    served = serve(hub())
    client, stream = served.open()
    client.settimeout(10)
    served.now = -60.0      # it would sleep for a minute
    served.loop.start()
    assert client.recv(1000) == BEGUN
    served.hub.receive([event(1)])
    assert client.recv(1000) == frame(1)
    other, _ = served.open(cursor=Cursor("e", 0))
    other.settimeout(10)
    assert other.recv(1000)
    served.hub.end(stream, "revoked")
    assert client.recv(1000) == closing("revoked")
    while not served.loop._is_asleep:
        assert served.loop._thread.is_alive()
    served.loop.stop(10)
    assert not served.loop._thread.is_alive()


def test_the_kernel_holds_as_much_for_one_client_as_was_asked(serve):
    ours, theirs = socket.socketpair()
    served = serve(hub(), send_buffer=8192)
    number = ours.fileno()
    duplicate = socket.socket(fileno=os.dup(number))
    served.loop.adopt(ours, served.hub.join({"a"}, SSE))
    assert duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 8192
    assert not os.get_blocking(duplicate.fileno())
    duplicate.close()
    theirs.close()
