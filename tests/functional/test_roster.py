"""The roster of displays: who is online, as every process says it, soon after it comes to be so, and with few writes."""
import json
import threading

import pytest
from pyramid.interfaces import ISecurityPolicy

from myapp.realtime import ClientDisconnected, session
from tests.waiting import wait_until

from .conftest import url_of
from .test_stats import stream


@pytest.fixture
def processes(sqlite_client, make_client):
    """Two processes on one database, that do not wait long for a display to come back."""
    clients = [make_client(url_of(sqlite_client)) for _ in range(2)]
    for client in clients:
        client.registry["myapp.roster"].grace_s = 0.05
    return clients


@pytest.fixture
def screen(sqlite_client):
    """The headers of the display `lobby`."""
    sqlite_client.post_json("/api/displays", {"slug": "lobby"}, status=201)
    return {"Cookie": "display=" + sqlite_client.post_json("/api/displays/lobby/key", {}, status=201).json["key"]}


def is_online(client):
    return client.elsewhere().get("/displays").html.find(id="display-1").find(class_="badge").text == "Online"


def online_on_the_dashboard(client):
    return client.elsewhere().get("/").html.find(attrs={"data-displays-online": True}).text


def moments(client):
    return client.rows("SELECT seen, gone FROM displays")[0]


def nobody_is_leaving():
    return not [thread for thread in threading.enumerate() if thread.name == "app-roster"]


def test_that_a_display_comes_and_goes_is_known_to_every_process_at_once_and_told_to_the_list(processes, screen):
    one, other = processes
    assert not is_online(other)
    with stream(one, "displays") as listener:
        with stream(one, "display:lobby", headers=screen):
            wait_until(lambda: is_online(other))
            assert online_on_the_dashboard(other) == "1"
        wait_until(lambda: not is_online(other))
        assert online_on_the_dashboard(other) == "0"
        told = [(message.id, message.type, json.loads(message.data)) for message in listener.take(2, timeout=30)]
    assert told == [(None, "display_seen", {"id": 1, "is_online": is_there}) for is_there in (True, False)]
    assert one.rows("SELECT count(*) FROM event_log WHERE type = 'display_seen'") == [(0,)]


def test_a_display_that_goes_on_elsewhere_or_has_another_stream_here_stays_online(processes, screen):
    (one, other), left = processes, []
    one.registry.registerHandler(left.append, (ClientDisconnected,))
    with stream(one, "displays") as told_here, stream(other, "displays") as told_there:
        first, second = (stream(one, "display:lobby", headers=screen) for _ in range(2))
        told_here.take(1, timeout=30)
        first.close()
        wait_until(lambda: len(left) == 1 and nobody_is_leaving())
        assert is_online(one)
        with stream(other, "display:lobby", headers=screen):
            told_there.take(1, timeout=30)
            second.close()
            wait_until(lambda: len(left) == 2 and nobody_is_leaving())
            assert is_online(one)


def test_a_page_that_loads_itself_anew_is_no_news_and_nothing_is_written(processes, screen):
    (one, _), left = processes, []
    one.registry["myapp.roster"].grace_s = 3600
    one.registry.registerHandler(left.append, (ClientDisconnected,))
    with stream(one, "displays") as told:
        with stream(one, "display:lobby", headers=screen):
            told.take(1, timeout=30)
        wait_until(lambda: len(left) == 1)
        before = moments(one)
        for times in 2, 3:
            with stream(one, "display:lobby", headers=screen):
                pass
            wait_until(lambda times=times: len(left) == times)
    assert moments(one) == before and is_online(one)


def test_what_a_killed_process_left_is_offline_in_the_end_and_a_mistake_lasts_no_longer_than_the_sweep(processes, screen):
    one, _ = processes
    one.execute("UPDATE displays SET seen = '2026-01-01 00:00:00.000000'")
    assert not is_online(one)
    with stream(one, "displays") as told, stream(one, "display:lobby", headers=screen):
        told.take(1, timeout=30)
        one.execute("UPDATE displays SET gone = seen")
        assert not is_online(one)
        with session(one.registry) as rt:
            one.registry.getUtility(ISecurityPolicy).identities(rt.request, {"display:1:1"})
        assert is_online(one)
