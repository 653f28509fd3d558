"""/api/channels: what is read, what is written, what is refused, and what each write publishes."""
import pytest

BOARD = {"name": "board", "title": "Board", "kind": "discussion"}
PRIVATE = {"name": "staff", "title": "Staff matters", "kind": "discussion", "visibility": "private"}


def create(client, **fields):
    return client.post_json("/api/channels", {**BOARD, **fields}, status=201).json


def told(client):
    """The log from the first event about channels on, without the users'."""
    return [event for event in client.events() if event[0] != "users"]


def test_a_created_channel_is_answered_stored_and_published_as_one_object(client):
    answer = client.post_json("/api/channels", BOARD, status=201)
    channel = answer.json
    assert set(channel) == {"id", "version", "created", "changed", *BOARD, "visibility"}
    assert channel == {**channel, **BOARD, "visibility": "public", "version": 1}
    assert answer.headers["Location"].endswith("/api/channels/board")
    assert client.get("/api/channels/board").json == channel
    assert told(client) == [("channels", "channel_created", f"channel-{channel['id']}", channel)]


def test_a_changed_channel_has_a_new_version_and_the_rest_stays(client):
    channel = create(client)
    changed = client.put_json("/api/channels/board", {**channel, "title": "The board", "kind": "announcement"}).json
    assert changed == {**channel, "title": "The board", "kind": "announcement", "version": 2, "changed": changed["changed"]}
    assert changed["changed"] > channel["changed"]
    assert told(client)[1:] == [("channels", "channel_updated", f"channel-{channel['id']}", changed)]


def test_a_change_to_what_is_there_already_changes_and_publishes_nothing(client):
    channel = create(client)
    before = client.everything()
    assert client.put_json("/api/channels/board", channel).json == channel
    assert client.everything() == before


def test_a_deleted_channel_is_gone_and_only_the_id_is_published_and_its_streams_end(client):
    channel = create(client)
    assert client.delete("/api/channels/board", status=204).body == b""
    assert told(client)[1:] == [
        ("channels", "channel_deleted", f"channel-{channel['id']}", {"id": channel["id"]}),
        ("realtime", "revoke", None, {"topic": "updates:board"})]
    client.get("/api/channels/board", status=404)
    client.delete("/api/channels/board", status=404)
    client.put_json("/api/channels/board", {"title": "x"}, status=404)
    client.head("/events?topic=updates:board", status=404)
    assert create(client)["id"] > channel["id"]


def test_the_public_topic_never_tells_of_a_private_channel(client):
    channel = create(client, **PRIVATE)
    client.put_json("/api/channels/staff", {"title": "Wages"})
    client.put_json("/api/channels/staff", {"kind": "announcement"})
    assert told(client) == []
    key, opened = f"channel-{channel['id']}", client.put_json("/api/channels/staff", {"title": "Holidays", "visibility": "public"}).json
    assert told(client) == [("channels", "channel_created", key, opened)]
    client.put_json("/api/channels/staff", {"title": "Wages again", "visibility": "private"})
    client.put_json("/api/channels/staff", {"title": "More wages"})
    client.delete("/api/channels/staff", status=204)
    assert told(client)[1:] == [
        ("channels", "channel_deleted", key, {"id": channel["id"]}), ("realtime", "recheck", None, {"topic": "updates:staff"}),
        ("realtime", "revoke", None, {"topic": "updates:staff"})]


def test_the_name_of_a_channel_stays(client):
    create(client)
    before = client.everything()
    answer = client.put_json("/api/channels/board", {"name": "bored", "title": "Bored"}, status=422)
    assert list(answer.json["errors"]) == ["name"]
    assert client.everything() == before


def test_a_name_is_given_once_whoever_has_it(client):
    create(client)
    create(client, **PRIVATE)
    before = client.everything()
    for name in ("board", "staff"):
        answer = client.post_json("/api/channels", {**BOARD, "name": name}, status=409)
        assert list(answer.json["errors"]) == ["name"]
    assert client.everything() == before


def test_a_stale_version_is_answered_with_the_present_object(client):
    create(client)
    present = client.put_json("/api/channels/board", {"title": "Second", "version": 1}).json
    before = client.everything()
    assert client.put_json("/api/channels/board", {"title": "Third", "version": 1}, status=409).json["present"] == present
    assert client.everything() == before
    assert client.put_json("/api/channels/board", {"title": "Third"}).json["version"] == 3


def test_a_list_is_newest_first_and_takes_limit_offset_and_since(sqlite_client):
    channels = [create(sqlite_client, name=f"c{n}") for n in range(3)]
    answer = sqlite_client.get("/api/channels").json
    assert answer["items"] == channels[::-1] and answer["total"] == 3 and answer["cursor"].endswith("-4")
    answer = sqlite_client.get("/api/channels?limit=1&offset=1").json
    assert answer["items"] == [channels[1]] and answer["total"] == 3
    answer = sqlite_client.get("/api/channels", {"since": channels[1]["changed"]}).json
    assert answer["items"] == channels[:0:-1] and answer["total"] == 2


