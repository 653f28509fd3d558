"""Members of a private channel: who is one, what becomes of it, and whose streams end."""
import json
import threading

import pytest
import sqlalchemy as sa

from myapp.app.channels import Channels
from myapp.app.contexts import ChannelContext
from myapp.app.identity import Identity
from myapp.app.models import Channel, User
from myapp.realtime import session
from myapp.realtime.testing import TestApp
from tests.waiting import wait_until

from .conftest import CONSOLE, LOCAL, with_admin

STAFF = {"name": "staff", "title": "Staff", "kind": "discussion", "visibility": "private"}


@pytest.fixture
def channel(client):
    return client.post_json("/api/channels", STAFF, status=201).json


def members(client):
    return [user["name"] for user in client.get("/api/channels/staff/members").json["items"]]


def orders(client):
    """The log's orders to end streams."""
    return [event[1:] for event in client.events() if event[0] == "realtime"]


def test_who_creates_a_private_channel_is_its_first_member(client, channel):
    assert members(client) == ["admin"]


def test_a_member_is_added_once_however_often_it_is_said(client, channel):
    user = client.add_user("Ada")
    client.put(f"/api/channels/staff/members/{user['id']}", status=204)
    before = client.everything()
    client.put(f"/api/channels/staff/members/{user['id']}", status=204)
    assert client.everything() == before
    assert members(client) == ["Ada", "admin"] and orders(client) == []


def test_a_member_who_is_removed_loses_his_streams(client, channel):
    user = client.add_user("Ada")
    client.put(f"/api/channels/staff/members/{user['id']}")
    client.delete(f"/api/channels/staff/members/{user['id']}", status=204)
    assert members(client) == ["admin"] and orders(client) == [("recheck", None, {"topic": "updates:staff"})]
    before = client.rows("SELECT * FROM channel_members"), client.events()
    client.delete(f"/api/channels/staff/members/{user['id']}", status=404)
    assert (client.rows("SELECT * FROM channel_members"), client.events()) == before


def test_the_members_list_takes_limit_offset_and_since_of_the_membership(client, channel):
    for name in ("Ada", "Bob"):
        client.put(f"/api/channels/staff/members/{client.add_user(name)['id']}")
    answer = client.get("/api/channels/staff/members?limit=1&offset=1").json
    assert [user["name"] for user in answer["items"]] == ["Ada"] and answer["total"] == 3 and set(answer) == {"items", "total", "cursor"}
    client.put_json("/api/users/2", {"name": "Ada L"})
    client.delete("/api/channels/staff/members/2")
    added = client.get("/api/users/2").json["changed"]
    client.put("/api/channels/staff/members/2")
    assert [user["name"] for user in client.get("/api/channels/staff/members", {"since": added}).json["items"]] == ["Ada L"]


def test_a_user_or_a_channel_that_does_not_exist_is_not_found(client, channel):
    before = client.everything()
    for url in ("/api/channels/staff/members/99", "/api/channels/staff/members/0", "/api/channels/staff/members/x",
                "/api/channels/staff/members/999999999999999999", "/api/channels/staff/members/1'--", "/api/channels/none/members/1"):
        client.put(url, status=404)
        client.delete(url, status=404)
    assert client.everything() == before


def test_a_public_channel_has_no_members(client):
    client.post_json("/api/channels", {**STAFF, "visibility": "public"})
    before = client.rows("SELECT * FROM channel_members"), client.events()
    for ask in (client.put, client.delete):
        assert "public" in ask("/api/channels/staff/members/1", status=409).json["detail"]
    assert members(client) == []
    assert (client.rows("SELECT * FROM channel_members"), client.events()) == before


def test_a_channel_that_becomes_public_forgets_its_members_and_one_that_becomes_private_has_the_one_who_said_so(client, channel):
    client.put(f"/api/channels/staff/members/{client.add_user('Ada')['id']}")
    client.put_json("/api/channels/staff", {"visibility": "public"})
    assert members(client) == [] and orders(client) == []
    client.put_json("/api/channels/staff", {"visibility": "private"})
    assert members(client) == ["admin"] and orders(client) == [("recheck", None, {"topic": "updates:staff"})]


def test_a_deleted_user_is_a_member_of_nothing_and_a_deleted_channel_has_none(client, channel):
    user = client.add_user("Ada")
    client.put(f"/api/channels/staff/members/{user['id']}")
    client.delete(f"/api/users/{user['id']}", status=204)
    assert members(client) == ["admin"]
    client.delete("/api/channels/staff", status=204)
    assert client.rows("SELECT * FROM channel_members") == []


