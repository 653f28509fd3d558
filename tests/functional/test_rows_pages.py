"""The pages of /rows as a browser without JavaScript meets them, and the parts of them that htmx asks for."""
import pytest
import sqlalchemy as sa

HTMX = {"HX-Request": "true"}


@pytest.fixture
def row(sqlite_client):
    return sqlite_client.post_json("/api/rows", {"value": 3}, status=201).json


@pytest.fixture
def client(sqlite_client, row):
    """A Client whose viewer is an admin, and one row of 3 and 3."""
    return sqlite_client


def cells(row):
    return {cell["data-cell"]: cell["data-number"] for cell in row.find_all(attrs={"data-cell": True})}


def totals(page):
    return {place["data-total"]: place.text for place in page.html.find_all(attrs={"data-total": True})}


def test_the_table_has_every_row_newest_first_their_totals_and_what_makes_it_live(client, row):
    newer = client.post_json("/api/rows", {"value": 9}).json
    page = client.get("/rows")
    rows = page.html.find(id="rows")
    assert [each["id"] for each in rows.find_all("tr")] == [f"row-{newer['id']}", f"row-{row['id']}"]
    assert cells(rows.tr) == {"a": "9", "b": "9", "sum": "18"} and rows.tr.find("time")["datetime"] == newer["changed"]
    assert totals(page) == {"count": "2", "a": "12", "b": "12", "sum": "24"}
    assert rows["data-rt-topics"] == "rows" and rows["data-rt-cursor"].endswith("-3") and rows["data-sums"] == "rows-totals"
    table = page.html.find("table")
    assert table.caption.text and all(th["scope"] == "col" for th in table.thead.find_all("th")) and rows.tr.th["scope"] == "row"


def test_the_row_of_an_event_is_the_row_of_the_page(client, row):
    client.put_json(f"/api/rows/{row['id']}", {"b": 8})
    event = client.registry.realtime.log.read_after(0)[-1]
    assert client.registry.realtime.fragments.html(event)["html"] in client.get("/rows").text


def test_a_table_that_shows_a_part_has_the_totals_of_all_and_reads_them_anew(client):
    with client.registry["dbsession_factory"].begin() as dbsession:
        rows = ", ".join(["(1, 2, '', 1, '2026-01-01', '2026-01-01')"] * 250)
        dbsession.connection().exec_driver_sql(f"INSERT INTO number_rows (a, b, changed_by, version, created, changed) VALUES {rows}")
    wanted = {"count": "251", "a": "253", "b": "503", "sum": "756"}
    page, part = client.get("/rows"), client.get("/rows/totals", headers=HTMX)
    assert len(page.html.find(id="rows").find_all("tr")) == 200 and "newest 200 of 251 rows" in page.text
    assert totals(page) == totals(part) == wanted
    foot = page.html.find("tfoot")
    assert foot["data-rt-refetch"] == part.html.find("tfoot")["data-rt-refetch"] == "rows" and foot["hx-get"] == "/rows/totals"
    assert not page.html.find(id="rows").has_attr("data-sums") and page.html.find(id="rows")["data-rt-most"] == "200"


def test_a_page_of_many_rows_takes_no_more_statements_than_one_of_few(client):
    statements = []
    sa.event.listen(client.registry["dbsession_factory"].kw["bind"], "before_cursor_execute", lambda *given: statements.append(given[2]))
    counts = []
    for _ in range(2):
        client.get("/rows")
        counts.append(len(statements))
        statements.clear()
        for value in range(1, 6):
            client.elsewhere().post_json("/api/rows", {"value": value}, status=201)
        statements.clear()
    assert counts[0] == counts[1] == len(["BEGIN", "who asks", "the cursor", "the rows", "the totals"])


def test_no_rows_are_said_with_what_to_do(sqlite_client):
    empty = sqlite_client.get("/rows").html.find(attrs={"data-rt-empty": "rows"})
    assert not empty.has_attr("hidden") and "No rows yet" in empty.text
    assert [button["value"] for button in empty.find_all("button")] == list("123456789")


def test_who_may_only_read_is_given_the_same_rows_and_no_class_that_shows_what_changes_them(client, as_role):
    for role, may in (("admin", True), ("editor", True), ("member", False)):
        page = as_role(client, role).get("/rows")
        assert ("may-edit-rows" in page.html.body["class"]) is may
        assert cells(page.html.find(id="rows").tr) == {"a": "3", "b": "3", "sum": "6"}


