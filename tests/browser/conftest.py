"""Fixtures of the browser level: one headless Chromium for each worker, a context for each person, and real web processes."""
import pytest
from playwright.sync_api import expect, sync_playwright

from tests import services
from tests.live.conftest import migrated_sqlite, server, sqlite_template, start_server

from .person import Person

__all__ = ["migrated_sqlite", "server", "sqlite_template", "start_server"]     # fixtures are found by their names here

PATIENCE_MS = 30_000    # for what must come; it mostly comes within a tenth of a second

# What the browser and htmx say in the console of an answer 4xx or 5xx, or of none: what the tests that expect one leave out.
NETWORK_ERRORS = "Failed to load resource", "htmx: htmx:error: Failed to fetch"

TELL_OF_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
    console.error(`CSP: ${event.violatedDirective} by ${event.blockedURI} ${event.sample}`));
"""


@pytest.fixture(scope="session")
def browser():
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=services.chromium(), args=list(services.CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """visit(url, path="/users", may_fail=False, shares=True, **options of the context): a Person who has opened that page, in a browser
    of his own.

    With the test ends what he saw: in no tab did anything go wrong in the console, no dialog of the browser's own came up, and the CSP
    held.
    may_fail: answers 4xx, 5xx and none at all are expected. shares: else the browser has no shared workers, and each page its own
    connection, which Playwright sees.
    """
    contexts, problems = [], []

    def visit(url, path="/users", *, may_fail=False, shares=True, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(TELL_OF_VIOLATIONS)
        if not shares:
            context.add_init_script("delete window.SharedWorker")
        context.on("console", lambda message: note(message.type, message.text, may_fail))
        context.on("weberror", lambda error: problems.append(f"uncaught: {error.error}"))
        context.on("dialog", lambda dialog: (problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page = context.new_page()
        page.goto(url + path)
        return Person(page)

    def note(type, text, may_fail):
        if type in {"error", "warning"} and not (may_fail and text.startswith(NETWORK_ERRORS)):
            problems.append(f"{type}: {text}")

    yield visit
    for context in contexts:
        context.close()
    assert problems == []
