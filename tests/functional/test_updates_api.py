"""/api/updates: what is read, what is written, what is refused, and what each write publishes."""
import threading

import pytest
import sqlalchemy as sa

from tests.waiting import wait_until

BOARD = {"name": "board", "title": "Board", "kind": "discussion"}
NEWS = {"name": "news", "title": "News", "kind": "announcement"}
STAFF = {"name": "staff", "title": "Staff", "kind": "discussion", "visibility": "private"}
HELLO = {"channel": "board", "text": "Hello"}


def furnished(client):
    for channel in (BOARD, NEWS, STAFF):
        client.post_json("/api/channels", channel, status=201)
    return client


@pytest.fixture
def house(sqlite_client):
    """The admin's Client of an application with a discussion, an announcement channel and a private one, whose member he alone is."""
    return furnished(sqlite_client)


@pytest.fixture
def any_house(client):
    """The same on each kind of database."""
    return furnished(client)


def post(client, **fields):
    return client.post_json("/api/updates", {**HELLO, **fields}, status=201).json


def told(client):
    """The log of the updates' topics."""
    return [event for event in client.events() if event[0].startswith("updates:")]


def texts(client, query=""):
    return [update["text"] for update in client.get(f"/api/updates{query}").json["items"]]


def test_a_posted_update_is_answered_stored_and_published_as_one_object_and_the_signal_follows(any_house):
    answer = any_house.post_json("/api/updates", {**HELLO, "title": "Greetings", "level": "warning"}, status=201)
    update = answer.json
    assert update == {"id": 1, "version": 1, "created": update["created"], "changed": update["created"], "channel": "board",
                      "title": "Greetings", "text": "Hello", "level": "warning", "author": "admin", "author_id": 1}
    assert answer.headers["Location"].endswith("/api/updates/1") and any_house.get("/api/updates/1").json == update
    assert told(any_house) == [("updates:board", "update_created", "update-1", update),
                           ("updates:board", "updates_changed", None, {"update_id": 1})]


def test_a_deleted_update_is_gone_and_only_the_id_is_published_and_the_signal_follows(any_house):
    post(any_house)
    assert any_house.delete("/api/updates/1", status=204).body == b""
    assert told(any_house)[2:] == [("updates:board", "update_deleted", "update-1", {"id": 1}),
                               ("updates:board", "updates_changed", None, {"update_id": 1})]
    for ask in (any_house.get, any_house.delete):
        ask("/api/updates/1", status=404)
    assert post(any_house)["id"] == 2


def test_title_and_level_may_be_left_out_and_what_the_server_sets_is_ignored(house):
    update = post(house, id=77, version=9, author="Eve", author_id=5, created="x", title=" ")
    assert (update["id"], update["title"], update["level"], update["author"]) == (1, "", "info", "admin")
    assert post(house, title=None)["title"] == ""


def test_lines_and_paragraphs_are_kept_and_more_than_that_is_not(house):
    assert post(house, text="  One \r\ntwo\t\n \n\n\n three\r")["text"] == "One\ntwo\n\n three"


@pytest.mark.parametrize("fields, wrong", [
    ({"text": ""}, "text"), ({"text": " \n\t "}, "text"), ({"text": "\u200b\n\u200b"}, "text"), ({"text": "x" * 10_001}, "text"),
    ({"text": "a\0b"}, "text"), ({"text": "\u202etxet"}, "text"), ({"text": ["Hello"]}, "text"), ({"title": "x" * 101}, "title"),
    ({"title": "a\nb"}, "title"), ({"level": "loud"}, "level"), ({"channel": "nothing"}, "channel"), ({"channel": "../x"}, "channel"),
    ({"channel": 1}, "channel"), ({"chanel": "board"}, "chanel")])
def test_a_bad_field_is_named_with_a_sentence_and_nothing_is_stored(sqlite_client, fields, wrong):
    sqlite_client.post_json("/api/channels", BOARD)
    before = sqlite_client.everything()
    answer = sqlite_client.post_json("/api/updates", {**HELLO, **fields}, status=422)
    assert list(answer.json["errors"]) == [wrong]
    assert sqlite_client.everything() == before