def test_anonymous_readers_see_the_page_where_public_topics_are_public(client, migrated_sqlite, make_client):
    assert make_client(migrated_sqlite, None, **{"myapp.public_read": "true"}).get("/rows").html.find(id="rows").tr
    make_client(migrated_sqlite, None).get("/rows", status=401)


# Without JavaScript

def test_a_row_is_added_with_one_of_nine_buttons(client):
    form = client.get("/rows").forms[0]
    answer = form.submit("value", value="7")
    assert answer.status_int == 303 and cells(answer.follow().html.find(id="rows").tr) == {"a": "7", "b": "7", "sum": "14"}
    assert client.get("/rows/new").forms[0].submit("value", value="1").status_int == 303
    page = client.post("/rows/new", {"value": "10", "csrf_token": client.token()}, status=422)
    assert "from 1 to 9" in page.html.find("main").find(role="alert").text


def test_both_numbers_are_changed_in_one_form(client, row):
    form = client.get(f"/rows/{row['id']}/edit").forms[0]
    assert (form["a"].value, form["b"].value) == ("3", "3")
    form["b"] = "5"
    assert cells(form.submit().follow().html.find(id="rows").tr) == {"a": "3", "b": "5", "sum": "8"}


def test_a_form_that_was_overtaken_shows_both_values_and_by_whom_and_may_then_be_sent_again(client, row, as_role):
    form = client.get(f"/rows/{row['id']}/edit").forms[0]
    as_role(client, "editor").put_json(f"/api/rows/{row['id']}", {"a": 9})
    form["a"] = "4"
    page = form.submit(status=409)
    assert "by the-editor" in page.html.find("main").find(role="alert").text
    assert page.html.find(id="a-hint").text == "Now: 9" and page.html.find(id="b-hint").text == ""
    assert page.forms[0]["a"].value == "4"
    page.forms[0].submit(status=303)
    assert client.get(f"/api/rows/{row['id']}").json["a"] == 4


def test_deleting_asks_first_and_names_the_row(client, row):
    page = client.get(f"/rows/{row['id']}/delete")
    assert f"row {row['id']}" in page.html.find("main").text
    assert page.forms[0].submit().status_int == 303
    assert client.events()[-1][1:] == ("row_deleted", f"row-{row['id']}", {"id": row["id"]})


# In place, with htmx

def ask(client, row, method="GET", version=1, cell="a", **typed):
    url = f"/rows/{row['id']}/edit?cell={cell}"
    if method == "GET":
        return client.get(url, headers=HTMX)
    return client.post(url, {"csrf_token": client.token(), "version": version, **typed}, headers=HTMX, status="*")


def test_a_number_is_changed_where_it_stands(client, row):
    form = ask(client, row)
    element = form.html.find("tr")
    assert element["id"] == f"row-{row['id']}" and element.has_attr("hx-morph-skip") and len(element.find_all("select")) == 1
    assert element.find("select")["name"] == "a" and element.find("option", selected=True).text == "3"
    cursor = client.get("/api/rows").json["cursor"]
    answer = ask(client, row, "POST", a="8")
    element = answer.html.find("tr")
    assert answer.status_int == 200 and cells(element) == {"a": "8", "b": "3", "sum": "11"} and element.find("form") is None
    assert element["data-rt-rev"] == cursor     # events up to there are older than the row is


def test_a_number_that_was_overtaken_shows_both_values_in_its_cell(client, row, as_role):
    as_role(client, "editor").put_json(f"/api/rows/{row['id']}", {"a": 9, "b": 1})
    before = client.everything()
    answer = ask(client, row, "POST", a="8")
    note = " ".join(answer.html.find(role="alert").text.split())
    assert answer.status_int == 409 and "by the-editor" in note and "Now: 9, yours: 8." in note
    assert client.everything() == before
    assert answer.html.find("input", attrs={"name": "version"})["value"] == "2"
    assert cells(ask(client, row, "POST", version=2, a="8").html.find("tr")) == {"a": "8", "b": "1", "sum": "9"}


def test_who_edits_a_row_is_told_that_it_was_changed_or_deleted_by_whom(client, row, as_role):
    def told():
        return client.get(f"/rows/{row['id']}/meanwhile?version=1", headers=HTMX).text.strip()
    assert told() == ""
    as_role(client, "editor").put_json(f"/api/rows/{row['id']}", {"b": 1})
    assert "Changed by <bdi>the-editor</bdi>" in told()
    assert cells(client.get(f"/rows/{row['id']}", headers=HTMX).html.find("tr"))["b"] == "1"
    client.delete(f"/api/rows/{row['id']}")
    assert "Deleted meanwhile" in told() and client.get(f"/rows/{row['id']}", headers=HTMX).text == ""
