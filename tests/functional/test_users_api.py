"""/api/users: what is read, what is written, what is refused, and what each write publishes."""
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

ADA = {"name": "Ada", "email": "ada@example.org"}


def create(client, **fields):
    return client.post_json("/api/users", {**ADA, **fields}, status=201).json


def test_a_created_user_is_answered_stored_and_published_as_one_object(client):
    answer = client.post_json("/api/users", {**ADA, "role": "editor"}, status=201)
    user = answer.json
    assert set(user) == {"id", "version", "created", "changed", "name", "email", "role"}
    assert (user["name"], user["email"], user["role"], user["version"]) == ("Ada", "ada@example.org", "editor", 1)
    assert answer.headers["Location"].endswith(f"/api/users/{user['id']}")
    assert client.get(answer.headers["Location"]).json == user
    assert client.events()[-1] == ("users", "user_created", f"user-{user['id']}", user)


def test_moments_are_rfc_3339_in_utc(client):
    before = datetime.now(UTC)
    created = create(client)["created"]
    assert created.endswith("Z")
    assert before <= datetime.fromisoformat(created) <= datetime.now(UTC)


def test_a_role_that_is_not_named_is_member(client):
    assert create(client)["role"] == "member"


def test_a_changed_user_has_a_new_version_and_the_rest_stays(client):
    user = create(client)
    changed = client.put_json(f"/api/users/{user['id']}", {"name": "Ada Lovelace"}).json
    assert changed == {**user, "name": "Ada Lovelace", "version": 2, "changed": changed["changed"]}
    assert changed["changed"] > user["changed"]
    assert client.events()[-1] == ("users", "user_updated", f"user-{user['id']}", changed)


def test_a_change_to_what_is_there_already_changes_and_publishes_nothing(client):
    user = create(client)
    before = client.everything()
    assert client.put_json(f"/api/users/{user['id']}", {"name": "Ada", "role": "member", "password": ""}).json == user
    assert client.everything() == before


def test_an_object_may_be_sent_back_as_it_was_read(client):
    user = create(client)
    assert client.put_json(f"/api/users/{user['id']}", {**user, "name": "Countess"}).json["name"] == "Countess"


def test_a_deleted_user_is_gone_and_only_the_id_is_published(client):
    user = create(client)
    answer = client.delete(f"/api/users/{user['id']}", status=204)
    assert answer.body == b""
    assert client.events()[-1] == ("users", "user_deleted", f"user-{user['id']}", {"id": user["id"]})
    for method in (client.get, client.delete):
        method(f"/api/users/{user['id']}", status=404)
    client.put_json(f"/api/users/{user['id']}", {"name": "x"}, status=404)


def test_the_id_of_a_deleted_user_is_never_given_again(client):
    user = create(client)
    client.delete(f"/api/users/{user['id']}")
    assert create(client)["id"] > user["id"]


# Lists

def test_a_list_is_newest_first_with_total_and_cursor(client):
    users = [create(client, email=f"ada{n}@example.org") for n in range(3)]
    answer = client.get("/api/users").json
    assert [user["id"] for user in answer["items"]] == [user["id"] for user in reversed(users)] + [1]
    assert answer["total"] == 4
    epoch, _, seq = answer["cursor"].partition("-")
    assert seq == "4" and len(epoch) == 8


def test_limit_and_offset_cut_a_page_out_of_the_list(client):
    users = [create(client, email=f"ada{n}@example.org") for n in range(3)]
    answer = client.get("/api/users?limit=2&offset=1").json
    assert [user["id"] for user in answer["items"]] == [users[1]["id"], users[0]["id"]]
    assert answer["total"] == 4


def test_since_keeps_what_was_changed_at_that_moment_or_later(client):
    first, second = create(client), create(client, email="ada2@example.org")
    answer = client.get("/api/users", {"since": second["created"]}).json
    assert answer["items"] == [second] and answer["total"] == 1
    changed = client.put_json(f"/api/users/{first['id']}", {"name": "Late"}).json
    assert client.get("/api/users", {"since": changed["changed"]}).json["items"] == [changed]


QUERIES = [
    "limit=0", "limit=501", "limit=x", "limit=-1", "limit=1e2", "limit=99999999999999999999", "limit=", "limit=%D9%A1",
    "offset=-1", "offset=1.5", "offset=99999999999999999999", "since=yesterday", "since=2026-01-31", "since=2026-01-31T07:05:09",
    "since=0001-01-01T00:00:00%2B23:59", "since=%00"]


