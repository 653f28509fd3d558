"""The pages of displays: the list, composing by plain forms, the key that is shown once, and the page on the wall."""
import pytest
import sqlalchemy as sa

PANELS = [{"kind": "users"}, {"kind": "channel", "channel": "general"}, {"kind": "rows"}, {"kind": "metric", "metric": "load"},
          {"kind": "clock"}, {"kind": "text", "text": "<b>Mind</b>"}]


@pytest.fixture
def client(sqlite_client):
    client = sqlite_client
    client.elsewhere().post_json("/api/channels", {"name": "general", "title": "General"}, status=201)
    client.elsewhere().post_json("/api/updates", {"channel": "general", "text": "<i>Hello</i>"}, status=201)
    client.elsewhere().post_json("/api/rows", {"value": 4}, status=201)
    for value in (1, 3):
        event = {"type": "value", "data": {"value": value, "unit": "kW"}}
        client.elsewhere().post_json("/api/topics/metric:load/events", event, status=201)
    return client


def create(client, **fields):
    return client.elsewhere().post_json("/api/displays", {"slug": "lobby", "name": "Lobby", **fields}, status=201).json


def press(client, **typed):
    """Press a button of the page that composes; returns the panels that there are then."""
    form = next(form for form in client.get("/displays/lobby/edit").forms.values() if "version" in form.fields)
    client.post("/displays/lobby/edit", {"csrf_token": form["csrf_token"].value, "version": form["version"].value, **typed}, status=303)
    return [panel.get("metric") or panel["kind"] for panel in client.get("/api/displays/lobby").json["panels"]]


def test_a_display_is_made_and_composed_by_plain_forms(client):
    form = client.get("/displays/new").forms[0]
    form["slug"] = "lobby"
    assert form.submit(status=303).headers["Location"].endswith("/displays/lobby/edit")
    assert press(client, act="add", kind="clock") == ["clock"]
    assert press(client, act="add", kind="metric", metric="load") == ["clock", "load"]
    assert press(client, act="add", kind="rows") == ["clock", "load", "rows"]
    assert press(client, act="up", place="2") == ["load", "clock", "rows"]
    assert press(client, act="down", place="2") == ["load", "rows", "clock"]
    assert press(client, act="up", place="1") == press(client, act="down", place="3") == ["load", "rows", "clock"]
    assert press(client, act="remove", place="2") == ["load", "clock"]
    assert press(client, name="Hall") and client.get("/api/displays/lobby").json["name"] == "Hall"
    assert press(client, act="remove", place="77") == press(client, act="nothing", place="") == ["load", "clock"]


def test_a_button_of_an_old_page_changes_nothing_and_says_so(client):
    create(client, panels=[{"kind": "clock"}, {"kind": "rows"}])
    page = client.get("/displays/lobby/edit")
    client.elsewhere().put_json("/api/displays/lobby", {"panels": [{"kind": "rows"}]})
    token = page.forms[0]["csrf_token"].value
    answer = client.post("/displays/lobby/edit", {"csrf_token": token, "version": "1", "act": "remove", "place": "1"}, status=409)
    assert "changed meanwhile" in answer.text
    assert client.get("/api/displays/lobby").json["panels"] == [{"kind": "rows"}]


def test_the_key_is_shown_once_and_opens_the_display_in_a_browser_where_nobody_is_signed_in(client):
    create(client, panels=PANELS)
    page = client.get("/displays/lobby/key").forms[0].submit("act", value="make")
    address = page.html.select_one(".display-address code").text
    assert address not in client.get("/displays/lobby/key").text
    screen = client.elsewhere_as({"REMOTE_ADDR": "192.0.2.1", "HTTP_HOST": "localhost"})
    screen.get("/displays/lobby", status=401)
    opened = screen.get(address, status=303)
    assert opened.headers["Location"] == "http://localhost/displays/lobby" and "HttpOnly" in opened.headers["Set-Cookie"]
    wall = screen.get("/displays/lobby", status=200)
    assert "General" in wall.text and "&lt;i&gt;Hello" in wall.text and "&lt;b&gt;Mind" in wall.text and "<nav" not in wall.text
    assert {each["data-rt-topics"] for each in wall.html.find_all(attrs={"data-rt-topics": True})} == {
        "display:lobby", "users", "updates:general", "rows", "metric:load"}
    viewer = wall.html.body["data-rt-viewer"]
    screen.head(f"/events?topic=users&topic=display:lobby&viewer={viewer}", status=200)
    [(build, seen)] = client.rows("SELECT build, seen FROM displays")
    assert build == wall.html.body["data-rt-build"] and seen is not None
    assert "Online" in client.get("/displays").text


