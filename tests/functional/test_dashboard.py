"""The dashboard: what is live now, as far as whoever asks may know it."""
from tests.waiting import wait_until

from .conftest import url_of
from .test_stats import stream

NOWHERE = "redis://127.0.0.1:1/0"       # nobody listens there


def tile(client, mark):
    """The text of the tile that has the figure `mark`, without line breaks."""
    return " ".join(client.get("/").html.find(attrs={mark: True}).parent.text.split())


def test_the_dashboard_counts_the_users_and_names_the_newest(client):
    client.add_user("Ada")
    page = client.get("/")
    assert page.html.find(attrs={"data-user-count": True}).text == "2"
    overview = page.html.find(id="overview")
    assert overview["data-rt-topics"] == overview["data-rt-refetch"] == "users displays broker"
    assert overview["data-rt-cursor"].endswith("-2")
    assert "Ada" in overview.text


def test_the_dashboard_has_the_newest_updates_of_the_channels_that_one_may_read_and_follows_these(client):
    for name, visibility in ("general", "public"), ("board", "private"):
        client.post_json("/api/channels", {"name": name, "visibility": visibility}, status=201)
        client.post_json("/api/updates", {"channel": name, "text": f"Said in {name}"}, status=201)
    member = client.signed_in(client.add_user("Ada")["id"])
    tile = member.get("/").html.find(id="newest-updates")
    assert "Said in general" in tile.text and "board" not in str(tile)
    assert tile["data-rt-refetch"] == "channels updates:general"
    assert "Said in board" in client.get("/").html.find(id="newest-updates").text


def test_the_dashboard_counts_the_displays_that_are_online(client):
    program, admin = client.elsewhere_as({}), client.bearer(1)
    assert tile(client, "data-displays-online") == "Displays online 0 none is set up yet"
    for slug in ("lobby", "hall"):
        program.post_json("/api/displays", {"slug": slug}, headers=admin, status=201)
    program.get(program.post_json("/api/displays/lobby/key", {}, headers=admin).json["path"]).follow()
    assert tile(client, "data-displays-online") == "Displays online 1 of 2"


def test_the_dashboard_tells_the_state_of_the_broker_and_admins_alone_where_it_is(sqlite_client, make_client):
    client = make_client(url_of(sqlite_client), **{"realtime.broker": NOWHERE})
    assert tile(client, "data-broker").startswith("Broker Starting not asked yet")
    with stream(client, "broker"):
        wait_until(lambda: tile(client, "data-broker").startswith("Broker Down since "))
        member = make_client(url_of(client), client.add_user("Ada")["email"])
    assert NOWHERE in tile(client, "data-broker")
    own = member.get("/")
    assert own.html.find(attrs={"data-broker": True}).text == "Starting"    # of the process that answers
    assert "://" not in tile(member, "data-broker") and "/monitor" not in own.text


def test_what_is_transient_reaches_the_pages_of_its_own_process_while_the_broker_is_down(sqlite_client, make_client):
    client = make_client(url_of(sqlite_client), **{"realtime.broker": NOWHERE})
    with stream(client, "metric:load") as listener:
        wait_until(lambda: client.get("/healthz").json["broker"] == "down")
        client.post_json("/api/topics/metric:load/events", {"type": "value", "data": {"value": 5}, "transient": True}, status=202)
        [message] = listener.take(1)
    assert (message.type, message.id) == ("value", None)


def test_the_anonymous_see_public_updates_where_these_are_public_and_nothing_else(sqlite_client, make_client):
    for name, visibility in ("general", "public"), ("board", "private"):
        sqlite_client.post_json("/api/channels", {"name": name, "visibility": visibility}, status=201)
        sqlite_client.post_json("/api/updates", {"channel": name, "text": f"Said in {name}"}, status=201)
    for public_read, is_shown in ("false", False), ("true", True):
        page = make_client(url_of(sqlite_client), None, **{"myapp.public_read": public_read}).get("/", status=200)
        assert page.html.find(id="overview") is None and "Said in board" not in page.text
        assert ("Said in general" in page.text) == is_shown