def test_the_longest_text_of_the_widest_letters_fits_into_an_event_and_where_it_does_not_that_is_said(house, make_client):
    assert len(post(house, text="🎈" * 10_000)["text"]) == 10_000
    small = make_client(house.registry["dbsession_factory"].kw["bind"].url.render_as_string(hide_password=False),
                        **{"realtime.max_event": "4KiB"})
    before = house.everything()
    assert "shorten" in small.post_json("/api/updates", {**HELLO, "text": "x" * 5000}, status=422).json["errors"]["text"]
    assert house.everything() == before


def test_an_update_outlives_its_authors_account_and_goes_with_its_channel(any_house):
    ada = any_house.add_user("Ada")
    any_house.elsewhere().post_json("/api/updates", HELLO, headers=any_house.bearer(ada["id"]), status=201)
    any_house.delete(f"/api/users/{ada['id']}", status=204)
    update = any_house.get("/api/updates/1").json
    assert (update["author"], update["author_id"]) == ("Ada", None)
    any_house.delete("/api/channels/board", status=204)
    assert any_house.rows("SELECT * FROM updates") == []


# Who may

POSTERS = {     # who -> the statuses of posting in board, news and staff
    "admin": (201, 201, 201), "editor": (201, 201, 403), "member": (201, 403, 403), "anonymous": (401, 401, 401)}


@pytest.mark.parametrize("role", POSTERS)
def test_each_role_posts_where_it_may_and_a_refusal_leaves_nothing(house, as_role, role):
    client = as_role(house, role)
    for channel, status in zip((BOARD, NEWS, STAFF), POSTERS[role], strict=True):
        before = house.everything()
        answer = client.post_json("/api/updates", {**HELLO, "channel": channel["name"]}, status=status)
        assert status == 201 or (house.everything() == before and answer.content_type == "application/problem+json")


def test_whoever_wrote_an_update_deletes_it_and_editors_those_of_others(house):
    ada, bob, eve = (house.add_user(name, role)["id"] for name, role in (("Ada", "member"), ("Bob", "member"), ("Eve", "editor")))
    for deleter, status in ((bob, 403), (ada, 204), (eve, 204), (1, 204)):
        update = house.elsewhere().post_json("/api/updates", HELLO, headers=house.bearer(ada), status=201).json
        before = house.everything()[4]
        house.elsewhere().delete(f"/api/updates/{update['id']}", headers=house.bearer(deleter), status=status)
        assert (house.everything()[4] == before) == (status == 403)
    lines = [line for line in house.audit() if "update" in line[1] or line[1] == "refused"]
    assert lines[:3] == [("Ada", "update_created", "update 1 (board)"), ("Bob", "refused", "DELETE /api/updates/1"),
                         ("Ada", "update_created", "update 2 (board)")]
    assert ("Eve", "update_deleted", "update 3 (board)") in lines


def test_an_update_of_a_private_channel_is_for_its_members_in_lists_too(house):
    post(house, channel="staff", text="Wages")
    post(house)
    ada = house.bearer(house.add_user("Ada")["id"])
    asks = [("GET", "/api/updates/1"), ("DELETE", "/api/updates/1"),
            ("GET", "/api/updates?channel=staff"), ("GET", "/api/updates?channel=none")]

    def statuses():
        return [house.elsewhere().request(url, method=method, headers=ada, status="*").status_int for method, url in asks]
    listed = house.elsewhere().get("/api/updates", headers=ada).json
    assert [update["text"] for update in listed["items"]] == ["Hello"] and listed["total"] == 1
    assert statuses() == [403, 403, 403, 404]
    house.put("/api/channels/staff/members/2", status=204)
    assert statuses() == [200, 403, 200, 404]
    assert house.elsewhere().get("/api/updates", headers=ada).json["total"] == 2


def test_a_token_with_scopes_reads_the_channels_that_it_names_and_writes_nothing(house):
    post(house)
    headers = house.bearer(1, "read:updates:board")
    ask = house.elsewhere()
    assert ask.get("/api/updates?channel=board", headers=headers).json["total"] == 1
    for method, url in (("GET", "/api/updates"), ("GET", "/api/updates?channel=news"), ("DELETE", "/api/updates/1")):
        ask.request(url, method=method, headers=headers, status=403)
    ask.post_json("/api/updates", HELLO, headers=headers, status=403)


