"""What processes tell of themselves: /api/stats, /metrics, and once a second on the topic `monitor`, while somebody listens."""
import json
import threading
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from myapp.realtime.testing import TestApp
from tests.waiting import WAIT_S, wait_until

from .conftest import LOCAL, url_of

REPORTS = "realtime-reports"


@pytest.fixture
def processes(sqlite_client, make_client, redis_url):
    """Two processes on one database, that listen, with a broker between them."""
    clients = [make_client(url_of(sqlite_client), **{"realtime.broker": redis_url}) for _ in range(2)]
    for client in clients:
        client.get("/readyz", status=200)
    wait_until(lambda: all(client.registry.realtime.broker_state.state == "up" for client in clients))
    return clients


def stream(client, topic, **options):
    return TestApp(client.app, extra_environ=dict(LOCAL)).stream(f"/events?topic={topic}", **options)


def process_id(client):
    return client.get("/api/stats").json["process"]["id"]


def reporters():
    return [thread for thread in threading.enumerate() if thread.name == REPORTS]


@contextmanager
def statements_of_reports():
    """The SQL of the threads that report."""
    texts = []

    def note(connection, cursor, text, *rest):
        if threading.current_thread().name == REPORTS:
            texts.append(text)
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield texts
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_every_process_tells_of_itself_without_the_database_as_long_as_somebody_listens_to_one_of_them(processes):
    ids = {process_id(client) for client in processes}
    assert len(ids) == 2 and reporters() == []
    with statements_of_reports() as statements, stream(processes[0], "monitor") as monitor:
        told = {}

        def is_told():
            [message] = monitor.take(1, timeout=WAIT_S)
            assert message.type == "stats" and message.id is None
            told[json.loads(message.data)["process"]["id"]] = json.loads(message.data)
            return told.keys() == ids and told[process_id(processes[0])]["transports"]["sse"] == 1
        wait_until(is_told)
        assert told[process_id(processes[0])].keys() == processes[0].get("/api/stats").json.keys()
        assert told[process_id(processes[1])]["streams"] == 0 and told[process_id(processes[0])]["topics"] == {"monitor": 1}
    wait_until(lambda: reporters() == [])
    assert statements == []


def test_one_process_still_tells_of_itself_while_its_broker_is_down(sqlite_client, make_client):
    client = make_client(url_of(sqlite_client), **{"realtime.broker": "redis://127.0.0.1:1/0"})
    with stream(client, "monitor") as monitor:
        wait_until(lambda: json.loads(monitor.take(1, timeout=WAIT_S)[0].data)["broker"]["state"] == "down")


def test_it_is_known_how_long_an_event_takes_to_whoever_listens(sqlite_client):
    sqlite_client.post_json("/api/rows", {"value": 4}, status=201)      # nobody listens yet
    with stream(sqlite_client, "rows"):
        sqlite_client.post_json("/api/rows", {"value": 5}, status=201)
        wait_until(lambda: sqlite_client.get("/api/stats").json["delays"]["count"] > 0)
    delays = sqlite_client.get("/api/stats").json["delays"]
    assert delays["count"] == 1 and 0 <= delays["p50_ms"] <= delays["p99_ms"] < 1000 * WAIT_S


def test_prometheus_reads_the_same_with_a_token_that_may_read_just_that(sqlite_client):
    admin, program = sqlite_client.bearer(1, "read:monitor"), sqlite_client.elsewhere_as({})
    assert program.get("/metrics", headers=sqlite_client.bearer(1, "read:users"), status=403)
    with stream(sqlite_client, "rows"):
        answer = program.get("/metrics", headers=admin, status=200)
    lines = answer.text.splitlines()
    assert 'myapp_streams{transport="sse"} 1.0' in lines and "myapp_broker_up 1.0" in lines
    assert answer.content_type == "text/plain" and [line for line in lines if line.startswith("process_resident_memory_bytes ")]
    assert not [line for line in lines if not line.startswith(("#", "myapp_", "process_"))]
