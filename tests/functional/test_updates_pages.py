"""The pages of /updates as a browser without JavaScript meets them, and what makes them live."""
import json

import pytest
import sqlalchemy as sa

from .conftest import url_of

BOARD = {"name": "board", "title": "The board", "kind": "discussion"}
NEWS = {"name": "news", "title": "News", "kind": "announcement"}
STAFF = {"name": "staff", "title": "Staff", "kind": "discussion", "visibility": "private"}


@pytest.fixture
def house(sqlite_client):
    """The admin's Client of an application with a discussion, an announcement channel and a private one, whose member he alone is."""
    for channel in (BOARD, NEWS, STAFF):
        sqlite_client.post_json("/api/channels", channel, status=201)
    return sqlite_client


@pytest.fixture
def member(house, as_role):
    """A member's Client of the same application."""
    return as_role(house, "member")


def post(client, text="Hello", channel="board", **fields):
    return client.elsewhere().post_json("/api/updates", {"channel": channel, "text": text, **fields}, status=201).json


def feed(page):
    return page.html.find(id="updates")


def ids(page):
    return [int(row["id"].removeprefix("update-")) for row in feed(page).find_all("article")]


def unread(page):
    """Return {channel: count} as the page shows them."""
    return {link["data-channel"]: link.find(class_="unread").find(attrs={"data-count": True}).text
            for link in page.html.find(id="channels").find_all(attrs={"data-channel": True})
            if not link.find(class_="unread").has_attr("hidden")}


def test_the_feed_of_a_channel_is_newest_first_with_what_makes_it_live_and_that_of_all_has_every_channel(house):
    for channel in ("board", "news", "board"):
        post(house, channel=channel)
    page = house.get("/updates/board")
    assert ids(page) == [3, 1] and "The board" in page.html.h1.text
    [here] = page.html.find(id="channels").find_all(attrs={"aria-current": True})
    assert here["data-channel"] == "board" and page.html.find(id="channels")["hx-get"] == "/channels/beside?shown=board"
    rows = feed(page)
    assert rows["data-rt-topics"] == "updates:board" and rows["data-rt-insert"] == "prepend" and rows["data-rt-cursor"].endswith("-9")
    assert ids(house.get("/updates")) == [3, 2, 1]
    beside = house.get("/updates").html.find(id="channels")
    assert feed(house.get("/updates"))["data-rt-topics"] == "updates:news updates:staff updates:board"     # by their titles
    assert beside["data-rt-topics"].split() == ["updates:news", "updates:staff", "updates:board", "user:1"]
    assert beside["data-rt-refetch"] == "channels"


def test_the_row_of_an_event_is_the_row_of_the_page(house):
    post(house, "One & <two>", title="<b>", level="danger")
    event = house.registry.realtime.log.read_after(0, limit=100)[-2]
    fragment = house.registry.realtime.fragments.html(event)["html"]
    assert "One &amp; &lt;two&gt;" in fragment and "&lt;b&gt;" in fragment and "Urgent" in fragment
    assert fragment in house.get("/updates/board").text


def test_a_text_is_paragraphs_and_of_its_addresses_only_those_that_are_safe_are_links(house):
    post(house, "See https://example.org/?a=1&b=<2>.\nOr (http://[::1]/x\"onclick=alert(1)), javascript:alert(1), data:text/html,x\n\n"
                "<a href=\"javascript:alert(1)\">x</a> <img src=x onerror=alert(1)> vbscript:x ftp://x www.example.org/a'b")
    article = feed(house.get("/updates/board")).article
    first, second = article.find_all("p")
    assert "javascript:alert(1), data:text/html,x" in first.text and "<img src=x onerror=alert(1)>" in second.text
    assert not article.find_all(["img", "script"])
    links = article.find_all("a", rel=True)
    assert links and all(link["href"].startswith(("https://", "http://")) and set(link.attrs) == {"href", "rel"} for link in links)
    assert set(links[0]["rel"]) == {"noopener", "noreferrer", "nofollow"} and links[0]["href"].startswith("https://example.org/?a=1&b=")


