"""The page of rows: what one changes the others see, with what it was; nobody's edit is lost; many changes are drawn at a pace."""
import threading

import pytest
from playwright.sync_api import expect

from tests.live.api import Api

# Counts, in the page, how often the cell of a row is drawn: each drawing puts another element there.
COUNT = """(id) => {
    window.drawings = 0;
    const count = (changes) => changes.filter(({ addedNodes }) => [...addedNodes].some((node) => node.id === id)).length;
    new MutationObserver((changes) => { window.drawings += count(changes); }).observe(document.getElementById("rows"), {childList: true});
}"""


@pytest.fixture
def api(server):
    return Api(server.address)


@pytest.fixture
def row(api):
    """A row of 3 and 3."""
    return api.ask("POST", "/api/rows", {"value": 3}).json


def cell(person, row, name):
    return person.page.locator(f"#row-{row['id']} [data-cell={name}]")


def has_totals_of_its_rows(person):
    """Wait until the totals are those of the rows that are shown."""
    page = person.page
    numbers = page.locator("#rows > tr:not(.rt-leave) > [data-cell=sum]")
    expect(page.locator("[data-total=sum]")).to_have_text(str(sum(int(text) for text in numbers.evaluate_all(
        "cells => cells.map(cell => cell.dataset.number)"))))
    expect(page.locator("[data-total=count]")).to_have_text(str(numbers.count()))


def has_totals_of_all_rows(person, api):
    listed = api.ask("GET", "/api/rows").json
    assert listed["total"] == len(listed["items"])
    for cell in "a", "b", "sum":
        expect(person.page.locator(f"[data-total={cell}]")).to_have_text(str(sum(row[cell] for row in listed["items"])))
    expect(person.page.locator("[data-total=count]")).to_have_text(str(listed["total"]))


def test_a_row_added_changed_and_deleted_in_one_browser_is_so_in_the_other_with_its_totals(server, visit, api):
    one, other = visit(server.url, "/rows").is_connected(), visit(server.url, "/rows").is_connected()
    count = other.page.locator("#rows > tr").count()
    one.page.get_by_text("Add row").first.click()
    one.page.get_by_role("button", name="7", exact=True).first.click()
    expect(other.page.locator("#rows > tr")).to_have_count(count + 1)
    row = {"id": other.page.locator("#rows > tr").first.get_attribute("id").removeprefix("row-")}
    expect(cell(other, row, "sum")).to_have_text("14")
    has_totals_of_its_rows(other)

    cell(one, row, "a").get_by_role("link").click()
    expect(one.page.locator(".cell-form select")).to_be_focused()
    one.page.locator(".cell-form select").select_option("4")
    one.page.get_by_role("button", name="Save").click()
    expect(cell(one, row, "a").get_by_role("link")).to_be_focused()
    expect(cell(other, row, "a")).to_contain_text("7 → 4 ▼ −3")
    expect(cell(other, row, "sum")).to_contain_text("14 → 11 ▼ −3")
    expect(cell(other, row, "b").locator(".delta")).to_have_count(0)
    has_totals_of_its_rows(other)

    one.page.get_by_role("link", name=f"Delete row {row['id']}", exact=True).click()
    one.presses("Delete")
    expect(other.page.locator(f"#row-{row['id']}")).to_have_count(0)
    has_totals_of_its_rows(other)

    other.page.locator("#rows").evaluate("list => { list.dataset.rtMost = 2; }")
    for value in 1, 2, 3, 4:
        api.ask("POST", "/api/rows", {"value": value})
    expect(cell(other, {"id": api.ask("GET", "/api/rows").json["items"][0]["id"]}, "sum")).to_have_text("8")
    expect(other.page.locator("#rows > tr")).to_have_count(2)      # as many as the table has; and the totals are of all
    has_totals_of_all_rows(other, api)
    expect(other.page.get_by_text(f"These are the newest 2 of {count + 4} rows")).to_be_visible()


def test_a_number_that_somebody_edits_is_never_replaced_and_who_changed_it_and_both_values_are_said(server, visit, api, row):
    person = visit(server.url, "/rows", may_fail=True).is_connected()
    cell(person, row, "a").get_by_role("link").click()
    person.page.locator(".cell-form select").select_option("5")
    api.ask("PUT", f"/api/rows/{row['id']}", {"a": 9})
    expect(person.page.locator(".cell-form")).to_contain_text("Changed by admin. Show")
    expect(person.page.locator(".cell-form select")).to_have_value("5")
    another = api.ask("POST", "/api/rows", {"value": 2}).json
    for n in range(4, 9):
        api.ask("PUT", f"/api/rows/{another['id']}", {"a": n})
        api.ask("PUT", f"/api/rows/{row['id']}", {"b": n})
    expect(cell(person, another, "sum")).to_have_attribute("data-number", "10")
    has_totals_of_its_rows(person)
    person.page.get_by_role("button", name="Save").click()
    expect(person.page.get_by_role("alert").filter(has_text="Now")).to_contain_text("Now: 9, yours: 5.")
    person.page.get_by_role("button", name="Save").click()
    expect(cell(person, row, "sum")).to_have_attribute("data-number", "13")
    has_totals_of_all_rows(person, api)
    assert api.ask("GET", f"/api/rows/{row['id']}").json["a"] == 5

    cell(person, row, "b").get_by_role("link").click()
    api.ask("PUT", f"/api/rows/{row['id']}", {"b": 1})
    person.page.get_by_role("link", name="Show").click()
    expect(cell(person, row, "b").locator("a.number")).to_have_text("1")
    expect(person.page.locator(".cell-form")).to_have_count(0)
    has_totals_of_all_rows(person, api)


def test_many_changes_a_second_are_drawn_at_a_pace_and_the_last_one_is_shown(server, visit, api, row):
    person = visit(server.url, "/rows").is_connected()
    person.page.evaluate(COUNT, f"row-{row['id']}")
    begun = person.page.evaluate("performance.now()")
    writers = [threading.Thread(target=lambda: [api.ask("PUT", f"/api/rows/{row['id']}", {"a": n % 8 + 1}) for n in range(25)])
               for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    api.ask("PUT", f"/api/rows/{row['id']}", {"a": 9})
    expect(cell(person, row, "a")).to_have_attribute("data-number", "9")
    drawings, now = person.page.evaluate("[window.drawings, performance.now()]")
    assert 2 <= drawings <= (now - begun) / 250 + 2
