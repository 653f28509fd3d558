"""Who may do what with topics and channels: roles, memberships, and what `myapp.public_read` opens to the anonymous."""
import pytest
from pyramid.interfaces import ISecurityPolicy

from myapp.app.channels import postable_by
from myapp.app.contexts import POST, ChannelContext
from myapp.app.identity import Identity
from myapp.realtime import session

from .conftest import url_of

# Who asks: a role, and whether he is a member of the private channels.
VIEWERS = {"admin": ("admin", False), "editor": ("editor", False), "editor within": ("editor", True),
           "member": ("member", False), "member within": ("member", True), "anonymous": (None, False)}
EVERYBODY, SIGNED_IN = set(VIEWERS), set(VIEWERS) - {"anonymous"}
EDITORS, EDITING_INSIDERS = {"admin", "editor", "editor within"}, {"admin", "editor within"}
INSIDERS = EDITING_INSIDERS | {"member within"}

# Each channel, and who may read it, post in it, and change it and its members; public ones are read by the anonymous too with public_read.
CHANNELS = {
    "talk": ("discussion", "public", SIGNED_IN, SIGNED_IN, EDITORS),
    "news": ("announcement", "public", SIGNED_IN, EDITORS, EDITORS),
    "team": ("discussion", "private", INSIDERS, INSIDERS, EDITING_INSIDERS),
    "board": ("announcement", "private", INSIDERS, EDITING_INSIDERS, EDITING_INSIDERS),
}


@pytest.fixture(params=["closed", "public_read"])
def public_read(request):
    return {"closed": "false", "public_read": "true"}[request.param]


@pytest.fixture(params=VIEWERS)
def viewer(request):
    return request.param


@pytest.fixture
def house(sqlite_client):
    """The admin's Client of an application with all the channels, and Ada, a member of the private ones."""
    ada = sqlite_client.add_user("Ada")
    for name, (kind, visibility, *_) in CHANNELS.items():
        sqlite_client.post_json("/api/channels", {"name": name, "title": name, "kind": kind, "visibility": visibility})
        if visibility == "private":
            sqlite_client.put(f"/api/channels/{name}/members/{ada['id']}")
    return sqlite_client


@pytest.fixture
def person(house, make_client, viewer, public_read):
    """The viewer's Client on the same database; `id` is his."""
    role, is_within = VIEWERS[viewer]
    user = role and house.add_user("Visitor", role)
    if is_within:
        for name, (_, visibility, *_) in CHANNELS.items():
            if visibility == "private":
                house.put(f"/api/channels/{name}/members/{user['id']}")
    client = make_client(url_of(house), user and user["email"], **{"myapp.public_read": public_read})
    client.id = user and user["id"]
    return client


def allowed(viewer, may, public_read="false"):
    """Return the status of what `may`, a set of viewers, may do."""
    if viewer in may | ({"anonymous"} if public_read == "true" else set()):
        return 200
    return 401 if viewer == "anonymous" else 403


def statuses_of_reading(person, topic):
    """Return how the addresses answer at which a topic is read, a set."""
    addresses = (person.head, f"/events?topic={topic}"), (person.get, f"/events/poll?topic={topic}")
    return {ask(address, status="*").status_int for ask, address in addresses}


def test_topics_and_channels_are_read_by_those_who_may(person, viewer, public_read):
    seen = set()
    for name, (_, visibility, readers, *_) in CHANNELS.items():
        wanted = allowed(viewer, readers, public_read if visibility == "public" else "false")
        assert statuses_of_reading(person, f"updates:{name}") == {wanted}, name
        assert person.get(f"/api/channels/{name}", status="*").status_int == wanted, name
        assert person.get(f"/api/channels/{name}/members", status="*").status_int == allowed(viewer, readers), name
        seen |= {name} if wanted == 200 else set()
    answer = person.get("/api/channels", status=200 if seen else 401)
    assert answer.status_int != 200 or ({channel["name"] for channel in answer.json["items"]}, answer.json["total"]) == (seen, len(seen))
    for topic, readers, is_public in (
            ("users", SIGNED_IN, False), ("channels", SIGNED_IN, True), ("metric:heat", SIGNED_IN, True), ("user:2", set(), False),
            (f"user:{person.id or 1}", SIGNED_IN, False), ("broker", SIGNED_IN, False), ("monitor", {"admin"}, False)):
        wanted = allowed(viewer, readers, public_read if is_public else "false")
        assert statuses_of_reading(person, topic) == {wanted}, topic


