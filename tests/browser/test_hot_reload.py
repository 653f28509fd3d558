"""`pserve --reload` in development: a style sheet is changed, and the open page has it; not where somebody types."""
import os
import time

import pytest
from playwright.sync_api import expect

from tests.live.server import ROOT, Server, command

PACKAGE = {
    "__init__.py": '''
from pyramid.config import Configurator


def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        for part in "pyramid_jinja2", "myapp.db", "myapp.realtime":
            config.include(part)
        config.add_topic("news")
        config.add_assets("own", "hot:static")
        config.add_route("page", "/")
        config.add_view(lambda request: {}, route_name="page", renderer="hot:page.jinja2")
    return config.make_wsgi_app()
''',
    "page.jinja2": '''
{% import "myapp.realtime:templates/live.jinja2" as live %}
<!doctype html>
<html lang="en">
<head><title>Hot</title>{{ live.tags(request) }}<link rel="stylesheet" href="{{ request.asset_path('own', 'own.css') }}"></head>
<body {{ live.link(request) }} data-rt-topics="news">
<p role="status" data-rt-status></p>
<form><label>Text <input></label></form>
<p data-rt-newer hidden>A new version is here. <button type="button" data-rt-reload>Reload</button></p>
</body>
</html>
''',
    "static/own.css": "form { color: rgb(1, 0, 0); }"}
WITHIN_MS = 30_000      # a start anew takes two or three seconds, on a busy machine many


@pytest.fixture
def folder(tmp_path):
    """The folder of the package `hot`."""
    for name, text in PACKAGE.items():
        path = tmp_path / "hot" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "hot"


@pytest.fixture
def server(folder, migrated_sqlite):
    path = f"PYTHONPATH={folder.parent}:{ROOT}"
    server = Server(folder.parent, migrated_sqlite, {"realtime.hot_reload": "true", "myapp.auto_login": ""}, factory="call:hot:main",
                    starter=lambda ini: ["/usr/bin/env", path, command("pserve"), "--reload", ini])
    server.ini.write_text(server.ini.read_text() + "\n[pserve]\nwatch_files = hot/**/*.css\n")
    yield server.start()
    server.tell_to_stop()       # kill -9 would leave its child behind
    server.wait()


def test_a_changed_style_sheet_is_on_the_open_page_and_offered_where_somebody_types(server, folder, visit):
    person = visit(server.url, "/", may_fail=True).is_connected()
    form, field = person.page.locator("form"), person.page.get_by_label("Text")
    expect(form).to_have_css("color", "rgb(1, 0, 0)")
    paint(folder, 2)
    expect(form).to_have_css("color", "rgb(2, 0, 0)", timeout=WITHIN_MS)
    person.is_connected()

    field.fill("half a sen")
    paint(folder, 3)
    reload = person.page.get_by_role("button", name="Reload")
    expect(reload).to_be_visible(timeout=WITHIN_MS)
    expect(form).to_have_css("color", "rgb(2, 0, 0)")
    expect(field).to_have_value("half a sen")
    person.page.evaluate("addEventListener('rt-reload', (event) => event.preventDefault(), {once: true})")
    reload.click()      # a page may say no, and this one does once
    expect(field).to_have_value("half a sen")
    reload.click()
    expect(form).to_have_css("color", "rgb(3, 0, 0)", timeout=WITHIN_MS)


def paint(folder, red):
    """Change the style sheet, in one step, to a time of its own: whoever looks for changes looks at the time."""
    new = folder / "new"
    new.write_text(PACKAGE["static/own.css"].replace("rgb(1,", f"rgb({red},"))
    os.utime(new, (time.time() + red, time.time() + red))
    new.replace(folder / "static/own.css")
