"""The main job: a change made in one browser shows in every other, and pages that were away miss nothing."""
import re
import secrets
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.live.api import Api
from tests.live.proxy import Proxy
from tests.live.server import run

WITHIN_S = 1.0      # of the answer to the form
AWAY_S = 5.0        # how long the connection is cut

# Keeps, in the page, when the rows of a name were first as wanted: the time that a test takes to look must not count.
WATCH = """([name, count]) => {
    const isThere = () => [...document.querySelectorAll("#users > tr:not(.rt-leave) > th > bdi")]
        .filter((each) => each.textContent === name).length === count;
    window.seen = new Promise((resolve) => {
        const observer = new MutationObserver(() => {
            if (!isThere()) return;
            observer.disconnect();
            resolve(Date.now() / 1000);
        });
        observer.observe(document.getElementById("users"), {subtree: true, childList: true, attributes: true, characterData: true});
    });
}"""


@pytest.fixture
def name():
    """A name that nobody has yet."""
    return f"Ada {secrets.token_hex(4)}"


def watch(person, name, count=1):
    person.page.evaluate(WATCH, [name, count])


def seen(person):
    """Wait until what was watched for is there; returns when it was, in seconds since 1970."""
    return person.page.evaluate("() => window.seen")


def address(name):
    return f"{name.replace(' ', '.').lower()}@example.org"


def test_a_user_created_changed_and_deleted_in_one_browser_is_so_in_the_other_within_a_second(server, visit, name):
    one, other = visit(server.url).is_connected(), visit(server.url).is_connected()

    watch(other, name)
    answered = one.creates(name, address(name))
    assert seen(other) - answered < WITHIN_S
    expect(other.row(name)).to_contain_text(address(name))
    expect(one.row(name)).to_have_count(1)

    watch(other, f"{name} Byron")
    one.opens_edit(name)
    one.fills(name=f"{name} Byron")
    answered = one.presses("Save")
    assert seen(other) - answered < WITHIN_S
    expect(other.row(name)).to_have_count(0)

    watch(other, f"{name} Byron", count=0)
    one.opens_delete(f"{name} Byron")
    expect(one.form).to_contain_text(f"{name} Byron")
    answered = one.presses("Delete")
    assert seen(other) - answered < WITHIN_S
    expect(one.row(f"{name} Byron")).to_have_count(0)


def test_a_live_row_looks_like_a_reloaded_one_and_stands_where_it_does(server, visit, name):
    person = visit(server.url).is_connected()
    Api(server.address).create(name)
    expect(person.row(name)).to_have_count(1)
    look = "rows => rows.map(row => row.innerText)"
    live = person.page.locator("#users > tr").evaluate_all(look)
    person.page.reload()
    person.is_connected()
    assert person.page.locator("#users > tr").evaluate_all(look) == live


def test_typed_text_survives_while_other_rows_and_the_edited_one_change(server, visit, name):
    api = Api(server.address)
    mine, others = api.create(name), api.create(f"{name} II")
    person = visit(server.url).is_connected()
    person.opens_edit(name)
    person.fills(name="Half a na")
    api.change(mine, role="editor")
    api.change(others, name=f"{name} III")
    api.delete(others)
    last = api.create(f"{name} IV")
    expect(person.row(last["name"])).to_have_count(1)
    expect(person.row(name)).to_contain_text("editor")
    expect(person.form.get_by_label("Name")).to_have_value("Half a na")
    expect(person.form.get_by_label("Name")).to_be_focused()


def test_a_page_cut_off_for_5_s_shows_the_three_users_created_meanwhile_once_and_keeps_what_is_typed(server, visit, name):
    api = Api(server.address)
    with Proxy(server.address) as proxy:
        person = visit(proxy.url, may_fail=True).is_connected()
        mark_page(person)
        person.opens_new()
        person.fills(name="Typed before")
        proxy.cut()
        begun = time.monotonic()
        missed = [api.create(f"{name} {number}")["name"] for number in range(3)]
        person.is_disconnected()
        person.fills(email="typed.while@away")
        threading.Event().wait(max(0, begun + AWAY_S - time.monotonic()))   # no wait for a thing: this long is the thing
        assert not set(person.names()) & set(missed)
        proxy.mend()
        person.is_connected()
        assert_shown_once(person, missed, page_is_the_same=True)
        expect(person.form.get_by_label("Name")).to_have_value("Typed before")
        expect(person.form.get_by_label("E-mail")).to_have_value("typed.while@away")


