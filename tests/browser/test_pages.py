"""Every page in a browser: no error in the console, nothing that the CSP forbids, names that are text, and life without JavaScript."""
import secrets

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)' autofocus onfocus='alert(1)",
    "</td></tr></tbody></table><h1>out</h1>",
    "<template><tr id=user-1></tr></template>",
    "{{ 7 * 7 }}{% raw %}${7*7}#{7*7}",
    "javascript:alert(1)//<a href='javascript:alert(1)'>x</a>",
    "&lt;b&gt;bold&lt;/b&gt; &amp;amp; <b>bold</b>",
    "<div hx-get=/users/new hx-trigger=load>x</div>",
    "<!-- --><style>*{display:none}</style>]]>",
]


@pytest.fixture
def api(server):
    return Api(server.address)


@pytest.mark.parametrize("path", ["/", "/users", "/users/new", "/users/1/edit", "/users/1/delete"])
def test_a_page_opens_without_an_error_and_with_all_of_its_parts(server, visit, path):
    page = visit(server.url, path).page
    expect(page.locator("html.has-js")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state()


def test_a_page_that_is_not_there_says_so_and_leads_back(server, visit):
    person = visit(server.url, "/nowhere", may_fail=True)
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Not Found")
    person.page.get_by_role("link", name="Go to the dashboard").click()
    person.is_connected()


def test_hostile_names_are_text_in_live_rows_in_the_page_and_in_forms(server, api, visit):
    person = visit(server.url).is_connected()
    created = {name: api.create(name) for name in HOSTILE}
    assert_text(person)
    person.page.reload()
    person.is_connected()
    assert_text(person)
    for name in HOSTILE:
        person.opens_edit(name)
        expect(person.form.get_by_label("Name")).to_have_value(name)
        person.page.keyboard.press("Escape")
        expect(person.form).to_be_hidden()
    for name in HOSTILE[:4]:
        person.opens_delete(name)
        expect(person.form.locator("strong")).to_have_text(name)
        person.presses("Delete")
        expect(person.row(name)).to_have_count(0)
    for name in HOSTILE[4:]:
        api.delete(created[name])


def assert_text(person):
    for name in HOSTILE:
        expect(person.row(name)).to_have_count(1)
    assert person.names()[:len(HOSTILE)] == HOSTILE[::-1]
    foreign = "#main :is(script, img, svg, style, template, b, h1 ~ h1, a[href^=javascript], [onfocus], [onmouseover], [hx-trigger=load])"
    assert person.page.locator(foreign).count() == 0


def test_hostile_names_are_text_on_the_dashboard(server, api, visit):
    person = visit(server.url, "/").is_connected()
    created = [api.create(name) for name in HOSTILE[:5]]
    for name in HOSTILE[:5]:
        expect(person.page.locator("#overview").get_by_text(name, exact=True)).to_have_count(2)
    assert person.page.locator("#overview :is(script, img, svg, [onfocus])").count() == 0
    for user in created:
        api.delete(user)


def test_without_javascript_users_are_created_changed_and_deleted_through_plain_pages(server, visit):
    person = visit(server.url, java_script_enabled=False, may_fail=True)
    page, name = person.page, f"Plain {secrets.token_hex(4)}"

    page.get_by_role("link", name="New user").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill("no address")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write an address such as name@example.org.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value(name)
    page.get_by_label("E-mail").fill(f"{secrets.token_hex(4)}@example.org")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"{server.url}/users")
    expect(person.row(name)).to_have_count(1)

    person.row(name).get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill(f"{name} II")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"{server.url}/users")
    expect(person.row(f"{name} II")).to_have_count(1)

    person.row(f"{name} II").get_by_role("link", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete user")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url(f"{server.url}/users")
    expect(person.row(f"{name} II")).to_have_count(0)


def test_without_javascript_nothing_is_shown_that_needs_it(server, visit):
    page = visit(server.url, java_script_enabled=False).page
    expect(page.locator("[data-rt-status]")).to_be_hidden()
    expect(page.get_by_role("button", name="Refresh")).to_be_hidden()
    expect(page.locator("dialog")).to_be_hidden()


def test_the_refresh_button_reads_the_list_anew(server, visit):
    person = visit(server.url).is_connected()
    person.page.locator("#users > tr").first.evaluate("row => { row.querySelector('bdi').textContent = 'No longer true'; }")
    person.page.get_by_role("button", name="Refresh").click()
    expect(person.page.get_by_text("No longer true")).to_have_count(0)


def test_the_theme_that_was_chosen_is_there_again_after_a_reload(server, visit):
    page = visit(server.url).page
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html[data-bs-theme=dark]")).to_have_count(1)
    page.reload()
    expect(page.locator("html[data-bs-theme=dark]")).to_have_count(1)
