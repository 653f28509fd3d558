"""Two web processes on one database, with memory brokers: what joins them is the log alone."""
import time
from functools import partial

from tests.waiting import wait_until

from .api import Api
from .stream import Stream

WITHIN_S = 3.0      # of a write: the test's tail_interval is 200 ms, the rest is for a busy machine


def test_what_one_process_writes_is_seen_on_a_stream_of_the_other_soon_and_once_and_in_order(start_server, migrated, run_together):
    one, other = start_server(migrated), start_server(migrated)
    with Stream(one.address, "users") as here, Stream(other.address, "users") as there:
        first = here.first("connected").seq + 1
        there.first("connected")
        user = Api(one.address).create("Written here")
        begun = time.monotonic()
        there.take(1)
        assert time.monotonic() - begun < WITHIN_S
        Api(other.address).change(user, name="Written there")
        Api(one.address).delete(user)
        made = run_together(*[partial(Api(server.address).create, "At once") for server in (one, other) for _ in range(8)])
        seen_here, seen_there = here.take(19), there.take(19)
    assert [frame.seq for frame in seen_here] == list(range(first, first + 19))
    assert [frame.type for frame in seen_here] == ["user_created", "user_updated", "user_deleted", *["user_created"] * 16]
    assert sorted(frame.data["id"] for frame in seen_here[3:]) == sorted(user["id"] for user in made)
    assert seen_there == seen_here


def test_a_page_whose_cursor_is_ahead_of_the_process_for_a_moment_is_not_reset(start_server, migrated_sqlite):
    settings = {"realtime.tail_interval": "3s"}
    one, other = start_server(migrated_sqlite, settings), start_server(migrated_sqlite, settings)
    with Stream(other.address, "users") as early:       # so that the process follows the log already, and is behind now
        early.first("connected")
        Api(one.address).create("Rendered already")
        cursor = Api(one.address).users()["cursor"]
        with Stream(other.address, "users", cursor=cursor) as stream:
            assert stream.first("connected").id == cursor
            user = Api(one.address).create("Yet to come")
            event, = stream.take(1)
    assert event.data == user
    assert "reset" not in stream.types()
    assert [frame.data["name"] for frame in early.events] == ["Rendered already", "Yet to come"]


def test_a_display_whose_process_is_killed_goes_on_at_the_other_and_that_it_leaves_there_is_known_soon(start_server, migrated_sqlite):
    one, other = start_server(migrated_sqlite, may_complain=True), start_server(migrated_sqlite)
    api = Api(other.address)
    assert api.ask("POST", "/api/displays", {"slug": "lobby"}).status == 201
    screen = {"Cookie": "display=" + api.ask("POST", "/api/displays/lobby/key", {}).json["key"]}

    def is_online():
        return "Online" in api.ask("GET", "/displays").text

    assert not is_online()
    with Stream(one.address, "display:lobby", headers=screen):
        wait_until(is_online)
        one.kill()
    with Stream(other.address, "display:lobby", headers=screen) as stream:
        stream.first("connected")
        assert is_online()
    wait_until(lambda: not is_online())
