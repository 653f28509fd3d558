"""What somebody types is text wherever a browser meets it; and what a page of another site may do to this one: nothing."""
import http.server
import secrets
import threading
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

NAMES = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)><a xlink:href=javascript:alert(1)>x</a></svg>",
    "\" onmouseover=\"alert(1)\" autofocus onfocus=\"alert(1)", "' onmouseover='alert(1)' x='", "</textarea><script>alert(1)</script>",
    "</script><script>alert(1)</script>", "<a href=\"javascript:alert(1)\">javascript:alert(1)</a>", "{{7*7}}${7*7}{%7*7%}#{7*7}<%=7*7%>",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#x27;&quot;&amp;", "<b hx-get=/users/new hx-trigger=load hx-on:load=alert(1)>x</b>",
    "<p data-rt-topics=users data-rt-refetch=users data-rt-rev=1 id=users data-close>x</p>"]
LINE_SEPARATOR = "a\u2028alert(1)//"

# Everything within a page that markup of theirs would have made.
FOREIGN = "main :is(script, img, svg, style, iframe, textarea, b, p[data-rt-topics], [onmouseover], [onfocus], [onload], [onerror], " \
    "[hx-trigger=load], a[href^=javascript], [autofocus][onfocus])"


def test_names_that_are_markup_are_text_in_the_page_the_live_row_the_forms_and_the_attributes(server, visit):
    """The fixture holds that no dialog came up, nothing ran that the CSP forbids, and the console stayed silent."""
    api, person = Api(server.address), visit(server.url).is_connected()
    requests = []
    person.page.on("request", lambda request: requests.append(request.url))
    users = [api.create(name) for name in NAMES]
    assert_text(person)                                 # as live fragments
    assert requests == []
    person.page.reload()
    person.is_connected()
    assert_text(person)                                 # as they are rendered first
    for user in users:
        person.opens_edit(user["name"])
        expect(person.form.get_by_label("Name")).to_have_value(user["name"])
        assert person.form.locator(FOREIGN.replace("main", "#dialog")).count() == 0
        person.page.keyboard.press("Escape")
        expect(person.form).to_be_hidden()
        person.opens_delete(user["name"])
        expect(person.form.locator("strong")).to_have_text(user["name"])
        person.page.keyboard.press("Escape")
        expect(person.form).to_be_hidden()
    assert not [url for url in requests if not url.startswith(server.url)]
    for user in users:
        api.delete(user)


def assert_text(person):
    for name in NAMES:
        expect(person.row(name)).to_have_count(1)
    assert person.names()[:len(NAMES)] == NAMES[::-1]
    assert person.page.locator(FOREIGN).count() == 0
    labels = person.page.locator("[aria-label]").evaluate_all("each => each.map(one => one.getAttribute('aria-label'))")
    assert all(any(name in label for label in labels) for name in NAMES), labels


def test_a_line_separator_is_refused_at_its_field_and_the_form_keeps_what_was_typed(server, visit):
    person = visit(server.url, may_fail=True).is_connected()
    person.opens_new()
    person.fills(name=NAMES[3], email="a@b c")
    person.presses("Save")
    expect(person.form.get_by_label("Name")).to_have_value(NAMES[3])
    person.fills(name=LINE_SEPARATOR)
    person.presses("Save")
    expect(person.form.get_by_text("This contains a character that cannot be used here")).to_be_visible()
    assert person.form.locator(FOREIGN.replace("main", "#dialog")).count() == 0


# A page of another site

FORM = """<!doctype html><form method="post" target="there" action="{url}{path}" enctype="{enctype}">
<input name="name" value="{name}"><input name="email" value="{name}@example.org"></form><iframe name="there"></iframe>"""
ENCTYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]

# Tries all ways in which a script may send: what comes of each is what it could read, or that it could not.
FETCH = """async ([url, name]) => {
    const body = JSON.stringify({name, email: `${name}@example.org`});
    const results = [];
    for (const credentials of ["include", "omit"])
        for (const mode of ["cors", "no-cors"])
            for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
                for (const [method, path] of [["POST", "/api/users"], ["POST", "/users/new"], ["GET", "/api/users"], ["GET", "/users"]])
                    try {
                        const answer = await fetch(url + path, {
                            method, mode, credentials, ...(method === "GET" ? {} : {body, headers: {"Content-Type": type}})});
                        results.push(answer.type === "opaque" && await answer.text() === "" ? "nothing" : "read");
                    } catch { results.push("refused"); }
    navigator.sendBeacon(`${url}/api/users`, new Blob([body], {type: "text/plain"}));
    return [...new Set(results)];
}"""
STREAM = """([url, withCredentials]) => new Promise((resolve) => {
    const source = new EventSource(`${url}/events?topic=users`, {withCredentials});
    source.onopen = () => resolve("open");
    source.onmessage = () => resolve("message");
    source.onerror = () => { source.close(); resolve("error"); };
})"""


@contextmanager
def foreign_site(pages):
    """Within, a site on another port whose `pages`, {path: HTML}, are served. Gives its origin."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get(self.path, "<!doctype html>").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{site.server_port}"
    finally:
        site.shutdown()
        thread.join()
        site.server_close()


@pytest.fixture
def stranger(browser):
    """A page of a browser whose owner has our site open in another tab. What it may not do is in its console, which nobody minds."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name_of_site", ["127.0.0.1", "localhost"])
def test_a_page_of_another_site_creates_nothing_reads_nothing_and_hears_nothing(server, stranger, name_of_site):
    api, name = Api(server.address), f"evil-{secrets.token_hex(4)}"
    before = api.users()
    stranger.goto(server.url + "/users")        # so that the browser has all cookies that there are
    forms = {f"/{place}{path}": FORM.format(url=server.url, path=path, enctype=enctype, name=name)
             for place, enctype in enumerate(ENCTYPES) for path in ("/users/new", "/api/users", "/users/1/edit")}
    with foreign_site(forms) as origin:
        origin = origin.replace("127.0.0.1", name_of_site)
        for path in forms:
            stranger.goto(origin + path)
            with stranger.expect_response(lambda response: response.url.startswith(server.url)) as answered:
                stranger.evaluate("document.forms[0].submit()")
            assert answered.value.status >= 400
        answers = []
        stranger.on("response", lambda response: answers.append((response.status, response.url)))
        assert set(stranger.evaluate(FETCH, [server.url, name])) == {"refused", "nothing"}
        for with_credentials in (True, False):
            assert stranger.evaluate(STREAM, [server.url, with_credentials]) == "error"
    assert answers and all(status >= 400 for status, url in answers), answers
    after = api.users()
    assert after["items"] == before["items"] and after["cursor"] == before["cursor"]