def test_the_anonymous_read_public_updates_where_that_is_open(house, make_client):
    post(house)
    post(house, channel="staff")
    url = house.registry["dbsession_factory"].kw["bind"].url.render_as_string(hide_password=False)
    open_house, closed = make_client(url, None, **{"myapp.public_read": "true"}), make_client(url, None)
    assert texts(open_house) == ["Hello"]
    open_house.get("/api/updates?channel=staff", status=401)
    closed.get("/api/updates", status=401)


# Lists

def test_a_list_is_newest_first_of_one_channel_or_of_all_with_limit_offset_and_since(any_house):
    first, _, third = post(any_house, text="One"), post(any_house, text="Two", channel="news"), post(any_house, text="Three")
    assert texts(any_house) == ["Three", "Two", "One"] and texts(any_house, "?channel=board") == ["Three", "One"]
    answer = any_house.get("/api/updates?channel=board&limit=1&offset=1").json
    assert answer["items"] == [first] and answer["total"] == 2 and answer["cursor"].endswith("-9")
    assert any_house.get("/api/updates", {"since": third["created"]}).json["items"] == [third]
    any_house.get("/api/updates?channel=board%00", status=404)


def test_a_search_finds_all_the_words_in_whatever_case_and_takes_no_character_for_more_than_itself(any_house):
    post(any_house, text="Der KAFFEE ist alle", title="Küche")
    post(any_house, text="100% sicher, _wirklich_")
    post(any_house, text="Straße nach Çeşme")
    for words, found in (("kaffee küche", [1]), ("KÜCHE alle", [1]), ("kaffee sicher", []), ("100%", [2]), ("1%", []), ("_w", [2]),
                         ("c_e", []), ("STRASSE", [3]), ("ÇEŞME", [3]), ("%", [2]), ("/", []), ("\\", [])):
        answer = any_house.get("/api/updates", {"q": words, "channel": "board"}).json
        assert [update["id"] for update in answer["items"]] == found and answer["total"] == len(found), words
    any_house.get("/api/updates?q=", status=422)


def test_a_list_takes_as_many_statements_whether_it_is_short_or_long(sqlite_client):
    sqlite_client.post_json("/api/channels", BOARD)
    post(sqlite_client)
    engine, statements = sqlite_client.registry["dbsession_factory"].kw["bind"], []
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    def count(url):
        statements.clear()
        sqlite_client.get(url)
        return len(statements)
    short = count("/api/updates"), count("/api/updates?channel=board")
    for _ in range(5):
        post(sqlite_client)
    assert (count("/api/updates"), count("/api/updates?channel=board")) == short
    assert max(short) <= 6, statements


# At the same time

def test_updates_have_the_order_of_their_events_however_many_post_at_once(any_house):
    def write(number):
        browser = any_house.elsewhere()
        for _ in range(5):
            browser.post_json("/api/updates", {**HELLO, "text": str(number)}, status=201)
    threads = [threading.Thread(target=write, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [data["id"] for _, type, _, data in told(any_house) if type == "update_created"]
    assert ids == sorted(ids) and len(ids) == 15


def test_an_update_that_two_delete_at_once_is_deleted_once(any_house):
    post(any_house)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(any_house.elsewhere().delete("/api/updates/1", status="*").status_int))
               for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204, 404, 404]
    assert [type for _, type, *_ in told(any_house)].count("update_deleted") == 1


def test_whoever_is_no_member_any_more_posts_no_more_though_he_asked_before(any_house):
    """On PostgreSQL the post waits for the one who takes him off; on SQLite all who write queue up before they look."""
    ada = any_house.add_user("Ada")["id"]
    any_house.put(f"/api/channels/staff/members/{ada}", status=204)
    headers, statuses = any_house.bearer(ada), []
    with any_house.registry["dbsession_factory"].begin() as dbsession:
        dbsession.execute(sa.text("UPDATE channels SET title = title WHERE name = 'staff'"))
        thread = threading.Thread(target=lambda: statuses.append(
            any_house.elsewhere().post_json("/api/updates", {**HELLO, "channel": "staff"}, headers=headers, status="*").status_int))
        thread.start()
        if dbsession.get_bind().dialect.name == "postgresql":
            waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            wait_until(lambda: any_house.rows(waiting), timeout_s=30)
        dbsession.execute(sa.text("DELETE FROM channel_members WHERE user_id = :id"), {"id": ada})
    thread.join()
    assert statuses == [403] and told(any_house) == []
