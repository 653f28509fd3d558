"""The pages of /users as a browser without JavaScript meets them, and the parts of them that htmx asks for."""
import pytest

HTMX = {"HX-Request": "true"}


def new_user(client, **fields):
    """Open the form, fill it in and send it, as a browser does."""
    form = client.get("/users/new").forms[0]
    for field, value in fields.items():
        form[field] = value
    return form.submit(status="*")


def errors(page):
    """Return {field: message} as the page shows them."""
    return {field["name"]: page.html.find(id=f"{field['name']}-error").text
            for field in page.html.find_all(attrs={"name": True}) if "is-invalid" in field.get("class", [])}


def test_the_table_has_every_user_newest_first_with_what_makes_it_live(client):
    ada = client.add_user("Ada", "editor")
    table = client.get("/users").html.find("table")
    rows = table.find(id="users")
    assert [row["id"] for row in rows.find_all("tr")] == [f"user-{ada['id']}", "user-1"]
    assert rows["data-rt-topics"] == "users" and rows["data-rt-insert"] == "prepend" and rows["data-rt-cursor"].endswith("-2")
    row = rows.find("tr")
    assert "Ada" in row.th.text and "ada@example.org" in row.text and "editor" in row.text
    assert row.find("time")["datetime"] == ada["changed"]
    assert table.caption.text and all(th["scope"] == "col" for th in table.thead.find_all("th")) and row.th["scope"] == "row"


def test_the_row_of_an_event_is_the_row_of_the_page(client):
    client.add_user("Ada & <Bob>", email="ada@example.org")
    [event] = client.registry.realtime.log.read_after(1)
    fragment = client.registry.realtime.fragments.html(event)["html"]
    assert "Ada &amp; &lt;Bob&gt;" in fragment
    assert fragment in client.get("/users").text


def test_nobody_there_is_said_with_what_to_do(client):
    assert client.get("/users").html.find(attrs={"data-rt-empty": "users"}).has_attr("hidden")
    with client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.connection().exec_driver_sql("UPDATE users SET id = -1")
    empty = client.get("/users", status="*").html.find(attrs={"data-rt-empty": "users"})
    assert "No users yet" in empty.text and empty.a["href"].endswith("/users/new")


# Forms

def test_a_new_user_is_made_and_the_browser_goes_back_to_the_table(client):
    answer = new_user(client, name="Ada", email="ada@example.org", role="editor", password="12345678")
    assert answer.status_int == 303
    assert "Ada" in answer.follow().text
    assert client.events()[-1][1:3] == ("user_created", "user-2")


def test_a_refused_form_says_what_is_wrong_field_by_field_and_keeps_what_was_typed(client):
    before = client.everything()
    page = new_user(client, name="", email="nonsense", role="editor", password="secret!")
    assert page.status_int == 422
    assert set(errors(page)) == {"name", "email", "password"} and all(errors(page).values())
    form = page.forms[0]
    assert (form["email"].value, form["role"].value) == ("nonsense", "editor")
    assert form["password"].value == "" and "secret!" not in page.text
    assert client.everything() == before


def test_the_first_field_that_is_wrong_has_the_focus_and_names_its_message(client):
    page = new_user(client, name="Ada", email="nonsense", password="x")
    [focused] = page.html.find_all(attrs={"autofocus": True})
    assert focused["name"] == "email" and focused["aria-invalid"] == "true"
    assert page.html.find(id=focused["aria-describedby"].split()[0]).text == errors(page)["email"]


def test_a_taken_address_is_a_message_at_its_field(client):
    page = new_user(client, name="Ada", email="ADMIN@localhost")
    assert page.status_int == 409
    assert set(errors(page)) == {"email"} and page.forms[0]["name"].value == "Ada"


def test_an_edited_user_has_the_new_values(client):
    ada = client.add_user("Ada", "editor")
    form = client.get(f"/users/{ada['id']}/edit").forms[0]
    assert (form["name"].value, form["email"].value, form["role"].value) == ("Ada", "ada@example.org", "editor")
    form["name"] = "Ada Lovelace"
    assert form.submit().follow(status=200)
    assert client.get(f"/api/users/{ada['id']}").json["name"] == "Ada Lovelace"


def test_a_form_that_was_overtaken_shows_both_values_and_may_then_be_sent_again(client):
    ada = client.add_user("Ada")
    form = client.get(f"/users/{ada['id']}/edit").forms[0]
    client.elsewhere().put_json(f"/api/users/{ada['id']}", {"name": "Theirs", "email": "theirs@example.org"})
    form["name"] = "Mine"
    page = form.submit(status=409)
    assert "changed meanwhile" in page.html.find(role="alert").text
    assert "Theirs" in page.html.find(id="name-hint").text and "theirs@example.org" in page.html.find(id="email-hint").text
    assert page.html.find(id="role-hint").find("strong") is None
    again = page.forms[0]
    assert again["name"].value == "Mine"
    again.submit(status=303)
    assert client.get(f"/api/users/{ada['id']}").json["name"] == "Mine"


def test_deleting_asks_first_and_names_the_user(client):
    ada = client.add_user("Ada <i>", email="ada@example.org")
    page = client.get(f"/users/{ada['id']}/delete")
    assert "Ada <i>" in page.html.find("main").text
    assert page.forms[0].submit().status_int == 303
    assert client.events()[-1][1:] == ("user_deleted", f"user-{ada['id']}", {"id": ada["id"]})


def test_the_last_admin_cannot_be_deleted_on_the_page_either(client):
    page = client.get("/users/1/delete").forms[0].submit(status=409)
    assert "last admin" in page.html.find(role="alert").text


@pytest.mark.parametrize("url", ["/users/99/edit", "/users/99/delete", "/users/x/edit", "/nothing", "/users/"])
def test_a_page_that_is_not_there_says_so_as_a_page(client, url):
    page = client.get(url, status=404)
    assert page.content_type == "text/html"
    assert page.html.find("h1").text == "Not Found"


# What htmx gets

def test_htmx_gets_the_part_and_not_the_page(client):
    for url in ("/users/new", "/users/1/edit", "/users/1/delete"):
        page = client.get(url, headers=HTMX)
        assert "<html" not in page.text and page.html.find(class_="panel").find(id="panel-title")
    assert client.get("/users", headers=HTMX).html.find(id="users")
    assert "<html" not in client.get("/users/99/edit", headers=HTMX, status=404).text


def test_htmx_is_told_that_a_form_is_done_by_an_event(client):
    fields = {"name": "Ada", "email": "ada@example.org", "csrf_token": client.token()}
    answer = client.post("/users/new", fields, headers=HTMX, status=204)
    assert answer.headers["HX-Trigger"] == "saved"
    refused = client.post("/users/new", fields, headers=HTMX, status=409)
    assert set(errors(refused)) == {"email"} and "<html" not in refused.text


def test_the_navigation_says_where_one_is(client):
    for url, name in (("/", "Dashboard"), ("/users", "Users"), ("/users/new", "Users")):
        [here] = client.get(url).html.find_all(attrs={"aria-current": "page"})
        assert here.text == name