def test_a_page_has_thirty_updates_and_leads_to_the_older_ones_where_new_ones_are_held_back(house):
    columns = "channel_id, author, title, text, level, search_key, version, created, changed"
    values = ", ".join(["(1, 'x', '', 'x', 'info', 'x', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"] * 70)
    house.execute(f"INSERT INTO updates ({columns}) VALUES {values}")
    first = house.get("/updates/board")
    second = first.click("Older updates")
    post(house)
    third = second.click("Older updates")
    assert ids(first) + ids(second) + ids(third) == list(range(70, 0, -1))
    assert feed(second)["data-rt-insert"] == "hold" and not third.html.find(rel="next")
    assert (feed(first)["data-rt-most"], feed(first)["data-older"], feed(third)["data-older"]) == ("30", "41", "")
    assert ids(third.click("Newest"))[0] == 71
    house.get("/updates/board?before=x", status=422)


def test_a_search_shows_what_has_the_words_and_says_so_where_nothing_has(house):
    post(house, "Coffee is out")
    post(house, "Tea too")
    form = next(form for form in house.get("/updates/board").forms.values() if form.method.upper() == "GET")
    form["q"] = "COFFEE"
    page = form.submit()
    assert ids(page) == [1] and page.html.find(id="feed-search")["value"] == "COFFEE" and feed(page)["data-rt-insert"] == "hold"
    assert "Nothing found" in house.get("/updates/board?q=beer").text and ids(house.get("/updates/board?q=+")) == [2, 1]


def test_nothing_there_is_said_with_what_to_do(house, as_role):
    empty = house.get("/updates/board").html.find(attrs={"data-rt-empty": "updates"})
    assert "Nothing here yet" in empty.text and "Post the first update" in empty.a.text
    assert as_role(house, "member").get("/updates/news").html.find(attrs={"data-rt-empty": "updates"}).a is None
    post(house)
    assert house.get("/updates/board").html.find(attrs={"data-rt-empty": "updates"}).has_attr("hidden")


@pytest.mark.parametrize("url, reason", [("/updates/board", None), ("/updates/news", "Only editors post here."), ("/updates", None)])
def test_whoever_may_not_post_has_the_reason_in_the_place_of_the_button(member, url, reason):
    page = member.get(url)
    button = page.html.find("a", string="New update")
    said = page.html.find(class_="why-not")
    assert (button is None, said and said.text) == (reason is not None, reason)


def test_the_anonymous_read_what_is_public_where_that_is_open_and_are_told_to_sign_in_to_post(house, make_client):
    post(house)
    post(house, "Wages", "staff")
    page = make_client(url_of(house), None, **{"myapp.public_read": "true"}).get("/updates")
    assert ids(page) == [1] and "Sign in to post." in page.text and "Staff" not in page.text and unread(page) == {}
    make_client(url_of(house), None, **{"myapp.public_read": "true"}).get("/updates/staff", status=401)


# Forms

def test_an_update_is_posted_by_the_form_and_the_browser_goes_to_its_channel(house):
    form = house.get("/updates/board").click("New update").forms[0]
    assert form["channel"].value == "board" and [option[0] for option in form["channel"].options] == ["news", "staff", "board"]
    form["text"] = "Hello\r\n\r\nworld"
    page = form.submit(status=303).follow()
    assert page.request.path == "/updates/board" and [p.text for p in feed(page).find_all("p")] == ["Hello", "world"]


def test_a_refused_form_says_what_is_wrong_and_keeps_what_was_typed(house, member):
    form = house.get("/updates/new").forms[0]
    form["title"], form["text"] = "x" * 101, "Kept <i>"
    page = form.submit(status=422)
    assert page.forms[0]["text"].value == "Kept <i>" and "At most 100" in page.html.find(id="title-error").text
    assert page.html.find(attrs={"autofocus": True})["name"] == "title"
    fields = {"channel": "news", "text": "Kept", "csrf_token": member.token()}
    refused = member.post("/updates/new", fields, status=403)
    assert "may not post" in refused.html.find(class_="alert-warning").text and refused.forms[0]["text"].value == "Kept"


