"""The notes of who comes and goes, when there are more than anybody reads."""
import threading
from types import SimpleNamespace

from myapp.realtime.attendance import Attendance
from myapp.realtime.rights import Owner


def a_stream():
    feed = SimpleNamespace(topics=frozenset({"users"}), encoding=SimpleNamespace(transport="sse"))
    return SimpleNamespace(owner=Owner("1"), feed=feed)


def test_beyond_the_most_that_may_wait_a_client_is_told_of_neither_when_it_comes_nor_when_it_goes(caplog):
    gate, told = threading.Event(), []

    def tell(notice):
        gate.wait(30)
        told.append((type(notice).__name__, notice.number))
    attendance, streams = Attendance(tell, most=2), [a_stream() for _ in range(9)]
    attendance.start()
    for is_there in True, False:
        for stream in streams:
            attendance.note(stream, is_there)
    gate.set()
    attendance.stop()
    came, went = ([number for kind, number in told if kind == name] for name in ("ClientConnected", "ClientDisconnected"))
    assert came == went and 2 <= len(came) <= 3
    assert "are not told of all clients" in caplog.text


def test_one_that_was_never_open_is_not_told_of():
    told = []
    attendance = Attendance(told.append)
    attendance.note(a_stream(), False)
    attendance.start()
    attendance.stop()
    assert told == []
