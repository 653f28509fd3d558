"""/api/displays: what is read, what is written, what is refused, and what each write publishes."""
import pytest

PANELS = [{"kind": "users"}, {"kind": "channel", "channel": "general"}, {"kind": "rows"}, {"kind": "metric", "metric": "hall.kW"},
          {"kind": "clock"}, {"kind": "text", "text": "Mind the step"}]
FIELDS = {"id", "version", "created", "changed", "slug", "name", "panels"}


@pytest.fixture
def client(client):
    """With a public channel and a private one."""
    for name, visibility in (("general", "public"), ("secret", "private")):
        client.post_json("/api/channels", {"name": name, "visibility": visibility}, status=201)
    return client


def create(client, **fields):
    return client.post_json("/api/displays", {"slug": "lobby", **fields}, status=201).json


def told(client):
    return [event for event in client.events() if event[0].startswith("display")]


def test_a_created_display_is_published_as_it_is_answered_and_told_to_the_list_of_all(client):
    answer = client.post_json("/api/displays", {"slug": "lobby", "name": "Lobby", "panels": PANELS}, status=201)
    display = answer.json
    assert set(display) == FIELDS and (display["name"], display["panels"], display["version"]) == ("Lobby", PANELS, 1)
    assert client.get(answer.headers["Location"]).json == display == client.get("/api/displays").json["items"][0]
    key = f"display-{display['id']}"
    assert told(client) == [(topic, "display_changed", key, display) for topic in ("displays", "display:lobby")]


def test_a_change_is_made_to_the_version_that_was_read_and_the_slug_stays(client):
    display = create(client, panels=PANELS)
    changed = client.put_json("/api/displays/lobby", {**display, "panels": PANELS[::-1]}).json
    assert changed == {**display, "panels": PANELS[::-1], "version": 2, "changed": changed["changed"]}
    assert [event[3] for event in told(client)[2:]] == [changed, changed]
    before = client.everything()
    assert client.put_json("/api/displays/lobby", {"version": 1, "name": "x"}, status=409).json["present"] == changed
    assert list(client.put_json("/api/displays/lobby", {"slug": "hall"}, status=422).json["errors"]) == ["slug"]
    assert client.put_json("/api/displays/lobby", {"panels": PANELS[::-1]}).json == changed
    assert client.everything() == before


def test_a_deleted_display_is_gone_and_so_are_its_streams(client):
    display = create(client)
    client.delete("/api/displays/lobby", status=204)
    assert told(client)[2:] == [("displays", "display_changed", f"display-{display['id']}", {"id": display["id"]})]
    assert ("realtime", "revoke", None, {"topic": "display:lobby"}) in client.events()
    for ask in (client.get, client.delete):
        ask("/api/displays/lobby", status=404)
    assert create(client)["id"] > display["id"]


def test_a_taken_slug_is_a_conflict(client):
    create(client)
    before = client.everything()
    assert list(client.post_json("/api/displays", {"slug": "lobby"}, status=409).json["errors"]) == ["slug"]
    assert client.everything() == before


NO_PANELS = [None, {}, "users", [1], [{}], [{"kind": "nothing"}], [{"kind": ["users"]}], [{"kind": "users", "more": 1}],
             [{"kind": "channel"}], [{"kind": "channel", "channel": "nowhere"}], [{"kind": "channel", "channel": "secret"}],
             [{"kind": "channel", "channel": 1}],
             [{"kind": "metric", "metric": "a b"}], [{"kind": "metric", "metric": "{name}/.."}], [{"kind": "text", "text": ""}],
             [{"kind": "text", "text": "x" * 501}], [{"kind": "clock"}] * 13]


def test_each_panel_is_of_a_known_kind_with_what_it_needs_and_no_private_channel_is_shown_on_a_wall(client):
    create(client)
    before = client.everything()
    for panels in NO_PANELS:
        errors = client.put_json("/api/displays/lobby", {"panels": panels}, status=422).json["errors"]
        assert list(errors) == ["panels"] and "; use ." not in errors["panels"], panels
        assert list(client.post_json("/api/displays", {"slug": "x", "panels": panels}, status=422).json["errors"]) == ["panels"], panels
    for slug in ("new", "", "-a", "A", "a/b", "a:b", "x" * 51, 1, None):
        assert list(client.post_json("/api/displays", {"slug": slug}, status=422).json["errors"]) == ["slug"], slug
    assert client.everything() == before


def test_a_command_is_carried_to_those_who_listen_and_not_stored(sqlite_client):
    create(sqlite_client)
    before = sqlite_client.everything()
    for command in ("identify", "reload"):
        assert sqlite_client.post_json("/api/displays/lobby/commands", {"command": command}, status=202).json == {"command": command}
    assert list(sqlite_client.post_json("/api/displays/lobby/commands", {"command": "halt"}, status=422).json["errors"]) == ["command"]
    sqlite_client.post_json("/api/displays/nowhere/commands", {"command": "reload"}, status=404)
    assert sqlite_client.everything() == before


def test_who_does_what_to_displays_and_their_keys_is_written_down(sqlite_client):
    create(sqlite_client)
    sqlite_client.put_json("/api/displays/lobby", {"name": "Hall"})
    key = sqlite_client.post_json("/api/displays/lobby/key", {}, status=201).json["key"]
    sqlite_client.delete("/api/displays/lobby/key", status=204)
    sqlite_client.delete("/api/displays/lobby/key", status=404)
    sqlite_client.delete("/api/displays/lobby", status=204)
    acts = ("created", "changed", "key_created", "key_ended", "deleted")
    assert sqlite_client.audit()[-5:] == [("admin", f"display_{act}", "display 1 (lobby)") for act in acts]
    assert key not in str(sqlite_client.rows("SELECT * FROM audit") + sqlite_client.rows("SELECT * FROM event_log"))


def test_a_list_takes_limit_offset_and_since_in_a_few_statements(sqlite_client):
    displays = [create(sqlite_client, slug=slug) for slug in ("a", "b", "c")]
    answer = sqlite_client.get("/api/displays", {"limit": 1, "offset": 1, "since": displays[1]["changed"]}).json
    assert answer["items"] == [displays[1]] and answer["total"] == 2


@pytest.mark.parametrize("role, statuses", [
    ("editor", (200, 200, 201, 202, 204, 204)), ("member", (200, 403, 403, 403, 403, 403)), ("anonymous", (401, 401, 401, 401, 401, 401))])
def test_editors_make_displays_and_members_see_them(sqlite_client, as_role, role, statuses):
    create(sqlite_client)
    sqlite_client.post_json("/api/displays/lobby/key", {}, status=201)
    client = as_role(sqlite_client, role)
    headers = {"X-CSRF-Token": client.token()}
    read, write, make, command, end, delete = statuses
    client.get("/api/displays", status=read)
    client.head("/events?topic=displays&topic=display:lobby", status=read)
    client.put_json("/api/displays/lobby", {"name": "x"}, headers=headers, status=write)
    client.post_json("/api/displays", {"slug": "new-one"}, headers=headers, status=make)
    client.post_json("/api/displays/lobby/commands", {"command": "reload"}, headers=headers, status=command)
    client.delete("/api/displays/lobby/key", headers=headers, status=end)
    client.delete("/api/displays/lobby", headers=headers, status=delete)