def test_deleting_asks_first_and_whoever_may_not_is_told_so_at_once(house, member):
    post(house, "Mine", title="<b>Title")
    assert "Only its author" in member.get("/updates/1/delete", status=403).text
    page = house.get("/updates/1/delete")
    assert "<b>Title" in page.html.find("main").text
    assert ids(page.forms[0].submit(status=303).follow()) == []


def test_editors_are_shown_the_button_to_delete_at_every_update(house, member, as_role):
    classes = {role: as_role(house, role).get("/updates/board").html.find(class_="feed")["class"] for role in ("admin", "editor")}
    assert all("may-delete-updates" in each for each in classes.values())
    assert "may-delete-updates" not in member.get("/updates/board").html.find(class_="feed")["class"]


# Reading

def test_what_is_unread_is_counted_by_channel_until_the_button_says_that_it_is_read(house, member):
    post(house)
    post(house, channel="news")
    post(house, channel="news")
    assert unread(member.get("/updates")) == {"board": "1", "news": "2"} and unread(house.get("/updates")) == {}
    form = next(form for form in member.get("/updates/news").forms.values() if form.action == "/updates/news/read")
    page = form.submit(status=303).follow()
    assert page.request.path == "/updates/news" and unread(page) == {"board": "1"}
    form = next(form for form in member.get("/updates").forms.values() if form.action == "/updates/read")
    assert unread(form.submit().follow()) == {}


def test_reading_is_told_to_the_readers_other_pages_and_writes_no_event(house, member):
    post(house)
    before, sent = house.events(), []
    member.registry.realtime.broker.publish = sent.extend
    for _ in range(2):      # the second tells nothing new
        member.post("/updates/board/read", {"update_id": "1", "csrf_token": member.token()}, headers={"HX-Request": "true"}, status=204)
    [event] = sent
    assert (event.topic, event.type, event.seq) == ("user:2", "channels_read", None)
    data = json.loads(event.data)
    assert data["channels"] == {"board": {"unread": 0, "mark": 1, "last": 1}} and data["cursor"].endswith(f"-{len(before)}")
    assert house.events() == before


def test_all_may_be_marked_as_read_however_many_channels_there_are(house, member):
    rest = "'x', 'discussion', 'public', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00'"
    values = ", ".join(f"('{'x' * 45}{number}', {rest})" for number in range(1300))
    house.execute(f"INSERT INTO channels (name, title, kind, visibility, version, created, changed) VALUES {values}")
    post(house)
    last = f"{'x' * 45}1299"
    post(house, channel=last)
    assert unread(member.get(f"/updates/{last}"))[last] == "1"      # beside the two hundred that are listed
    form = next(form for form in member.get("/updates").forms.values() if form.action == "/updates/read")
    assert unread(form.submit().follow()) == {}


def test_a_page_takes_as_many_statements_however_many_channels_and_updates_there_are(house):
    statements = []
    sa.event.listen(house.registry["dbsession_factory"].kw["bind"], "before_cursor_execute", lambda *given: statements.append(given[2]))

    def count(url):
        statements.clear()
        house.get(url)
        return len(statements)
    few = count("/updates"), count("/updates/board"), count("/channels")
    for number in range(4):
        post(house, channel="staff")
        house.elsewhere().post_json("/api/channels", {**STAFF, "name": f"more-{number}"})
    assert (count("/updates"), count("/updates/board"), count("/channels")) == few
    assert max(few) <= 8, few


def test_no_more_than_thirty_channels_are_followed_and_the_one_that_is_shown_always(house):
    for number in range(30):
        house.post_json("/api/channels", {"name": f"a{number}"})
    topics = house.get("/updates/board").html.find(id="channels")["data-rt-topics"].split()
    assert len(topics) == 32
    assert house.get("/channels/beside?shown=board").html.find(attrs={"aria-current": True})["data-channel"] == "board"
    assert "updates:board" in topics and "updates:staff" not in topics
