"""The loop: those who do not read. Who takes nothing of what waits is cut, and who takes little is not. The clock is in the test's hand."""
import socket

import pytest

from myapp.server.audience import LAPSED_S
from myapp.server.deaf import DEAF_S
from myapp.server.loop import ROOM_S

from .hubs import BEGUN, SSE, event, frame, hub, large, received


def make_deaf(served, valve):
    client, stream = served.open()
    served.turn()
    valve.room[stream.fd] = 0
    served.hub.receive([event(served.hub.cursor.seq + 1)])
    served.turn()
    return client, stream


def test_one_who_takes_nothing_of_what_waits_is_cut_after_a_minute_and_not_before(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = make_deaf(served, valve)
    served.now = DEAF_S - 1
    served.turn()
    assert received(client) == (BEGUN, False)
    served.now = DEAF_S + 1
    served.turn()
    assert received(client) == (b"", True) and served.is_empty


def test_one_who_takes_a_byte_now_and_then_is_not_cut(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = make_deaf(served, valve)
    for now in range(0, 300, 50):
        served.now = now
        valve.room[stream.fd] = 1
        served.room(stream)
        served.turn()
    assert received(client) == (BEGUN + frame(1)[:6], False)


def test_one_who_has_nothing_to_take_is_never_deaf(serve, valve):
    served = serve(hub(heartbeat_s=10**6), write=valve.write)
    client, stream = make_deaf(served, valve)
    valve.room.clear()
    served.room(stream)
    served.now = 10.0 * DEAF_S
    served.turn()
    assert received(client) == (BEGUN + frame(1), False)


def test_one_who_takes_nothing_and_has_lost_its_place_is_cut_soon(serve, valve):
    served = serve(hub(tape_bytes=1000), write=valve.write)
    client, stream = make_deaf(served, valve)
    served.open()
    keeps_its_place, other = make_deaf(serve(hub(), write=valve.write), valve)
    for seq in range(2, 10):
        served.hub.receive([large(seq, 300)])
        served.now += ROOM_S
        served.turn()
    assert stream.has_lapsed
    served.now = LAPSED_S - 1
    served.turn()
    assert received(client) == (BEGUN, False)
    served.now = LAPSED_S + 1
    served.turn()
    assert received(client) == (b"", True) and served.hub.open_streams == 1


def test_the_kernel_keeps_nothing_for_one_who_was_cut(serve, valve):
    served = serve(hub(), write=valve.write)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        stream = served.hub.join({"a"}, SSE)
        served.loop.adopt(listener.accept()[0], stream)
        served.turn()
        valve.room[stream.fd] = 0
        served.hub.receive([event(1)])
        served.turn()
        served.now = DEAF_S + 1
        served.turn()
        client.settimeout(10)
        with pytest.raises(ConnectionResetError):
            while client.recv(1 << 16):
                pass
