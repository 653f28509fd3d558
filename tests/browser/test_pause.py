"""A reader can stop what moves by itself, sees how much waits, and misses nothing; and a page that is out of touch says since when."""
import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

STRIP = "Offline since"
AS_OF = re.compile(r"as of [0-9]{1,2}:[0-9]{2}:[0-9]{2}")


@pytest.fixture
def name():
    return f"Ada {secrets.token_hex(4)}"


def test_while_paused_nothing_moves_but_ones_own_and_all_of_it_comes_in_order_afterwards(server, visit, name):
    api, other = Api(server.address), visit(server.url).is_connected()
    gone = api.create(f"{name} gone")
    person = visit(server.url).is_connected()
    button = person.page.get_by_role("button", name=re.compile("^(Pause|Resume)"))
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(person.page.locator("[data-rt-say]")).to_have_text("Paused.")
    renamed = api.change(api.create(name), name=f"{name} II")
    api.delete(gone)
    expect(other.row(renamed["name"])).to_have_count(1)
    expect(other.row(gone["name"])).to_have_count(0)
    expect(button).to_have_text("Resume (3)")
    assert person.row(gone["name"]).count() == 1 and person.row(name).count() + person.row(renamed["name"]).count() == 0
    person.is_connected()
    expect(person.page.locator("[data-rt-age]")).to_have_text(AS_OF)

    button.click()
    expect(button).to_have_text("Pause")
    expect(person.row(renamed["name"])).to_have_count(1)
    expect(person.row(gone["name"])).to_have_count(0)
    expect(person.page.locator("[data-rt-age]")).to_be_hidden()
    button.click()
    person.creates(f"{name} mine", f"{secrets.token_hex(4)}@example.org")
    expect(person.row(f"{name} mine")).to_have_count(1)
    expect(button).to_have_attribute("aria-pressed", "true")


def test_a_panel_that_reads_itself_anew_waits_too_unless_one_presses_refresh(server, visit, name):
    api, other, person = Api(server.address), visit(server.url, "/").is_connected(), visit(server.url, "/").is_connected()
    count = int(person.page.locator("[data-user-count]").inner_text()) + 1
    pause, asked = person.page.get_by_role("button", name=re.compile("^(Pause|Resume)")), []
    person.page.route(server.url + "/", lambda route: asked.append(route))
    with person.page.expect_request(server.url + "/"):
        api.create(f"{name} before")
    pause.click()
    for route in asked:
        route.continue_()
        assert route.request.response().finished() is None      # in the pause
    person.page.unroute(server.url + "/")
    api.create(name)
    expect(other.page.locator("[data-user-count]")).to_have_text(str(count + 1))
    expect(pause).to_have_text("Resume (1)")
    assert person.page.locator("[data-user-count]").inner_text() == str(count - 1)
    person.page.get_by_role("button", name="Refresh").click()
    expect(person.page.locator("[data-user-count]")).to_have_text(str(count + 1))
    api.create(f"{name} II")
    expect(pause).to_have_text("Resume (2)")
    pause.click()
    expect(person.page.locator("[data-user-count]")).to_have_text(str(count + 2))


def test_a_page_out_of_touch_says_since_when_and_how_old_it_is_and_is_live_when_one_tries_again(start_server, migrated_sqlite, visit, name):
    server = start_server(migrated_sqlite)
    person = visit(server.url, "/account", may_fail=True)
    person.page.clock.install()
    person.page.goto(f"{server.url}/users")
    person.is_connected()
    server.kill()
    person.is_disconnected()
    strip, age = person.page.locator("[aria-live=assertive]").filter(has_text=STRIP), person.page.locator("[data-rt-age]")
    expect(age).to_have_text(AS_OF)
    expect(strip).to_be_hidden()
    person.page.clock.fast_forward("00:10")
    person.page.set_viewport_size({"width": 390, "height": 200})
    person.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(strip).to_be_in_viewport()
    expect(strip).to_contain_text(re.compile(rf"{STRIP} [0-9]{{1,2}}:[0-9]{{2}}.*What you see may be old."))
    server.start()
    Api(server.address).create(name)
    strip.get_by_role("button", name="Try again").click()
    person.is_connected()
    expect(person.row(name)).to_have_count(1)
    expect(strip).to_be_hidden()
    expect(age).to_be_hidden()


def test_a_change_has_a_border_and_no_motion_for_whoever_wants_none(server, visit, name):
    for motion, outline, animation in ("reduce", "solid", "none"), ("no-preference", "none", "rt-flash"):
        person = visit(server.url, reduced_motion=motion).is_connected()
        user = Api(server.address).create(f"{name} {motion}")
        flash = person.page.locator(f"#user-{user['id']}.rt-flash")
        expect(flash).to_have_css("outline-style", outline)
        expect(flash).to_have_css("animation-name", animation)