def test_what_is_done_to_channels_and_members_is_in_the_audit_trail(client, channel):
    user = client.add_user("Ada")
    client.put(f"/api/channels/staff/members/{user['id']}")
    client.delete(f"/api/channels/staff/members/{user['id']}")
    client.put_json("/api/channels/staff", {"visibility": "public"})
    client.delete("/api/channels/staff")
    subject, ada = f"channel {channel['id']} (staff)", f"user {user['id']} (Ada)"
    assert [tuple(row) for row in client.rows("SELECT action, subject, detail FROM audit WHERE subject LIKE 'channel %' ORDER BY id")] == [
        ("channel_created", subject, "discussion, private"), ("member_added", subject, ada), ("member_removed", subject, ada),
        ("channel_changed", subject, "visibility: private -> public"), ("channel_deleted", subject, "")]


def test_one_context_tells_of_any_number_of_people_with_one_reading_of_the_members(sqlite_client):
    sqlite_client.post_json("/api/channels", STAFF)
    statements = []
    with session(sqlite_client.registry) as rt:
        context = ChannelContext(rt.request, "staff")
        sa.event.listen(rt.request.dbsession.connection(), "before_cursor_execute", lambda *given: statements.append(given[2]))
        joined = [id for id in range(1, 1000) if context.local_principals(Identity(id, "x", "member"))]
    assert joined == [1] and len(statements) == 1


# Streams

@pytest.fixture
def open_stream(migrated_sqlite, make_client):
    """open_stream(name): a stream of `updates:staff`, open in the name of the admin, of Ada, who is a member, or of Bob.

    Where it is private, Bob is a member too; nobody is checked again except by order.
    """
    client = with_admin(make_client(migrated_sqlite, **{"realtime.recheck": "1h"}))
    app = TestApp(client.app, extra_environ=dict(LOCAL))
    tokens = {}
    for name in ("Ada", "Bob"):
        client.add_user(name, password="12345678")
        tokens[name] = client.post_json("/api/tokens", {"username": name, "password": "12345678"}, status=201).json["token"]

    def open_stream(name):
        headers = {"Authorization": f"Bearer {tokens[name]}"} if name in tokens else {}
        stream = app.stream("/events?topic=updates:staff", headers=headers)
        stream.take(1, controls=True)
        return stream
    open_stream.client = client
    return open_stream


@pytest.mark.parametrize("before, act, url, body, ended", [
    ("private", "delete_json", "/api/channels/staff/members/2", {}, {"Ada"}),
    ("private", "delete_json", "/api/users/2", {}, {"Ada"}),
    ("private", "put_json", "/api/channels/staff", {"kind": "announcement", "title": "x"}, set()),
    ("private", "put_json", "/api/channels/staff", {"visibility": "public"}, set()),
    ("public", "put_json", "/api/channels/staff", {"visibility": "private"}, {"Ada", "Bob"}),
    ("private", "delete_json", "/api/channels/staff", {}, {"admin", "Ada", "Bob"})])
def test_the_streams_of_those_who_may_see_it_no_more_end_at_once_and_the_others_go_on(open_stream, before, act, url, body, ended):
    client = open_stream.client
    client.post_json("/api/channels", {**STAFF, "visibility": before}, status=201)
    for user_id in (2, 3) if before == "private" else ():
        client.put(f"/api/channels/staff/members/{user_id}", status=204)
    streams = {name: open_stream(name) for name in ("admin", "Ada", "Bob")}
    getattr(client, act)(url, body)
    for name in ended:
        [message] = streams[name].take(1, controls=True, timeout=5)
        assert (message.type, json.loads(message.data)["reason"]) == ("closing", "revoked"), name
    with session(client.registry) as rt:
        rt.publish("updates:staff", "said", {})
    assert [streams[name].take(1)[0].type for name in sorted(set(streams) - ended)] == ["said"] * (3 - len(ended))


# At once

def test_two_who_add_the_same_member_at_once_both_do(migrated_postgresql, make_client):
    client = with_admin(make_client(migrated_postgresql))
    client.post_json("/api/channels", STAFF)
    user = client.add_user("Ada")
    answers = []
    with session(client.registry) as rt:
        dbsession = rt.request.dbsession
        channel = dbsession.scalar(sa.select(Channel))
        Channels.of(rt.request, CONSOLE).add_member(channel, dbsession.get(User, user["id"]))
        url = f"/api/channels/staff/members/{user['id']}"
        other = threading.Thread(target=lambda: answers.append(client.elsewhere().put(url, status="*").status_int))
        other.start()
        wait_until(lambda: client.rows("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))
    other.join(10)
    assert answers == [204] and members(client) == ["Ada", "admin"]
