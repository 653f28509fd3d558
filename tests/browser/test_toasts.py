"""What is told to one user, as a toast on every page that he has open."""
import json
import subprocess

import pytest
from playwright.sync_api import expect

from tests.live.server import command

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>{{ 7 * 7 }}"
WAIT_S = 30.0       # for a command; it takes one second, on a busy machine several
UNSAFE = ["javascript:alert(1)", "java\nscript:alert(1)", " data:text/html,<script>alert(1)</script>", "https://", 7]


@pytest.fixture
def tell(server):
    """tell(text, url=None, level=None): the admin, whom `myapp.auto_login` signs in. It waits for nothing: no toast would."""
    told = []

    def tell(text, **more):
        given = [command("myapp-publish"), server.ini, "user:1", "notice", json.dumps({"text": text, **more})]
        told.append(subprocess.Popen(given, stdin=subprocess.DEVNULL))

    yield tell
    assert [each.wait(WAIT_S) for each in told] == [0] * len(told)


def toast(page, text):
    return page.locator("[data-toasts] > [role]").filter(has_text=text)


def test_a_notice_is_a_toast_once_in_each_tab_whose_text_is_text_and_whose_address_must_be_one_of_a_page(server, visit, tell):
    person = visit(server.url).is_connected()
    account = person.page.context.new_page()
    account.goto(f"{server.url}/account")
    expect(account.locator("html[data-rt-state=sse]")).to_have_count(1)
    expect(account.locator("[data-toasts][data-rt-told-once]")).to_have_attribute("data-rt-topics", "user:1")     # a long pause keeps them
    tell(HOSTILE, url=UNSAFE[0], level="danger")
    for page in person.page, account:
        expect(toast(page, HOSTILE)).to_have_role("alert")
        expect(toast(page, HOSTILE)).to_have_count(1)
        expect(toast(page, HOSTILE).locator("a, img, script")).to_have_count(0)
    tell("Your report is done", url="/account?of=report", level="success")
    for page in person.page, account:
        expect(toast(page, "Your report")).to_have_role("status")
        expect(toast(page, "Your report")).to_have_count(1)
    account.get_by_role("link", name="Your report is done").click()
    account.wait_for_url(f"{server.url}/account?of=report")
    expect(account.locator("html[data-rt-state=sse]")).to_have_count(1)
    expect(toast(account, "")).to_have_count(0)


def test_a_toast_goes_after_a_while_unless_somebody_is_at_it_and_can_be_dismissed_by_the_keyboard(server, visit, tell):
    person = visit(server.url, "/login")
    page = person.page
    page.clock.install()
    page.goto(f"{server.url}/users")
    person.is_connected()
    for text in "one", "two", "three":
        show(page, text)
    page.clock.fast_forward(200)
    expect(toast(page, "three")).to_have_text("three")
    toast(page, "one").hover()
    toast(page, "three").get_by_role("button", name="Dismiss").focus()
    page.clock.fast_forward(9_900)
    page.clock.fast_forward(3_100)
    expect(toast(page, "two")).to_have_count(0)
    expect(toast(page, "one")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(toast(page, "three")).to_have_count(0)
    expect(toast(page, "one").get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(toast(page, "")).to_have_count(0)


def test_no_address_but_of_a_page_is_followed_and_a_flood_leaves_four(server, visit):
    page = visit(server.url).is_connected().page
    for url in UNSAFE:
        show(page, f"told {url}", url)
    for data in {}, {"text": None}, {"text": " "}, {"text": {"toString": 1}}:
        page.evaluate("data => document.body.dispatchEvent(new CustomEvent('user-changed', "
                      "{bubbles: true, detail: {id: 'e-99', type: 'notice', data}}))", data)
    expect(toast(page, "told 7")).to_have_count(1)
    expect(toast(page, "")).to_have_count(4)
    expect(toast(page, "").locator("a")).to_have_count(0)


def show(page, text, url=None):
    """As the live link does it."""
    page.evaluate("([text, url]) => document.body.dispatchEvent(new CustomEvent('user-changed', "
                  "{bubbles: true, detail: {id: `e-${text}`, type: 'notice', data: {text, url}}}))", [text, url])
