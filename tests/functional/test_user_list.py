"""The table of users: what is found, in which order and on which page, by parameters of the address alone."""
import pytest
import sqlalchemy as sa

from myapp.app.models import User

PEOPLE = [("Zoë", "b@example.org", "member"), ("adam", "C@example.org", "editor"), ("Émile 100%", "a@example.org", "member"),
          ("李小龍", "d_1@example.org", "member"), ("Ada Ünlü", "e@example.org", "editor")]


@pytest.fixture
def people(client):
    """A Client whose viewer is an admin, and five others."""
    for name, email, role in PEOPLE:
        client.add_user(name, role, email=email)
    return client


def shown(client, **parameters):
    page = client.get("/users", parameters)
    return [row.bdi.text for row in page.html.find(id="users").find_all("tr")]


ORDERS = {
    "created": ["admin", *(name for name, *_ in PEOPLE)], "-created": [*(name for name, *_ in PEOPLE[::-1]), "admin"],
    "role": ["admin", "Ada Ünlü", "adam", "李小龍", "Émile 100%", "Zoë"],
    "-role": ["李小龍", "Émile 100%", "Zoë", "Ada Ünlü", "adam", "admin"],
    "email": ["Émile 100%", "admin", "Zoë", "adam", "李小龍", "Ada Ünlü"]}


def test_the_table_is_in_the_order_that_the_address_says(people):
    for sort, names in ORDERS.items():
        assert shown(people, sort=sort) == names, sort


def test_names_are_in_order_whether_they_are_written_in_upper_or_lower_case(people):
    people.add_user("ADAH")
    for sort, names in (("name", ["adam", "ADAH", "admin"]), ("-name", ["admin", "adam", "ADAH"])):
        wanted = sorted(names, key=str.lower, reverse=sort.startswith("-"))
        assert [name for name in shown(people, sort=sort) if name in names] == wanted    # beyond ASCII each database has its own order


def test_who_was_changed_last_comes_first_where_that_is_the_order(people):
    people.put_json("/api/users/3", {"name": "Adam"})
    assert shown(people, sort="-changed")[0] == shown(people, sort="changed")[-1] == "Adam"


FOUND = {
    "ADA": ["Ada Ünlü", "adam"], "zoË": ["Zoë"], "zoe\u0308": ["Zoë"], "ünlü ada": ["Ada Ünlü"], "小": ["李小龍"], "%": ["Émile 100%"],
    "_": ["李小龍"], "c@EXAMPLE": ["adam"], " adam ": ["adam"], "\\": [], "' OR 1=1 --": [], "nobody": []}


def test_a_search_finds_each_word_in_names_and_addresses_however_they_are_written(people):
    for q, names in FOUND.items():
        assert shown(people, q=q) == names, q
    page = people.get("/users?q=<b>nobody")
    assert page.html.find(id="search")["value"] == "<b>nobody"
    assert "Nobody found" in page.html.find(attrs={"data-rt-empty": "users"}).text
    assert not page.html.find(attrs={"data-rt-empty": "users"}).has_attr("hidden")


@pytest.fixture
def crowd(sqlite_client):
    """A Client whose viewer is an admin; 120 others, named u000 to u119 in the order in which they came."""
    with sqlite_client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.add_all(User(name=f"u{n:03}", email=f"u{n:03}@example.org", role="member") for n in range(120))
    return sqlite_client


def test_fifty_are_on_a_page_and_links_lead_on_with_search_and_order(crowd):
    page, seen = crowd.get("/users?sort=name&q=u"), []
    for number in (1, 2, 3):
        assert f"Page {number} of 3, 120 users" in page.html.find("nav", attrs={"aria-label": "Pages"}).text
        seen.append([row.bdi.text for row in page.html.find(id="users").find_all("tr")])
        page = page.click(linkid=None, description="^Next$") if number < 3 else page
    assert [len(names) for names in seen] == [50, 50, 20] and sum(seen, []) == [f"u{n:03}" for n in range(120)]
    assert shown(crowd, sort="name", q="u", page=99) == seen[2]
    assert page.html.find(id="users")["hx-get"] == "/users?q=u&sort=name&page=3"
    assert page.click(description="^Previous$").request.GET == {"q": "u", "sort": "name", "page": "2"}
    newest = page.click(description="^Newest first$").html.find(id="users")
    assert newest.bdi.text == "u119" and (newest["data-rt-most"], newest["data-total"]) == ("50", "120")
    assert page.click(description="^Show all$").html.find(id="users")["hx-get"] == "/users?sort=name"


def test_a_head_says_the_order_and_leads_to_the_other_way_round(crowd):
    page = crowd.get("/users?q=u1&page=2")
    assert page.html.find_all("th", attrs={"aria-sort": True}) == []
    page = page.click(description="^Name")
    assert page.request.GET == {"q": "u1", "sort": "name"}
    assert page.html.find("th", attrs={"aria-sort": "ascending"}).text.strip() == "Name▲"
    assert page.click(description="^Name").request.GET == {"q": "u1", "sort": "-name"}


def test_new_rows_are_put_where_the_newest_are_shown_first_and_held_back_elsewhere(crowd):
    wanted = {"": "prepend", "?sort=-created&page=1&q=": "prepend", "?page=2": "hold", "?sort=name": "hold", "?q=u1": "hold"}
    for query, insert in wanted.items():
        users = crowd.get(f"/users{query}").html.find(id="users")
        assert (users["data-rt-insert"], users["data-rt-new"]) == (insert, "user_created"), query


def test_a_parameter_that_makes_no_sense_is_refused(sqlite_client):
    for query in ("sort=password_hash", "sort=--name", "page=0", "page=x", "page=99999999999", "q=" + "x" * 101, "q=%00", "q=a%0Ab"):
        sqlite_client.get(f"/users?{query}", status=422 if "%0" not in query else [400, 422])


def test_a_page_takes_as_many_statements_for_fifty_users_as_for_one(crowd):
    statements = []
    sa.event.listen(crowd.registry["dbsession_factory"].kw["bind"], "before_cursor_execute", lambda *given: statements.append(given[2]))
    for query in ("", "?q=admin", "?q=u&sort=-name&page=2"):
        statements.clear()
        crowd.get(f"/users{query}")
        assert len(statements) == len(["BEGIN", "who asks", "the cursor", "how many", "the users"]), query


# While somebody edits

def test_who_edits_a_user_is_told_by_whom_he_was_changed_and_shown_both_values_and_nothing_is_stored(client, as_role):
    ada = client.add_user("Ada")
    url, editor = f"/users/{ada['id']}/meanwhile", as_role(client, "editor")
    form = client.get(f"/users/{ada['id']}/edit").forms[0]

    def told():
        return client.get(f"{url}?version={ada['version']}", headers={"HX-Request": "true"}).html.get_text(" ", strip=True)
    assert told() == ""
    editor.put_json(f"/api/users/{ada['id']}", {"name": "Theirs"})
    assert told() == "Changed by the-editor meanwhile. Show"
    before = client.everything()
    form["email"] = "mine@example.org"
    page = client.post(url, form.submit_fields())
    assert "the-editor" in page.html.find(class_="panel").find(role="alert").text and client.everything() == before
    assert page.html.find(id="name-hint").text == "Now: Theirs" and page.html.find(id="email-hint").text == "Now: ada@example.org"
    assert (page.forms[0]["name"].value, page.forms[0]["email"].value, page.forms[0]["version"].value) == ("Ada", "mine@example.org", "2")
    assert page.forms[0].submit().status_int == 303
    editor.delete(f"/api/users/{ada['id']}")
    assert "deleted meanwhile" in told()
