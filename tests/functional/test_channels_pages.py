"""The pages of /channels, without JavaScript: making, renaming and opening channels, and saying who is a member."""
import pytest

from .conftest import url_of


def new_channel(client, **fields):
    form = client.get("/channels/new").forms[0]
    for field, value in fields.items():
        form[field] = value
    return form.submit(status="*")


@pytest.fixture
def staff(sqlite_client):
    """The admin's Client of an application with the private channel staff."""
    assert new_channel(sqlite_client, name="staff", title="Staff", visibility="private").status_int == 303
    return sqlite_client


def members(client):
    return [line.bdi.text for line in client.get("/channels/staff/members").html.find(class_="credentials").find_all("li")]


def test_a_channel_is_made_renamed_opened_and_deleted_by_forms(sqlite_client):
    page = new_channel(sqlite_client, name="board").follow()
    assert page.request.path == "/updates/board" and page.html.h1.text.strip() == "board"
    form = page.click("Edit channel").forms[0]
    form["title"], form["kind"] = "The <b> board", "announcement"
    page = form.submit(status=303).follow()
    assert page.html.h1.text.strip() == "The <b> board" and "Editors post here, everybody reads." in page.text
    row = sqlite_client.get("/channels").html.find(id="channel-1")
    assert "The <b> board" in row.th.text and [cell.text for cell in row.find_all("td")[:2]] == ["Editors", "Everybody"]
    page = sqlite_client.get("/channels/board/delete")
    assert "The <b> board" in page.text.replace("&lt;", "<").replace("&gt;", ">")
    assert "No channels yet" in page.forms[0].submit(status=303).follow().text


def test_a_refused_form_says_what_is_wrong_and_keeps_what_was_typed(sqlite_client):
    new_channel(sqlite_client, name="board")
    for name, status, said in (
            ("Board", 422, "a to z"), ("new", 422, "Choose another"), ("board", 409, "has this name"), ("", 422, "a to z")):
        page = new_channel(sqlite_client, name=name, title="Kept")
        assert page.status_int == status and said in page.html.find(id="name-error").text and page.forms[0]["title"].value == "Kept"


def test_a_form_that_was_overtaken_shows_both_values(sqlite_client):
    new_channel(sqlite_client, name="board", title="Mine")
    form = sqlite_client.get("/channels/board/edit").forms[0]
    sqlite_client.elsewhere().put_json("/api/channels/board", {"title": "Theirs"})
    form["title"] = "Later"
    page = form.submit(status=409)
    assert "Theirs" in page.html.find(id="title-hint").text and page.forms[0]["title"].value == "Later"
    assert page.forms[0].submit(status=303).follow().html.h1.text.strip() == "Later"


def test_whoever_makes_a_channel_private_goes_on_to_its_members_and_adds_them_by_name_or_address(staff):
    staff.add_user("Ada")
    staff.add_user("Bob")
    staff.add_user("Bob", email="bob2@example.org")
    assert members(staff) == ["admin"]
    for typed, status in (("Ada", 303), ("BOB@example.org", 303), ("Bob", 422), ("nobody", 422), ("", 422), ("a\u2028b", 422)):
        form = staff.get("/channels/staff/members").forms[0]
        form["user"] = typed
        page = form.submit(status=status)
        assert status == 303 or (page.html.find(id="user-error").text and page.forms[0]["user"].value == typed)
    assert members(staff) == ["Ada", "Bob", "admin"]
    staff.get("/channels/staff/members").forms[1].submit(status=303)
    assert members(staff) == ["Bob", "admin"]


def test_a_member_sees_who_the_others_are_and_may_leave_and_no_more(staff, make_client):
    ada = staff.add_user("Ada")
    staff.elsewhere().put(f"/api/channels/staff/members/{ada['id']}")
    client = make_client(url_of(staff), "ada@example.org")
    page = client.get("/channels/staff/members")
    assert "admin" in page.text and [form.action for form in page.forms.values() if "/members" in form.action] == [
        f"/channels/staff/members/{ada['id']}/remove"]
    token = {"csrf_token": client.token()}
    client.post("/channels/staff/members", {"user": "admin", **token}, status=403)
    client.post("/channels/staff/members/1/remove", token, status=403)
    client.post(f"/channels/staff/members/{ada['id']}/remove", token, status=303).follow(status=200)
    for url in ("/updates/staff", "/channels/staff/members", "/channels/staff/edit", "/channels/staff/delete"):
        client.get(url, status=403)
    assert "Staff" not in client.get("/channels").text and "Staff" not in client.get("/updates").text


def test_a_public_channel_says_that_it_has_no_members(sqlite_client):
    new_channel(sqlite_client, name="board")
    page = sqlite_client.get("/channels/board/members")
    assert "Everybody reads this channel" in page.text
    sqlite_client.post("/channels/board/members", {"user": "admin", "csrf_token": sqlite_client.token()}, status=409)