def test_a_page_heals_itself_when_the_server_was_killed_and_came_back(start_server, migrated_sqlite, visit, name):
    server = start_server(migrated_sqlite)
    api = Api(server.address)
    person = visit(server.url, may_fail=True).is_connected()
    mark_page(person)
    before = [api.create(f"{name} before {number}")["name"] for number in range(2)]
    person.opens_new()
    person.fills(name="Typed before")
    server.kill()
    person.is_disconnected()
    server.start()
    after = [api.create(f"{name} after {number}")["name"] for number in range(3)]
    person.is_connected()
    after.append(api.create(f"{name} live again")["name"])
    assert_shown_once(person, [*before, *after], page_is_the_same=True)
    expect(person.form.get_by_label("Name")).to_have_value("Typed before")


def test_a_page_heals_itself_when_the_server_was_told_to_stop_and_came_back(start_server, migrated_sqlite, visit, name):
    server = start_server(migrated_sqlite)
    person = visit(server.url, may_fail=True).is_connected()
    mark_page(person)
    server.tell_to_stop()
    assert server.wait() == 0
    person.is_disconnected()
    server.start()
    created = Api(server.address).create(name)
    person.is_connected()
    assert_shown_once(person, [created["name"]], page_is_the_same=True)


def test_an_event_between_rendering_and_connecting_is_shown_once(server, visit, name):
    api = Api(server.address)
    person = visit(server.url, shares=False).is_connected()

    def hold(route):    # the page is rendered, and its stream not yet asked for
        api.create(name)
        route.continue_()

    person.page.route("**/events?*", hold, times=1)
    person.page.reload()
    assert_shown_once(person.is_connected(), [name])
    expect(person.row(name)).to_have_attribute("data-rt-rev", re.compile("-"))      # it came with the stream, not with the page


def test_a_page_that_one_goes_back_to_has_what_came_meanwhile_and_is_live(server, visit, name):
    person = visit(server.url).is_connected()
    person.page.get_by_role("link", name="Dashboard").click()
    person.page.wait_for_url(f"{server.url}/")
    Api(server.address).create(name)
    person.page.go_back()
    person.is_connected()
    live = Api(server.address).create(f"{name} II")["name"]
    assert_shown_once(person, [name, live])


def test_a_page_that_must_start_over_reads_its_list_anew_and_keeps_what_is_typed(start_server, migrated_sqlite, visit, name):
    server = start_server(migrated_sqlite)
    user = Api(server.address).create("Before the backup")
    person = visit(server.url).is_connected()
    mark_page(person)
    person.opens_new()
    person.fills(name="Typed before")
    # As a restored backup does it: without an event.
    with closing(sqlite3.connect(migrated_sqlite.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE users SET name = ? WHERE id = ?", (name, user["id"]))
        connection.commit()
    done = run("myapp-init-db", server.ini, "--new-epoch")
    assert done.returncode == 0, done.stderr
    assert_shown_once(person, [name], page_is_the_same=True)
    expect(person.row("Before the backup")).to_have_count(0)
    expect(person.form.get_by_label("Name")).to_have_value("Typed before")


def test_a_page_that_gets_neither_streams_nor_polls_says_so_and_still_shows_what_it_saves(server, visit, name):
    person = visit(server.url, may_fail=True, shares=False)
    person.page.route(re.compile("/events[?/]"), lambda route: route.fulfill(status=503, body="{}"))
    person.page.reload()
    person.is_disconnected()
    person.creates(name, address(name))
    assert_shown_once(person, [name])


def mark_page(person):
    """Leave a mark that a reload would take away."""
    person.page.evaluate("() => { window.isTheSame = true; }")


def assert_shown_once(person, names, *, page_is_the_same=False):
    for name in names:
        expect(person.row(name)).to_have_count(1)
    assert [each for each in person.names() if each in names] == names[::-1]    # newest first
    assert not page_is_the_same or person.page.evaluate("() => window.isTheSame")
