"""Who may do what: one table of roles, and what only admins may do within it."""
import pytest

# What each role gets: admin, editor, member, anonymous. A page is 200, a form that did what it should 303.
TABLE = [
    ("GET", "/", None, (200, 200, 200, 200)),
    ("GET", "/users", None, (200, 200, 200, 401)),
    ("GET", "/users/new", None, (200, 200, 403, 401)),
    ("GET", "/users/{member}/edit", None, (200, 200, 403, 401)),
    ("GET", "/users/{member}/delete", None, (200, 200, 403, 401)),
    ("POST", "/users/new", {"name": "x", "email": "x@example.org"}, (303, 303, 403, 401)),
    ("POST", "/users/{member}/edit", {"name": "x"}, (303, 303, 403, 401)),
    ("POST", "/users/{admin}/edit", {"name": "x"}, (303, 403, 403, 401)),
    ("GET", "/users/{member}/meanwhile?version=1", None, (200, 200, 403, 401)),
    ("POST", "/users/{member}/meanwhile", {"name": "x"}, (200, 200, 403, 401)),
    ("POST", "/users/{member}/delete", {}, (303, 303, 403, 401)),
    ("POST", "/users/{admin}/delete", {}, (303, 403, 403, 401)),
    ("GET", "/updates", None, (200, 200, 200, 401)),
    ("GET", "/updates/new", None, (200, 200, 200, 401)),
    ("GET", "/channels", None, (200, 200, 200, 401)),
    ("GET", "/channels/new", None, (200, 200, 403, 401)),
    ("POST", "/channels/new", {"name": "x"}, (303, 303, 403, 401)),
    ("GET", "/api/users", None, (200, 200, 200, 401)),
    ("GET", "/api/users/{member}", None, (200, 200, 200, 401)),
    ("POST", "/api/users", {"name": "x", "email": "x@example.org"}, (201, 201, 403, 401)),
    ("POST", "/api/users", {"name": "x", "email": "x@example.org", "role": "editor"}, (201, 403, 403, 401)),
    ("POST", "/api/users", {"name": "x", "email": "x@example.org", "password": "12345678"}, (201, 403, 403, 401)),
    ("PUT", "/api/users/{member}", {"name": "x"}, (200, 200, 403, 401)),
    ("PUT", "/api/users/{member}", {"name": "x", "role": "member"}, (200, 200, 403, 401)),
    ("PUT", "/api/users/{member}", {"role": "editor"}, (200, 403, 403, 401)),
    ("PUT", "/api/users/{member}", {"password": "12345678"}, (200, 403, 403, 401)),
    ("PUT", "/api/users/{admin}", {"name": "x"}, (200, 403, 403, 401)),
    ("PUT", "/api/users/{self}", {"password": "12345678"}, (200, 200, 403, 401)),
    ("PUT", "/api/users/{self}", {"role": "admin"}, (200, 403, 403, 401)),
    ("DELETE", "/api/users/{member}", None, (204, 204, 403, 401)),
    ("DELETE", "/api/users/{admin}", None, (204, 403, 403, 401)),
    ("GET", "/rows", None, (200, 200, 200, 401)),
    ("GET", "/rows/new", None, (200, 200, 403, 401)),
    ("GET", "/rows/77/edit", None, (404, 404, 403, 401)),
    ("POST", "/rows/new", {"value": 3}, (303, 303, 403, 401)),
    ("POST", "/rows/77/edit", {"a": 3}, (404, 404, 403, 401)),
    ("POST", "/rows/77/delete", {}, (404, 404, 403, 401)),
    ("GET", "/api/rows", None, (200, 200, 200, 401)),
    ("POST", "/api/rows", {"value": 3}, (201, 201, 403, 401)),
    ("PUT", "/api/rows/77", {"a": 3}, (404, 404, 403, 401)),
    ("DELETE", "/api/rows/77", None, (404, 404, 403, 401)),
    ("HEAD", "/events?topic=rows", None, (200, 200, 200, 401)),
    ("GET", "/api/stats", None, (200, 403, 403, 401)),
    ("GET", "/monitor", None, (200, 403, 403, 401)),
    ("GET", "/metrics", None, (200, 403, 403, 401)),
    ("HEAD", "/events?topic=monitor", None, (200, 403, 403, 401)),
    ("GET", "/api/me", None, (200, 200, 200, 401)),
    ("GET", "/api/sessions", None, (200, 200, 200, 401)),
    ("GET", "/api/sessions?user={admin}", None, (200, 404, 404, 401)),
    ("DELETE", "/api/sessions/77", None, (404, 404, 404, 401)),
    ("GET", "/api/tokens", None, (200, 200, 200, 401)),
    ("GET", "/api/tokens?user={admin}", None, (200, 404, 404, 401)),
    ("POST", "/api/tokens", {"name": "x"}, (201, 201, 201, 401)),
    ("POST", "/api/tokens", {"scopes": ["admin"]}, (201, 403, 403, 401)),
    ("DELETE", "/api/tokens/77", None, (404, 404, 404, 401)),
    ("DELETE", "/api/tokens/current", None, (409, 409, 409, 401)),
    ("GET", "/events?topic=users&topic=nothing", None, (404, 404, 404, 404)),
    ("HEAD", "/events?topic=users", None, (200, 200, 200, 401)),
    ("GET", "/events/poll?topic=users", None, (200, 200, 200, 401)),
]
ROLES = ("admin", "editor", "member", "anonymous")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_the_table_says_and_nothing_else(sqlite_client, as_role, role):
    client = as_role(sqlite_client, role)
    for place, (method, url, body, statuses) in enumerate(TABLE):
        ids = {"member": sqlite_client.add_user(f"a{place}")["id"], "admin": sqlite_client.add_user(f"b{place}", "admin")["id"]}
        viewer = sqlite_client.rows(f"SELECT id FROM users WHERE name = 'the-{role}'")
        url = url.format(**ids, self=viewer[0][0] if viewer else ids["member"])
        wanted = statuses[ROLES.index(role)]
        before = sqlite_client.everything()
        answer = ask(client, method, url, body and {**body, **({"email": f"x{place}@example.org"} if "email" in body else {})})
        assert answer.status_int == wanted, (method, url, body, role)
        if wanted >= 400:
            assert sqlite_client.everything() == before, (method, url, body, role)


