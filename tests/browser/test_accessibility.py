"""axe-core on every page: nothing worse than minor, on a light desk and in a dark hand, signed in and out, with whatever can be opened."""
import functools
import re

from playwright.sync_api import expect

import myapp
from tests.functional.applications import end
from tests.functional.test_hostile_endpoints import endpoints, path_of
from tests.live.api import Api
from tests.services import library

DESK, HAND = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LOOKS = ("light", DESK), ("dark", HAND)      # colours are those of the theme, and what is where of the width: no need of each with each
NO_PAGES = re.compile(r"/(api|events|_static|healthz|readyz|metrics)\b")     # what programs ask for
NOWHERE = "/nowhere"
LONGEST = "W" * 100
SIGNED_OUT = "/", "/rows", NOWHERE

FAULTS = """() => axe.run({resultTypes: ["violations"]}).then(({violations}) =>
    violations.filter(({impact}) => ["moderate", "serious", "critical"].includes(impact)).flatMap(({id, nodes}) =>
        nodes.map(({target, failureSummary}) => `${id} at ${target.join(" ")}: ${failureSummary}`)))"""
WIDE = "() => document.documentElement.scrollWidth > innerWidth ? ['the page is wider than the window'] : []"


@functools.cache
def axe():
    return library("axe-core/axe.min.js").read_text()


def faults(page):
    """Return {(theme, width): [fault]} of the page as it stands: what axe-core finds, and whether one has to scroll sideways.

    Those that have none are left out.
    """
    page.evaluate(axe())
    found = {}
    for theme, size in LOOKS:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")     # a colour on its way to another one may have any contrast
        page.set_viewport_size(size)
        found[theme, size["width"]] = page.evaluate(FAULTS) + page.evaluate(WIDE)
    return {how: each for how, each in found.items() if each}


def faults_of(page, url, paths):
    """Return {path: what faults() returns}, of those pages that have faults."""
    found = {}
    for path in paths:
        page.goto(url + path)
        assert page.title().startswith("Not Found") == (path == NOWHERE), f"{path} is not there: make_objects() is to make it"
        is_whole = page.locator("head > *").count()     # else it is what htmx puts into a page that is there already
        found[path] = faults(page) if is_whole else {}
    return {path: each for path, each in found.items() if each}


def paths_of_pages(settings):
    """Return the path of every page that the application has, of those objects that make_objects() makes."""
    app = myapp.main({}, **settings)
    try:
        patterns = {pattern for method, pattern in endpoints(app.registry) if method == "GET" and not NO_PAGES.match(pattern)}
    finally:
        end(app)
    return {path_of(pattern) for pattern in patterns}


def make_objects(api):
    """Make one of everything that has a page, with the id 2; with names as long as they may be, and without a blank."""
    channel = {"name": "planning", "title": f"Private planning of the annual {'W' * 69}", "kind": "discussion", "visibility": "private"}
    for each in channel, {"name": LONGEST[:50].lower()}:
        assert api.ask("POST", "/api/channels", each).status == 201
    panels = [{"kind": "users"}, {"kind": "rows"}, {"kind": "channel", "channel": "general"}, {"kind": "metric", "metric": "load"},
              {"kind": "clock"}, {"kind": "text", "text": "Mind the step"}]
    assert api.ask("POST", "/api/displays", {"slug": "lobby", "name": LONGEST, "panels": panels}).status == 201
    for number, channel in enumerate(["general", LONGEST[:50].lower()]):
        api.create(f"{LONGEST[1:]}{number}")
        assert api.ask("POST", "/api/rows", {"value": 5}).status == 201
        assert api.ask("POST", "/api/updates", {"channel": channel, "title": LONGEST, "text": f"Number {number}"}).status == 201


def test_no_page_has_a_serious_fault(start_server, migrated_sqlite, visit):
    server = start_server(migrated_sqlite)
    make_objects(Api(server.address))
    paths = paths_of_pages({"sqlalchemy.url": migrated_sqlite})
    assert paths >= {"/", "/users", "/users/2/edit", "/rows", "/rows/2/delete", "/login", "/account", "/audit"}
    assert faults_of(visit(server.url, may_fail=True).page, server.url, [*sorted(paths), NOWHERE]) == {}


def test_no_page_has_a_serious_fault_for_those_who_are_not_signed_in(start_server, migrated_sqlite, visit):
    server = start_server(migrated_sqlite, {"myapp.auto_login": "", "myapp.public_read": "true"})
    page = visit(server.url, "/login", may_fail=True).page
    assert faults_of(page, server.url, SIGNED_OUT) == {}
    page.goto(f"{server.url}/login")
    page.get_by_label("E-mail or name").fill("nobody")
    page.get_by_label("Password", exact=True).fill("no password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == {}


def test_what_opens_on_a_page_has_no_serious_fault(server, visit):
    person = visit(server.url, may_fail=True).is_connected()
    page, found = person.page, {}
    person.opens_new()
    found["form"] = faults(page)
    person.fills(name=" ", email="no address", password="short")
    person.presses("Save")
    expect(person.form.locator("[aria-invalid=true]")).to_have_count(3)
    found["what is wrong in it"] = faults(page)
    page.keyboard.press("Escape")
    person.opens_delete("admin")
    found["confirmation"] = faults(page)
    page.keyboard.press("Escape")
    page.locator("[data-menu] > summary").click()
    found["menu of the account"] = faults(page)
    page.get_by_role("button", name="Theme").click()
    found["menu of themes"] = faults(page)
    page.locator("[data-offline], [data-notice]").evaluate_all("(each) => each.forEach((one) => { one.hidden = false; })")
    found["what is said of failures"] = faults(page)
    assert {name: each for name, each in found.items() if each} == {}
