"""The application that README.rst shows, as it stands there: two readers, no framework on the page, and a list that is live."""
import re
import textwrap
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.live.server import ROOT, command

BLOCK = re.compile(r"^\.\. code-block:: \w+\n   :name: (\S+)\n\n((?:    .*\n|\n)+)", re.MULTILINE)
FILES = {"shop.py", "orders.jinja2", "order.jinja2"}


@pytest.fixture
def server(tmp_path, start_server):
    blocks = dict(BLOCK.findall((ROOT / "README.rst").read_text()))
    assert set(blocks) == FILES
    for name, text in blocks.items():
        Path(tmp_path, name).write_text(textwrap.dedent(text))
    return start_server(
        f"sqlite:///{tmp_path}/shop.sqlite", factory="call:shop:main",
        starter=lambda ini: ["/usr/bin/env", f"PYTHONPATH={tmp_path}", command("pserve"), ini])


def texts(person):
    return person.page.locator("#orders > li")


def test_what_one_reader_adds_is_on_the_others_page_and_a_list_that_must_start_over_is_read_anew(server, visit):
    one, other = (visit(server.url, "/", may_fail=True).is_connected() for _ in range(2))      # it has no favicon
    other.page.evaluate("() => { window.isTheSame = true; }")
    for text in "<b>tea</b>", "milk":
        one.page.get_by_label("Order").fill(text)
        one.page.get_by_role("button", name="Add").click()
    expect(texts(other)).to_have_text(["<b>tea</b>", "milk"])
    expect(texts(one.is_connected())).to_have_text(["<b>tea</b>", "milk"])

    other.page.locator("#order-1").evaluate("row => row.remove()")     # as if it had been missed
    other.page.evaluate("() => document.body.append(Object.assign(document.createElement('button'), {id: 'again'}))")
    other.page.locator("#again").evaluate("button => { button.setAttribute('data-rt-refresh', ''); button.click(); }")
    expect(texts(other)).to_have_text(["<b>tea</b>", "milk"])
    one.page.get_by_label("Order").fill("sugar")
    one.page.get_by_role("button", name="Add").click()
    expect(texts(other)).to_have_text(["<b>tea</b>", "milk", "sugar"])
    assert other.page.evaluate("() => window.isTheSame")