def ask(client, method, url, body):
    headers = {"X-CSRF-Token": client.token()}
    if body is None:
        return client.request(url, method=method, headers=headers, status="*")
    if url.startswith("/api/"):
        return {"POST": client.post_json, "PUT": client.put_json}[method](url, body, headers=headers, status="*")
    return client.post(url, body, headers=headers, status="*")


@pytest.mark.parametrize("role, classes", [
    ("admin", {"may-edit-users", "may-edit-rows", "is-admin"}), ("editor", {"may-edit-users", "may-edit-rows"}), ("member", set())])
def test_the_page_tells_by_a_class_what_its_viewer_may_do(sqlite_client, as_role, role, classes):
    assert set(as_role(sqlite_client, role).get("/users").html.body.get("class", [])) - {""} == classes


def test_an_editors_form_has_neither_role_nor_password_except_his_own(sqlite_client, as_role):
    member, client = sqlite_client.add_user("Ada"), as_role(sqlite_client, "editor")
    [(own,)] = sqlite_client.rows("SELECT id FROM users WHERE name = 'the-editor'")
    assert set(client.get("/users/new").forms[0].fields) >= {"name", "email"}
    for url, shown in (("/users/new", set()), (f"/users/{member['id']}/edit", set()), (f"/users/{own}/edit", {"password"})):
        assert set(client.get(url).forms[0].fields) & {"role", "password"} == shown


def test_the_anonymous_are_told_to_sign_in_and_see_no_user(sqlite_client, as_role):
    client = as_role(sqlite_client, "anonymous")
    page = client.get("/")
    assert "Sign in" in page.text and "admin@localhost" not in page.text and not page.html.find_all(attrs={"data-rt-topics": True})
    assert client.get("/api/users", status=401).headers["WWW-Authenticate"].startswith("Bearer")
