"""Polls that wait, on our server: parked in the loop, a thousand of them on four threads, all answered by one event or a shutdown."""
import http.client
import json
import threading
from contextlib import ExitStack, closing

import pytest

from tests.waiting import wait_until

from .api import Api
from .board import Board
from .crowd import Client, Crowd
from .inside import serving
from .test_many_streams import assert_pages_are_quick

POLLS = 1000
BOARD = "call:tests.live.board:main"
WAITING = "/events/poll?topic=news&wait=25"
PATIENCE_S = 30.0


@pytest.fixture
def board(migrated_sqlite):
    """board({settings}): a Board, which is closed with the test."""
    with ExitStack() as boards:
        yield lambda settings=None: boards.enter_context(Board(migrated_sqlite, settings))


def crowd_of(address, count, cursor, path=WAITING):
    return Crowd(address, count, f"{path}&last_event_id={cursor}")


def answers(crowd):
    """Read until all are answered, whole; return what they were told."""
    crowd.read_until(lambda: all(client.is_over for client in crowd))
    assert len(crowd.with_status(200)) == len(crowd)
    return [json.loads(client.body) for client in crowd]


def position(address):
    return Api(address).ask("GET", "/events/poll?topic=news").json["cursor"]


def test_a_thousand_polls_that_wait_hold_no_threads_and_are_all_answered_by_one_event_or_when_the_server_stops(
        start_server, migrated_sqlite):
    settings = {"realtime.max_waiting_polls": POLLS, "realtime.max_streams_per_user": 0}
    server = start_server(migrated_sqlite, settings, factory=BOARD, threads=4)
    api, cursor = Api(server.address), position(server.address)
    with crowd_of(server.address, 1, cursor):       # so that all that a first one needs is there
        threads = server.threads()
    with crowd_of(server.address, POLLS, cursor) as crowd:
        assert server.threads() == threads
        assert_pages_are_quick(api)
        assert not any(client.is_over for client in crowd)
        [seq] = api.ask("POST", "/tell?count=1").json
        told = answers(crowd)
        assert all(one == told[0] for one in told)
        assert [event["id"] for event in told[0]["events"]] == [told[0]["cursor"]] and told[0]["cursor"].endswith(f"-{seq}")
    with crowd_of(server.address, POLLS, told[0]["cursor"]) as crowd:
        server.tell_to_stop()
        assert {(one["cursor"], len(one["events"]), one["more"]) for one in answers(crowd)} == {(None, 0, False)}
    assert server.wait() == 0


@pytest.mark.parametrize("by_reset", [False, True])
def test_a_client_that_goes_away_while_it_waits_is_forgotten(board, by_reset):
    board = board()
    with serving(board) as server:
        cursor = position(server.addresses[0])
        client = Client(server.addresses[0], f"{WAITING}&last_event_id={cursor}")
        wait_until(lambda: server._loop.open_streams == 1)
        assert board.engine.pool.checkedout() == 0
        client.close(by_reset=by_reset)
        wait_until(lambda: board.hub.open_streams == board.hub._places.waiting == server._loop.open_streams == 0)


@pytest.mark.parametrize("has_loop", [True, False], ids=["loop", "threads"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_is_whole_whatever_holds_the_poll(board, has_loop, version):
    board = board()
    with serving(board, has_loop=has_loop, threads="4") as server:
        address, cursor = server.addresses[0], position(server.addresses[0])
        told = ask_by_http(address, version, f"{WAITING[:-2]}1&last_event_id={cursor}")
        assert told["cursor"] == cursor and told["events"] == []
        threading.Timer(0.1, board.publish, [1]).start()
        told = ask_by_http(address, version, f"{WAITING}&last_event_id={cursor}")
        assert told["cursor"] == told["events"][0]["id"] == board.cursor(board.last_seq)


def ask_by_http(address, version, path):
    """Return what http.client makes of the answer to a request of that version of HTTP."""
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE_S)
    connection._http_vsn, connection._http_vsn_str = int(version.replace(".", "")), f"HTTP/{version}"
    with closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200 and response.getheader("Content-Type") == "application/json"
        return json.loads(response.read())


def test_who_polls_on_and_on_is_told_everything_once_and_in_order_while_much_is_written(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite, {"realtime.max_streams_per_user": 0}, factory=BOARD)
    api, cursor, told = Api(server.address), position(server.address), []
    written = []
    writer = threading.Thread(target=lambda: [written.extend(api.ask("POST", f"/tell?count={1 + n % 3 * 200}").json) for n in range(20)])
    writer.start()
    while writer.is_alive() or len(told) < len(written):
        answer = Api(server.address).ask("GET", f"{WAITING[:-2]}2&last_event_id={cursor}").json
        cursor, told = answer["cursor"] or cursor, told + [int(event["id"].rpartition("-")[2]) for event in answer["events"]]
        assert answer["reset"] is None
    writer.join()
    assert told == written and len(told) > 2000
