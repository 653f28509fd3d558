"""The feed of updates in real browsers: posted in one, there in the other; what is held back, what is unread, what is taken away."""
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

from .person import Person

PASSWORD = "correct horse"
HOSTILE = "<img src=x onerror=alert(1)> javascript:alert(1) </p></article><h1>out</h1> https://example.org/\"onmouseover=alert(1)"


class Reader:
    """Somebody at the feed, as a person uses it."""

    def __init__(self, person):
        self.person, self.page = person, person.page

    def update(self, text):
        return self.page.locator("#updates > .update:not(.rt-leave)").filter(has_text=text)

    def unread(self, channel):
        """The number beside the name of a channel."""
        return self.page.locator(f"[data-channel={channel}] .unread")

    @property
    def pill(self):
        return self.page.locator("[data-rt-held]")

    def posts(self, text, **fields):
        self.page.get_by_role("link", name="New update").click()
        for name, value in {"text": text, **fields}.items():
            self.person.form.locator(f"[name={name}]").fill(value)
        self.person.presses("Post")
        expect(self.person.form).to_be_hidden()


@pytest.fixture
def api(server):
    return Api(server.address)


@pytest.fixture
def make_channel(api):
    """make_channel(**fields): the name of a new channel, a public discussion unless told."""
    def make(**fields):
        name = f"c-{secrets.token_hex(4)}"
        assert api.ask("POST", "/api/channels", {"name": name, **fields}).status == 201
        return name
    return make


@pytest.fixture
def read(server, visit):
    """read(channel="", user=None): a Reader of that channel, or of all, connected; the admin, or a user who signs in."""
    def read(channel="", user=None):
        path = f"/updates/{channel}".removesuffix("/")
        person = visit(server.url, f"/login?next={path}" if user else path, may_fail=True)
        if user:
            person.page.get_by_label("E-mail or name").fill(user["email"])
            person.page.get_by_label("Password", exact=True).fill(PASSWORD)
            person.page.get_by_role("button", name="Sign in").click()
            person.page.wait_for_url(server.url + path)
        return Reader(person.is_connected())
    return read


@pytest.fixture
def ada(api):
    return api.create("Ada", password=PASSWORD)


def post(api, channel, *texts):
    for text in texts:
        assert api.ask("POST", "/api/updates", {"channel": channel, "text": text}).status == 201


def test_what_one_posts_is_with_the_others_at_once_and_once_and_only_he_is_offered_to_delete_it(read, api, make_channel, ada):
    channel = make_channel()
    admin, reader = read(channel), read(channel, ada)
    expect(reader.page.get_by_text("Nothing here yet")).to_be_visible()
    admin.posts(HOSTILE, title="<b>bold</b>")
    expect(reader.update("<b>bold</b>")).to_contain_text(HOSTILE.partition(" https")[0])
    expect(reader.page.get_by_text("Nothing here yet")).to_be_hidden()
    assert reader.page.locator("#updates :is(img, h1, b, script, [onmouseover])").count() == 0
    reader.posts("Mine")
    for each in (admin, reader):
        expect(each.update("Mine")).to_have_count(1)
    live = reader.page.locator("#updates > .update").evaluate_all("rows => rows.map(row => row.innerText)")
    reader.page.reload()
    reader.person.is_connected()
    assert reader.page.locator("#updates > .update").evaluate_all("rows => rows.map(row => row.innerText)") == live

    expect(reader.update("<b>bold</b>").get_by_role("link", name="Delete")).to_be_hidden()
    reader.update("Mine").get_by_role("link", name="Delete").click()
    reader.person.presses("Delete")
    expect(admin.update("Mine")).to_have_count(0)

    admin.page.locator("#updates").evaluate("list => { list.dataset.rtMost = 2; }")
    texts = ["Then this", "Then that", "Then the other"]
    post(api, channel, *texts)
    expect(admin.page.locator("#updates .update-text")).to_have_text(texts[:0:-1])      # as many as a page of it has
    admin.page.get_by_role("link", name="Older updates").click()
    assert admin.page.locator("#updates .update-text").first.inner_text() == texts[0]