@pytest.mark.parametrize("public_read", ["closed"], indirect=True)     # which opens nothing but reading
def test_updates_are_posted_and_events_published_by_those_who_may(house, person, viewer):
    identity = person.id and Identity(person.id, "Visitor", VIEWERS[viewer][0], "auto")
    policy = person.registry.getUtility(ISecurityPolicy)
    with session(person.registry) as rt:
        may = {name: bool(policy.identity_permits(identity, ChannelContext(rt.request, name), POST)) for name in CHANNELS}
        listed = {channel.name for channel in rt.request.dbsession.scalars(postable_by(identity))}
    assert may == {name: viewer in posters for name, (_, _, _, posters, _) in CHANNELS.items()}
    assert listed == {name for name in may if may[name]}
    # An update is published by the act that writes its row, and never from outside, whoever asks.
    for topic, publishers in (("metric:heat", EDITORS), *((f"updates:{name}", set()) for name in CHANNELS),
                              ("users", set()), ("channels", set()), ("broker", set()), (f"user:{person.id or 1}", set())):
        wanted, before = allowed(viewer, publishers), house.events()
        answer = person.post_json(f"/api/topics/{topic}/events", {"type": "value", "data": {"value": 1}}, status="*")
        assert answer.status_int == {200: 201}.get(wanted, wanted), topic
        assert (house.events() == before) == (wanted != 200)


@pytest.mark.parametrize("public_read", ["closed"], indirect=True)     # which opens nothing but reading
def test_channels_and_members_are_changed_by_those_who_may_and_a_refusal_leaves_nothing(house, person, viewer):
    ada = house.rows("SELECT id FROM users WHERE name = 'Ada'")[0][0]
    for name, (kind, visibility, *_, editors) in CHANNELS.items():
        member, url = f"/api/channels/{name}/members/{ada}", f"/api/channels/{name}"
        given = {"name": f"new-{name}", "title": "New", "kind": kind, "visibility": visibility}
        of_member = 409 if visibility == "public" else 204
        for ask, address, body, done, may in (
                (person.delete_json, member, {}, of_member, editors), (person.put_json, member, {}, of_member, editors),
                (person.put_json, url, {"title": "Anew"}, 200, editors), (person.delete_json, url, {}, 204, editors),
                (person.post_json, "/api/channels", given, 201, EDITORS)):
            before = stored(house)
            answer = ask(address, body, status="*")
            assert answer.status_int == {200: done}.get(allowed(viewer, may), allowed(viewer, may)), (ask, address)
            assert (stored(house) == before) == (answer.status_int >= 400), (ask, address)
        if viewer in EDITORS:
            person.head(f"/events?topic=updates:new-{name}", status=200)


def stored(client):
    return [client.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("channels", "channel_members", "event_log")]


NOWHERE = ["updates:none", "updates:TALK", "updates:talk:x", "user:99", "user:0", "user:02", "user:x", "user:999999999999999999",
           f"user:{'9' * 180}", "display:none", "metric", "metric:a:b", "realtime"]


@pytest.mark.parametrize("role", ["admin", "anonymous"])
def test_what_does_not_exist_is_not_found_whoever_asks(sqlite_client, as_role, role):
    client = as_role(sqlite_client, role)
    for topic in NOWHERE:
        client.head(f"/events?topic={topic}", status=404)
    client.get("/api/channels/none", status=404)
    client.get("/api/channels/none/members", status=404)


@pytest.mark.parametrize("role", ["admin", "editor", "member"])
def test_a_member_may_leave_and_then_sees_the_channel_no_more(house, make_client, role):
    user = house.add_user("Visitor", role)
    house.put(f"/api/channels/team/members/{user['id']}")
    person = make_client(url_of(house), user["email"])
    person.delete(f"/api/channels/team/members/{user['id']}", status=204)
    person.head("/events?topic=updates:team", status=200 if role == "admin" else 403)
    person.delete(f"/api/channels/team/members/{user['id']}", status=404 if role == "admin" else 403)
    assert ("team" in str(person.get("/api/channels").json)) == (role == "admin")