def test_a_list_refuses_a_parameter_that_makes_no_sense(client):
    for query in QUERIES:
        answer = client.get(f"/api/users?{query}", status=422)
        assert list(answer.json["errors"]) == [query.partition("=")[0]], query


# What is refused

@pytest.mark.parametrize("fields, wrong", [
    ({"name": ""}, "name"), ({"name": "  "}, "name"), ({"name": "x" * 101}, "name"), ({"name": "\u200b"}, "name"),
    ({"email": ""}, "email"), ({"email": "ada"}, "email"), ({"email": "ada@"}, "email"), ({"email": "@x"}, "email"),
    ({"email": "a b@example.org"}, "email"), ({"email": "a@b@c"}, "email"), ({"email": "a@-x.org"}, "email"),
    ({"email": "a..b@example.org"}, "email"), ({"email": "a@example..org"}, "email"), ({"email": f"{'x' * 65}@example.org"}, "email"),
    ({"email": "a@" + ".".join(["x" * 60] * 5)}, "email"), ({"email": "<a@example.org>"}, "email"),
    ({"email": "a\u200b@example.org"}, "email"),
    ({"role": "root"}, "role"), ({"role": "Admin"}, "role"), ({"role": ""}, "role"),
    ({"password": "1234567"}, "password"), ({"password": "x" * 201}, "password"), ({"password": "12345678\0"}, "password"),
    ({"version": 0}, "version"), ({"version": "one"}, "version"), ({"nmae": "Ada"}, "nmae")])
def test_a_bad_field_is_named_with_a_sentence_and_nothing_is_stored(sqlite_client, fields, wrong):
    before = sqlite_client.everything()
    answer = sqlite_client.post_json("/api/users", {**ADA, **fields}, status=422)
    assert list(answer.json["errors"]) == [wrong]
    assert sqlite_client.put_json("/api/users/1", fields, status=422).json["errors"] == answer.json["errors"]
    assert sqlite_client.everything() == before


def test_all_bad_fields_are_named_at_once(sqlite_client):
    answer = sqlite_client.post_json("/api/users", {"role": "x", "password": "short"}, status=422)
    assert set(answer.json["errors"]) == {"name", "email", "role", "password"}
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == 422


def test_the_names_that_people_have_are_taken(client):
    user = create(client)
    for name in ("Zoë Ünlü", "李小龍", "عمر", "नरेन्द्र", "O'Brien-Smith, Jr.", "<b>Bobby</b>", "🎈", "x" * 100):
        assert client.put_json(f"/api/users/{user['id']}", {"name": name}).json["name"] == name


def test_the_addresses_that_people_have_are_taken(client):
    for email in ("a@b", "admin2@localhost", "first.last+tag@sub.example.org", "o'brien@example.org", "jörg@münchen.example"):
        assert create(client, email=email)["email"] == email


def test_text_is_trimmed_and_put_into_one_normal_form(client):
    user = create(client, name="  Zoe\u0308  ", email="  zoe@example.org\n")
    assert (user["name"], user["email"]) == ("Zo\u00eb", "zoe@example.org")


def test_one_address_belongs_to_one_account_however_it_is_written(client):
    user = create(client)
    before = client.everything()
    for other in ("ada@example.org", "ADA@Example.ORG", " ada@example.org "):
        answer = client.post_json("/api/users", {"name": "Eve", "email": other}, status=409)
        assert list(answer.json["errors"]) == ["email"]
        assert client.put_json("/api/users/1", {"email": other}, status=409).json == answer.json
    assert client.everything() == before
    assert client.put_json(f"/api/users/{user['id']}", {"email": "Ada@Example.org"}).json["email"] == "Ada@Example.org"


def test_case_folds_alike_beyond_ascii(client):
    create(client, email="jörg@example.org")
    client.post_json("/api/users", {"name": "Eve", "email": "JÖRG@example.org"}, status=409)


