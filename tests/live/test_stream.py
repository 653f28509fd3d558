"""GET /events of a running process: what a program that listens is told while others use the API."""
from functools import partial

import pytest

from .api import Api
from .stream import Stream


@pytest.fixture
def api(server):
    return Api(server.address)


def test_a_listener_sees_a_user_created_changed_and_deleted_with_ids_that_rise(server, api):
    with Stream(server.address, "users") as stream:
        connected = stream.first("connected")
        user = api.create("Zoë Ångström")
        changed = api.change(user, name="Zoë Lund", version=user["version"])
        api.delete(user)
        created, updated, deleted = stream.take(3)
    assert [created.type, updated.type, deleted.type] == ["user_created", "user_updated", "user_deleted"]
    assert [created.data, updated.data, deleted.data] == [user, changed, {"id": user["id"]}]
    assert [created.seq, updated.seq, deleted.seq] == [connected.seq + 1, connected.seq + 2, connected.seq + 3]
    assert len({frame.id.rpartition("-")[0] for frame in stream.frames}) == 1


def test_the_answer_is_an_event_stream_that_nobody_keeps_or_holds_back(server):
    with Stream(server.address, "users") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Accel-Buffering"] == "no"
        connected = stream.first("connected")
    assert connected.data.keys() == {"status", "heartbeat_s", "build"}
    assert (connected.data["status"], connected.data["heartbeat_s"]) == ("connected", 15)


def test_with_fragments_a_listener_gets_the_row_of_the_table(server, api):
    with Stream(server.address, "users", fragments=1) as stream:
        stream.first("connected")
        user = api.create("Ada <b>Lovelace</b>")
        api.delete(user)
        created, deleted = stream.take(2)
    assert created.data["data"] == user
    assert created.data["key"] == deleted.data["key"] == f"user-{user['id']}"
    assert created.data["html"].startswith("<tr ") and "Ada &lt;b&gt;Lovelace&lt;/b&gt;" in created.data["html"]
    assert deleted.data["html"] is None


def test_a_write_that_was_refused_is_told_to_nobody(server, api):
    with Stream(server.address, "users") as stream:
        stream.first("connected")
        user = api.create("Grace Hopper")
        assert api.ask("POST", "/api/users", {"name": "Another", "email": user["email"]}).status == 409
        assert api.ask("POST", "/api/users", {"name": "Nobody"}).status == 422
        assert api.ask("POST", "/api/users", ["no object"]).status == 400
        last = api.create("Radia Perlman")
        first, second = stream.take(2)
    assert [first.data, second.data] == [user, last]
    assert second.seq == first.seq + 1


def test_many_writers_at_once_are_seen_by_all_listeners_in_one_order(server, api, run_together):
    with Stream(server.address, "users") as one, Stream(server.address, "users") as other:
        connected = one.first("connected"), other.first("connected")
        made = run_together(*[partial(api.create, "At once")] * 12)
        seen = [frame.id for frame in one.take(12)], [frame.id for frame in other.take(12)]
    assert connected[0].id == connected[1].id
    assert seen[0] == seen[1]
    assert [frame.seq for frame in one.events] == list(range(connected[0].seq + 1, connected[0].seq + 13))
    assert sorted(frame.data["id"] for frame in one.events) == sorted(user["id"] for user in made)


def test_a_stream_ends_when_its_lifetime_is_over(start_server, migrated_sqlite):
    server = start_server(migrated_sqlite, {"realtime.stream_lifetime": "1s"})
    with Stream(server.address, "users") as stream:
        assert stream.first("closing").data == {"reason": "lifetime"}
        stream.wait_for_end()