def test_further_down_nothing_moves_and_a_button_says_how_much_is_new_and_brings_it(read, api, make_channel):
    channel = make_channel()
    post(api, channel, *(f"Old {number} {'and long ' * 20}" for number in range(12)))
    reader = read(channel)
    row = reader.update("Old 3 ")
    row.scroll_into_view_if_needed()
    expect(reader.page.locator("#updates")).to_have_attribute("data-rt-insert", "hold")
    before = row.bounding_box()
    post(api, channel, "New 1", "New 2", "New 3")
    expect(reader.pill).to_have_text("3 new updates")
    assert row.bounding_box() == before and reader.update("New 1").count() == 0
    reader.pill.click()
    expect(reader.update("New 3")).to_be_in_viewport()
    expect(reader.pill).to_be_hidden()
    assert [text[:5] for text in reader.page.locator("#updates .update-text").all_inner_texts()[:4]] == ["New 3", "New 2", "New 1", "Old 1"]


def test_what_is_unread_is_counted_live_and_read_in_one_tab_it_is_so_in_the_other(read, api, make_channel, ada, server):
    channel, other = make_channel(), make_channel()
    reader = read(other, ada)
    expect(reader.unread(channel)).to_be_hidden()
    post(api, channel, "One", "Two")
    expect(reader.unread(channel)).to_have_text("2 unread")
    latest = api.ask("GET", f"/api/updates?channel={channel}&limit=1").json["items"][0]["id"]
    assert api.ask("DELETE", f"/api/updates/{latest}").status == 204
    expect(reader.unread(channel)).to_have_text("1 unread")
    tab = reader.page.context.new_page()
    tab.goto(f"{server.url}/updates/{channel}")
    expect(tab.get_by_text("One", exact=True)).to_be_visible()
    expect(reader.unread(channel)).to_be_hidden()

    # Out of touch, as a page that the browser keeps for the Back button.
    reader.page.evaluate("() => { Math.random = () => 0; dispatchEvent(new Event('pagehide')); }")
    with tab.expect_response("**/read"):
        post(api, channel, "Three")
    with reader.page.expect_response("**/channels/beside?*"):
        reader.page.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(reader.page.locator("#channels [data-as-of]")).to_have_count(0)
    expect(reader.unread(channel)).to_be_hidden()
    reader.page.reload()
    expect(reader.unread(channel)).to_be_hidden()


def test_a_channel_that_somebody_makes_is_in_the_list_of_others_until_it_is_deleted_and_in_their_feed(api, server, visit):
    maker, watcher = (visit(server.url, "/channels").is_connected() for _ in range(2))
    feed = Reader(Person(watcher.page.context.new_page()))
    feed.page.goto(f"{server.url}/updates")
    feed.person.is_connected()
    name = f"c-{secrets.token_hex(4)}"
    title, in_list = f"Place {name}", watcher.page.get_by_role("link", name=f"Place {name}", exact=True)
    maker.page.get_by_role("link", name="New channel").click()
    maker.fills(name=name, title=title)
    maker.presses("Save")
    expect(in_list).to_be_visible()
    post(api, name, "In a new place")
    expect(feed.update("In a new place")).to_have_count(1)
    maker.page.get_by_role("link", name=f"Delete {title}").click()
    maker.presses("Delete")
    expect(in_list).to_be_hidden()


def test_a_member_who_is_taken_off_is_told_so_beside_the_feed_and_the_rest_goes_on(read, api, make_channel, ada):
    channel, public = make_channel(title="Staff", visibility="private"), make_channel()
    member = f"/api/channels/{channel}/members/{ada['id']}"
    assert api.ask("PUT", member).status == 204
    reader = read(channel, ada)
    post(api, channel, "Wages")
    expect(reader.update("Wages")).to_have_count(1)
    assert api.ask("DELETE", member).status == 204
    expect(reader.page.get_by_text("You no longer have access to this channel.")).to_be_visible()
    expect(reader.page.locator(f"[data-channel={channel}]")).to_have_count(0)
    post(api, public, "For all")
    expect(reader.unread(public)).to_have_text("1 unread")
    reader.person.is_connected()