# What is refused

NAMES = [
    "", " ", "x" * 51, "Board", "-x", ".x", "_x", "..", "../etc", "a/b", "a%2fb", "a:b", "a b", "\u00e4", "a\n", "a\r\nX: y", "a\0",
    "a\u2028", "\ud800", "x" * 100_000, "'; DROP TABLE channels; --", "a' OR '1'='1", "{{7*7}}", None, True, 1, 1.5, ["a"], {"a": 1}]
TITLES = ["", " ", "x" * 101, "\u200b", "a\nb", "a\r\nX: y", "a\0b", "a\u2028b", "\ud800", "a\u202eb", "x" * 100_000, None, True, 1, [], {}]
CHOICES = ["", "x", "Public", "public ", "\0", "\ud800", "x" * 100_000, None, True, 1, [], {}]
VERSIONS = [0, -1, 1.5, "x", 2**70, None, [], True]


@pytest.mark.parametrize("field, values", [
    ("name", NAMES), ("title", TITLES), ("kind", CHOICES), ("visibility", CHOICES), ("version", VERSIONS), ("owner", [1]), ("id'--", [1])])
def test_a_bad_field_is_named_with_a_sentence_and_nothing_is_stored(sqlite_client, field, values):
    create(sqlite_client)
    before = sqlite_client.everything()
    for value in values:
        for ask, url in ((sqlite_client.post_json, "/api/channels"), (sqlite_client.put_json, "/api/channels/board")):
            answer = ask(url, {**BOARD, "name": "new", field: value}, status=422)
            assert field in answer.json["errors"], (url, ascii(value)[:60])
    assert sqlite_client.everything() == before


def test_a_name_is_needed_and_enough(sqlite_client):
    assert set(sqlite_client.post_json("/api/channels", {}, status=422).json["errors"]) == {"name"}
    channel = sqlite_client.post_json("/api/channels", {"name": "plain"}, status=201).json
    assert (channel["title"], channel["kind"], channel["visibility"]) == ("plain", "discussion", "public")


def test_a_title_may_be_any_text_that_one_can_see(client):
    for place, title in enumerate(("李小龍's", "<script>alert(1)</script>", "'; DROP TABLE channels; --", "${7*7}", "🎈", "x" * 100)):
        assert create(client, name=f"c{place}", title=title)["title"] == title


PATHS = ["x", "Board", "..", "%2e%2e", "..%2fboard", "%2fboard", "board%2f", "board%2e", "x" * 51, "x" * 5000, "board'--", "board;",
         "'%20OR%201=1", "%C3%A4", "board:x"]


def test_a_name_that_no_channel_has_is_not_found(sqlite_client):
    create(sqlite_client)
    before = sqlite_client.everything()
    for path in PATHS:
        for url in (f"/api/channels/{path}", f"/api/channels/{path}/members", f"/api/channels/{path}/members/1"):
            for method in ("GET", "PUT", "DELETE"):
                answer = sqlite_client.request(url, method=method, content_type="application/json", body=b"{}", status="*")
                assert answer.status_int in {404, 405}, (method, url)
    for path in ("%00", "board%0A", "board%0d%0aX:y", "%ff", "%ED%A0%80"):
        sqlite_client.get(f"/api/channels/{path}", status=400)
    assert sqlite_client.everything() == before


# Bodies

def nested(depth):
    return b'{"title": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("body, said", [
    (nested(32), "32 deep"), (b'{"a":' * 100 + b"1" + b"}" * 100, "32 deep"), (b"[{" * 100_000, "32 deep"),
    (b'{"title": "' + b"[" * 40 + b'", "kind": ' + b"[" * 40, "32 deep"),
    (b'{"version": ' + b"9" * 50_000 + b"}", "50000 digits"), (b'{"version": 0.' + b"9" * 50_000 + b"}", "digits"),
    (b'{"version": 1e999}', "too large"), (b'{"version": NaN}', "NaN"), (b'{"version": -Infinity}', "Infinity"),
    (b'{"title": "a", "title": "b"}', "twice"), (b'{"title": "' + b'\\"' * 100_000, "JSON")], ids=lambda value: repr(value)[:24])
def test_a_body_that_is_a_trap_is_refused_in_a_sentence(sqlite_client, body, said):
    create(sqlite_client)
    before = sqlite_client.everything()
    for ask, url in ((sqlite_client.post, "/api/channels"), (sqlite_client.put, "/api/channels/board"),
                     (sqlite_client.post, "/api/topics/metric:x/events")):
        answer = ask(url, body, content_type="application/json", status=400)
        assert said in answer.json["detail"] and len(answer.body) < 500
    assert sqlite_client.everything() == before


def test_brackets_within_a_text_are_no_depth(sqlite_client):
    title = '[{"' * 16 + "\\\\[" * 10
    assert create(sqlite_client, title=title)["title"] == title
    sqlite_client.post("/api/channels", nested(31), content_type="application/json", status=422)