def test_a_stale_version_is_answered_with_the_present_object(client):
    user = create(client)
    present = client.put_json(f"/api/users/{user['id']}", {"name": "Second", "version": 1}).json
    before = client.everything()
    answer = client.put_json(f"/api/users/{user['id']}", {"name": "Third", "version": 1}, status=409)
    assert answer.json["present"] == present
    assert client.everything() == before
    assert client.put_json(f"/api/users/{user['id']}", {"name": "Third"}).json["version"] == 3


def test_nobody_deletes_or_demotes_the_last_admin(client):
    before = client.everything()
    client.delete("/api/users/1", status=409)
    client.put_json("/api/users/1", {"role": "member"}, status=409)
    assert client.everything() == before
    create(client, role="admin")
    client.delete("/api/users/1", status=204)


# Passwords

def test_a_password_is_stored_as_argon2_and_never_shown(client):
    user = create(client, password="correct horse")
    [(stored,)] = client.rows(f"SELECT password_hash FROM users WHERE id = {user['id']}")
    assert PasswordHasher().verify(stored, "correct horse")
    seen = client.get(f"/api/users/{user['id']}").text + client.get("/api/users").text + repr(client.events())
    assert "password" not in seen and "argon2" not in seen


def test_an_empty_password_leaves_the_present_one(client):
    user = create(client, password="correct horse")
    client.put_json(f"/api/users/{user['id']}", {"name": "Ada 2", "password": ""})
    [(stored,)] = client.rows(f"SELECT password_hash FROM users WHERE id = {user['id']}")
    assert PasswordHasher().verify(stored, "correct horse")


def test_a_new_password_is_a_change_like_any_other(client):
    user = create(client)
    assert client.put_json(f"/api/users/{user['id']}", {"password": "12345678"}).json["version"] == 2
    assert client.events()[-1][1] == "user_updated"


# Bodies

@pytest.mark.parametrize("body", [
    b"", b"{", b"nonsense", b"[]", b"null", b"1", b'"x"', b"NaN", b'{"name": NaN}', b'{"name": Infinity}', b"\xff\xfe", b'{"name": "\xff"}',
    b'{"name": "a", "name": "b"}', b'{"x": {"a": 1, "a": 2}}', b"[" * 100_000, b'{"a":' * 50_000, b'{"version": ' + b"9" * 5000 + b"}",
    b'\xef\xbb\xbf{"name": "BOM"}'], ids=lambda body: repr(body[:24]))
def test_a_body_that_is_no_json_object_is_refused_as_unreadable(sqlite_client, body):
    before = sqlite_client.everything()
    for method, url in ((sqlite_client.post, "/api/users"), (sqlite_client.put, "/api/users/1")):
        answer = method(url, body, content_type="application/json", status=400)
        assert answer.content_type == "application/problem+json"
    assert sqlite_client.everything() == before


@pytest.mark.parametrize("role", ["admin", "anonymous"])
@pytest.mark.parametrize("content_type", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", None])
def test_another_content_type_is_refused_whoever_asks(sqlite_client, as_role, content_type, role):
    client = as_role(sqlite_client, role)
    client.post("/api/users", b"{}", content_type=content_type, status=415)
    client.put("/api/users/1", b"{}", content_type=content_type, status=415)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_called_json_in_other_ways(sqlite_client, content_type):
    sqlite_client.post("/api/users", b'{"name": "Ada", "email": "a@b"}', content_type=content_type, status=201)


def test_a_body_that_is_too_large_is_refused(sqlite_client):
    answer = sqlite_client.post_json("/api/users", {**ADA, "name": "x" * (1 << 20)}, status=413)
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("method, url, allowed", [
    ("PATCH", "/api/users/1", {"GET", "HEAD", "PUT", "DELETE"}), ("PUT", "/api/users", {"GET", "HEAD", "POST"}),
    ("DELETE", "/api/users", {"GET", "HEAD", "POST"})])
def test_a_method_that_is_not_allowed_is_answered_with_those_that_are(sqlite_client, method, url, allowed):
    answer = sqlite_client.request(url, method=method, body=b"{}", content_type="application/json", status=405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_an_id_that_nobody_has_is_not_found(client):
    for user_id in ("0", "-1", "x", "1.0", "99999999999999999999", "999999999999999999", "%D9%A1"):
        assert client.get(f"/api/users/{user_id}", status=404).content_type == "application/problem+json"
    for user_id in ("%00", "1%00", "1%0A"):
        assert client.get(f"/api/users/{user_id}", status=400).content_type == "application/problem+json"
