"""Two web processes on one database, with memory brokers: what joins them is the log alone."""
import time

from .api import Api
from .stream import Stream

WITHIN_S = 3.0      # of a write: the test's tail_interval is 200 ms, the rest is for a busy machine


def test_what_one_process_writes_is_seen_on_a_stream_of_the_other_soon_and_once_and_in_order(start_server, migrated):
    one, other = start_server(migrated), start_server(migrated)
    with Stream(one.address, "users") as here, Stream(other.address, "users") as there:
        here.first("connected"), there.first("connected")
        user = Api(one.address).create("Written here")
        begun = time.monotonic()
        there.take(1)
        assert time.monotonic() - begun < WITHIN_S
        Api(other.address).change(user, name="Written there")
        Api(one.address).delete(user)
        Api(other.address).create("The last")
        seen_here, seen_there = here.take(4), there.take(4)
    assert [frame.type for frame in seen_here] == ["user_created", "user_updated", "user_deleted", "user_created"]
    assert seen_here == seen_there


def test_writers_in_both_processes_at_once_make_one_order_that_all_listeners_see(start_server, migrated, run_together):
    servers = [start_server(migrated), start_server(migrated)]
    with Stream(servers[0].address, "users") as here, Stream(servers[1].address, "users") as there:
        first = here.first("connected").seq + 1
        there.first("connected")
        made = run_together(*[lambda number=number: Api(servers[number % 2].address).create(f"Writer {number}") for number in range(16)])
        seen_here, seen_there = here.take(16), there.take(16)
    assert seen_here == seen_there
    assert [frame.seq for frame in seen_here] == list(range(first, first + 16))
    assert sorted(frame.data["id"] for frame in seen_here) == sorted(user["id"] for user in made)


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