def test_a_member_of_one_private_channel_is_nobody_in_another(house, make_client):
    user = house.add_user("Visitor", "editor")
    house.put(f"/api/channels/team/members/{user['id']}")
    person = make_client(url_of(house), user["email"])
    person.head("/events?topic=updates:team", status=200)
    person.head("/events?topic=updates:board", status=403)
    assert person.head("/events?topic=updates:board&topic=updates:team", status=403)
    person.put_json("/api/channels/board", {"title": "x"}, status=403)
    assert {channel["name"] for channel in person.get("/api/channels").json["items"]} == {"talk", "news", "team"}


def test_who_makes_a_channel_private_stays_within_and_the_others_are_out(house, make_client):
    editor, member = house.add_user("Ed", "editor"), house.add_user("Mo")
    own, other = make_client(url_of(house), editor["email"]), make_client(url_of(house), member["email"])
    other.head("/events?topic=updates:talk", status=200)
    own.put_json("/api/channels/talk", {"visibility": "private"}, status=200)
    own.head("/events?topic=updates:talk", status=200)
    other.head("/events?topic=updates:talk", status=403)


# Tokens that may not do all that their account may

TOKENS = [
    (["read:updates:team"], {"updates:team", "/api/channels/team"}), (["read:channels"], {"channels", "/api/channels"}),
    (["read:users"], {"users", "/api/users", "/api/users/1"}), (["read:updates:*"], {"updates:team", "updates:talk", "/api/channels/team"}),
    (["publish:metric:*"], {"POST metric:heat"}), (["publish:metric:cold"], set()), (["publish:*"], {"POST metric:heat"}),
    (["read:metric:heat", "publish:metric:heat"], {"metric:heat", "POST metric:heat"})]
EVENTS = ("updates:team", "updates:talk", "channels", "users", "metric:heat", "user:1")
OBJECTS = ("/api/channels", "/api/channels/team", "/api/channels/team/members", "/api/users", "/api/users/1")


@pytest.mark.parametrize("scopes, may", TOKENS, ids=[" ".join(scopes) for scopes, _ in TOKENS])
def test_a_token_with_scopes_does_nothing_else_than_they_say(house, scopes, may):
    token = house.post_json("/api/tokens", {"scopes": scopes}, status=201).json["token"]
    program = house.elsewhere()
    program.authorization = ("Bearer", token)
    for topic in EVENTS:
        program.head(f"/events?topic={topic}", status=200 if topic in may else 403)
    for address in OBJECTS:
        program.get(address, status=200 if address in may else 403)
    before = house.events()
    for topic in ("metric:heat", "updates:team", "users"):
        wanted = 201 if f"POST {topic}" in may else 403
        program.post_json(f"/api/topics/{topic}/events", {"type": "value", "data": {"value": 1}}, status=wanted)
    program.put_json("/api/channels/team", {"title": "x"}, status=403)
    program.put_json("/api/channels/team/members/1", {}, status=403)
    program.delete("/api/channels/team/members/1", status=403)
    program.post_json("/api/channels", {"name": "x", "title": "x", "kind": "discussion"}, status=403)
    assert [event[0] for event in house.events()[len(before):]] == ["metric:heat"] * ("POST metric:heat" in may)


def test_a_token_that_reads_the_channels_is_shown_the_public_ones_alone(house):
    token = house.post_json("/api/tokens", {"scopes": ["read:channels"]}, status=201).json["token"]
    program = house.elsewhere()
    program.authorization = ("Bearer", token)
    assert {channel["name"] for channel in program.get("/api/channels").json["items"]} == {"talk", "news"}


def test_a_token_never_does_what_its_account_may_not(house, make_client):
    member = make_client(url_of(house), house.add_user("Mo")["email"])
    token = member.post_json("/api/tokens", {"scopes": ["read:*", "publish:*"]}, status=201).json["token"]
    program = member.elsewhere()
    program.authorization = ("Bearer", token)
    program.head("/events?topic=updates:talk", status=200)
    program.head("/events?topic=updates:team", status=403)
    program.post_json("/api/topics/metric:heat/events", {"type": "value", "data": {"value": 1}}, status=403)
