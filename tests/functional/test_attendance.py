"""Which clients come and go, as the application is told: in order, each once, and at nobody's cost but its own."""
import threading

import pytest

from myapp.realtime import ClientConnected, ClientDisconnected
from tests.waiting import wait_until

from .test_stats import stream


@pytest.fixture
def told(sqlite_client):
    """What a subscriber is told, [(class, notice, the thread's name)]."""
    told = []
    for notice in ClientConnected, ClientDisconnected:
        sqlite_client.registry.registerHandler(
            lambda each: told.append((type(each), each, threading.current_thread().name)), (notice,))
    return told


def test_streams_and_polls_that_wait_are_told_of_as_they_come_and_go_in_a_thread_for_this_alone(sqlite_client, told):
    with stream(sqlite_client, "users&topic=rows"):
        wait_until(lambda: len(told) == 1)
        cursor = sqlite_client.get("/events/poll?topic=users").json["cursor"]
        sqlite_client.get(f"/events/poll?topic=users&wait=0.1&last_event_id={cursor}")
    wait_until(lambda: len(told) == 4)
    assert [(kind, notice.transport, set(notice.topics)) for kind, notice, _ in told] == [
        (ClientConnected, "sse", {"users", "rows"}), (ClientConnected, "poll", {"users"}),
        (ClientDisconnected, "poll", {"users"}), (ClientDisconnected, "sse", {"users", "rows"})]
    numbers = [notice.number for _, notice, _ in told]
    assert numbers[0] == numbers[3] != numbers[1] == numbers[2]
    assert {(notice.userid, notice.session) for _, notice, _ in told} == {("1", "auto")}
    assert {thread for *_, thread in told} == {"realtime-attendance"}


def test_a_stream_that_is_refused_is_not_told_of_and_a_subscriber_that_takes_long_and_fails_holds_up_none(sqlite_client, told, caplog):
    gate = threading.Event()

    def fail(notice):
        gate.wait(30)
        raise RuntimeError("not my day")
    sqlite_client.registry.registerHandler(fail, (ClientConnected,))
    with stream(sqlite_client, "users") as listener:
        sqlite_client.registry.realtime.hub._places._most = 1
        sqlite_client.get("/events?topic=users", status=503)
        sqlite_client.add_user("Ada")
        assert [message.type for message in listener.take(1, timeout=30)] == ["user_created"]
        gate.set()
    wait_until(lambda: len(told) == 2)
    assert [kind for kind, *_ in told] == [ClientConnected, ClientDisconnected]
    assert "a subscriber of ClientConnected failed" in caplog.text
