"""Where a stream begins: at the page's cursor, at the client's own, or with a reset that says why it cannot."""
import re

import pytest

from .api import Api
from .server import run
from .stream import Stream


@pytest.fixture
def api(server):
    return Api(server.address)


def cursor_of_page(api):
    """Return the cursor that the page of users was rendered at."""
    page = api.ask("GET", "/users")
    assert page.status == 200
    return re.search(r'data-rt-cursor="([0-9a-f]+-[0-9]+)"', page.text)[1]


def test_an_event_between_the_rendering_of_a_page_and_its_connecting_is_shown_once(server, api):
    cursor = cursor_of_page(api)
    between = api.create("In between")
    with Stream(server.address, "users", cursor=cursor) as stream:
        assert stream.first("connected").id == cursor
        stream.take(1)
        after = api.create("Afterwards")
        first, second = stream.take(2)
    assert [first.data, second.data] == [between, after]


def test_an_event_before_the_rendering_of_a_page_is_not_shown_again(server, api):
    api.create("On the page already")
    with Stream(server.address, "users", cursor=cursor_of_page(api)) as stream:
        after = api.create("After the page")
        event, = stream.take(1)
    assert event.data == after


def test_a_client_that_comes_back_with_its_last_id_misses_nothing_and_gets_nothing_twice(server, api):
    with Stream(server.address, "users") as stream:
        stream.first("connected")
        api.create("Seen before")
        seen, = stream.take(1)
    missed = [api.create(f"Missed {number}") for number in range(3)]
    with Stream(server.address, "users", cursor=seen.id) as stream:
        last = api.create("Live again")
        events = stream.take(4)
    assert [frame.data for frame in events] == [*missed, last]


def test_the_cursor_may_be_a_parameter_and_the_header_wins_over_it(server, api):
    old = api.users()["cursor"]
    user = api.create("Between the two")
    new = api.users()["cursor"]
    with Stream(server.address, "users", last_event_id=old) as stream:
        assert stream.take(1)[0].data == user
    with Stream(server.address, "users", last_event_id=old, cursor=new) as stream:
        assert stream.first("connected").id == new
        later = api.create("After both")
        assert [frame.data for frame in stream.take(1)] == [later]


def test_a_cursor_from_before_what_was_pruned_is_told_that_it_has_expired(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite, {"realtime.retention_rows": 2})
    api = Api(server.address)
    old = api.users()["cursor"]
    users = [api.create(f"Number {number}") for number in range(4)]
    server.kill()       # what it remembers would spare the client the reset, until it next looks at the log
    pruned = run("myapp-prune", server.ini)
    assert pruned.stdout.startswith("5 events forgotten\n"), pruned      # the account admin and two channels were events, too
    server.start()
    with Stream(server.address, "users", cursor=old) as stream:
        assert stream.first("reset").data["reason"] == "expired"
    kept = f"{old.rpartition('-')[0]}-{int(old.rpartition('-')[2]) + 2}"
    with Stream(server.address, "users", cursor=kept) as stream:
        assert [frame.data for frame in stream.take(2)] == users[2:]
        assert "reset" not in stream.types()


def test_open_streams_start_over_when_the_log_begins_a_new_epoch(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite)
    with Stream(server.address, "users") as stream:
        stream.first("connected")
        done = run("myapp-init-db", server.ini, "--new-epoch")
        assert done.returncode == 0, done.stderr
        reset = stream.first("reset")
        user = Api(server.address).create("In the new life")
        event, = stream.take(1)
    assert reset.data["reason"] == "epoch"
    assert (event.data, event.seq) == (user, reset.seq + 1)
    assert event.id.rpartition("-")[0] == reset.id.rpartition("-")[0] != stream.first("connected").id.rpartition("-")[0]