@pytest.mark.parametrize("path", ["/displays/lobby?key=", "/displays/lobby?key=" + "A" * 43, "/displays/nowhere?key=" + "A" * 43,
                                  "/displays/lobby?key=%00", "/displays/lobby?key=' OR 1=1 --"])
def test_a_wrong_key_opens_nothing_and_does_not_tell_whether_there_is_such_a_display(client, path):
    create(client)
    answer = client.get(path, status="*")
    assert answer.status_int in (400, 403) and "Set-Cookie" not in answer.headers


def test_the_key_of_one_display_opens_no_other(client):
    create(client)
    create(client, slug="hall")
    key = client.elsewhere().post_json("/api/displays/lobby/key", {}, status=201).json["key"]
    client.get(f"/displays/hall?key={key}", status=403)
    client.get(f"/displays/lobby?key={key}", status=303)


def test_a_display_that_loads_its_page_while_the_server_cannot_make_it_tries_again_by_itself(client):
    create(client)
    for path, status in (("/displays/lobby", 200), ("/displays/nowhere", 404)):
        assert "Refresh" not in client.get(path, status=status).headers
    client.execute("ALTER TABLE displays RENAME COLUMN name TO nickname")
    assert client.get("/displays/lobby", status=503).headers["Refresh"] == "30"


def test_a_metric_is_drawn_however_far_apart_its_values_lie(client):
    create(client, panels=PANELS)
    for value in (10**308, -10**308, 0):
        event = {"type": "value", "data": {"value": value}}
        client.elsewhere().post_json("/api/topics/metric:load/events", event, status=201)
    points = client.get("/displays/lobby").html.select_one("polyline")["points"].split()
    assert [point.split(",")[1] for point in points] == ["15.0", "15.0", "1.0", "29.0", "15.0"]


def test_a_display_without_panels_says_its_name_and_that_it_waits(client):
    create(client)
    page = client.get("/displays/lobby").text
    assert "Lobby" in page and "Waiting for content" in page


def test_a_panel_is_read_alone_and_a_person_sees_of_a_display_what_he_may_see(client, as_role):
    create(client, panels=PANELS)
    page = client.get("/displays/lobby?panel=4").html
    [panel] = page.select(".wall-panel")
    assert panel["id"] == "panel-4" and panel.find(attrs={"data-value": True}).text == "3" and "0.0,29.0 100.0,1.0" in str(panel)
    client.elsewhere().put_json("/api/channels/general", {"visibility": "private"})
    page = as_role(client, "member").get("/displays/lobby")
    assert "Hello" not in page.text and "is not there, or not for you" in page.text and "updates:general" not in page.text
    client.elsewhere().delete("/api/channels/general", status=204)
    assert "is not there, or not for you" in client.get("/displays/lobby").text


def test_a_list_of_displays_takes_as_many_statements_whatever_it_shows(client):
    create(client)
    engine, statements = client.registry["dbsession_factory"].kw["bind"], []
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    client.get("/displays")
    few = len(statements)
    for number in range(5):
        create(client, slug=f"more-{number}", panels=PANELS)
    statements.clear()
    client.get("/displays")
    assert len(statements) == few


def test_the_buttons_of_the_list_command_and_delete(client):
    create(client)
    page = client.get("/displays")
    assert page.forms[0].submit(status=303).headers["Location"].endswith("/displays")
    client.get("/displays/lobby/delete").forms[0].submit(status=303)
    assert "No displays yet" in client.get("/displays").text
