"""/api/rows: what is read, what is written, what is refused, what each write publishes, and what writers at the same moment leave."""
from concurrent.futures import ThreadPoolExecutor

FIELDS = {"id", "version", "created", "changed", "a", "b", "sum"}


def create(client, value=3):
    return client.post_json("/api/rows", {"value": value}, status=201).json


def told(client):
    return [event for event in client.events() if event[0] == "rows"]


def test_a_created_row_has_its_value_twice_and_the_sum_and_is_published_as_it_is_answered(client):
    answer = client.post_json("/api/rows", {"value": 7}, status=201)
    row = answer.json
    assert set(row) == FIELDS and (row["a"], row["b"], row["sum"], row["version"]) == (7, 7, 14, 1)
    assert answer.headers["Location"].endswith(f"/api/rows/{row['id']}")
    assert client.get(answer.headers["Location"]).json == row
    assert told(client) == [("rows", "row_created", f"row-{row['id']}", row)]


def test_a_changed_number_moves_the_sum_and_the_version_and_the_other_number_stays(client):
    row = create(client)
    changed = client.put_json(f"/api/rows/{row['id']}", {**row, "b": 9}).json
    assert changed == {**row, "b": 9, "sum": 12, "version": 2, "changed": changed["changed"]} and changed["changed"] > row["changed"]
    assert told(client)[1:] == [("rows", "row_updated", f"row-{row['id']}", changed)]
    before = client.everything()
    assert client.put_json(f"/api/rows/{row['id']}", {"b": 9}).json == changed
    assert client.everything() == before


def test_a_deleted_row_is_gone_and_only_its_id_is_published_and_never_given_again(client):
    row = create(client)
    assert client.delete(f"/api/rows/{row['id']}", status=204).body == b""
    assert told(client)[1:] == [("rows", "row_deleted", f"row-{row['id']}", {"id": row["id"]})]
    client.get(f"/api/rows/{row['id']}", status=404)
    client.delete(f"/api/rows/{row['id']}", status=404)
    client.put_json(f"/api/rows/{row['id']}", {"a": 1}, status=404)
    assert create(client)["id"] > row["id"]


def test_a_stale_version_is_answered_with_the_present_row(client):
    row = create(client)
    present = client.put_json(f"/api/rows/{row['id']}", {"a": 5, "version": 1}).json
    before = client.everything()
    assert client.put_json(f"/api/rows/{row['id']}", {"a": 6, "version": 1}, status=409).json["present"] == present
    assert client.everything() == before
    assert client.put_json(f"/api/rows/{row['id']}", {"a": 6}).json["version"] == 3


def test_a_list_is_newest_first_and_takes_limit_offset_and_since(sqlite_client):
    rows = [create(sqlite_client, value) for value in (1, 2, 3)]
    answer = sqlite_client.get("/api/rows").json
    assert answer["items"] == rows[::-1] and answer["total"] == 3 and answer["cursor"].endswith("-4")
    answer = sqlite_client.get("/api/rows", {"limit": 1, "offset": 1, "since": rows[0]["changed"]}).json
    assert answer["items"] == [rows[1]] and answer["total"] == 3


NO_NUMBERS = [0, 10, -1, 1.5, 3.0, "x", "", "0", "10", "3 ", "\u0663", None, True, [], {}, 10**400, "9" * 50, "\ud800"]


def test_a_number_is_a_whole_one_from_1_to_9_or_nothing_is_stored(sqlite_client):
    row = create(sqlite_client)
    before = sqlite_client.everything()
    for value in NO_NUMBERS:
        for ask, url, field in ((sqlite_client.post_json, "/api/rows", "value"), (sqlite_client.put_json, f"/api/rows/{row['id']}", "a"),
                                (sqlite_client.put_json, f"/api/rows/{row['id']}", "b")):
            assert list(ask(url, {field: value}, status=422).json["errors"]) == [field], ascii(value)
    assert sqlite_client.everything() == before


def test_only_the_fields_of_a_row_are_taken(sqlite_client):
    row = create(sqlite_client)
    before = sqlite_client.everything()
    assert set(sqlite_client.post_json("/api/rows", {}, status=422).json["errors"]) == {"value"}
    assert set(sqlite_client.post_json("/api/rows", {"value": 1, "a": 2}, status=422).json["errors"]) == {"a"}
    assert set(sqlite_client.put_json(f"/api/rows/{row['id']}", {"value": 1}, status=422).json["errors"]) == {"value"}
    assert sqlite_client.everything() == before


def test_who_adds_changes_and_deletes_is_written_down(sqlite_client):
    row = create(sqlite_client)
    sqlite_client.put_json(f"/api/rows/{row['id']}", {"a": 4, "b": 5})
    sqlite_client.delete(f"/api/rows/{row['id']}")
    subject = f"row {row['id']}"
    assert sqlite_client.audit()[-3:] == [("admin", f"row_{what}", subject) for what in ("created", "changed", "deleted")]
    assert sqlite_client.rows("SELECT detail FROM audit WHERE action = 'row_changed'") == [("a: 3 -> 4; b: 3 -> 5",)]


def test_rows_are_public_where_public_topics_are(migrated_sqlite, make_client):
    for public, status in (("false", 401), ("true", 200)):
        client = make_client(migrated_sqlite, None, **{"myapp.public_read": public})
        client.get("/api/rows", status=status)
        client.head("/events?topic=rows", status=status)
        client.post_json("/api/rows", {"value": 1}, status=401)


def test_writers_at_the_same_moment_lose_nothing_of_one_another(client):
    """Each number of a row, the sum and the versions are those that the events tell, in their order."""
    row = create(client, 1)
    url = f"/api/rows/{row['id']}"
    cells = [("a", 2), ("b", 3), ("a", 4), ("b", 5), ("a", 6), ("b", 7)]
    with ThreadPoolExecutor(len(cells)) as threads:
        answers = list(threads.map(lambda cell: client.elsewhere().put_json(url, {cell[0]: cell[1]}), cells))
    data = [event[3] for event in told(client)]
    assert [each["version"] for each in data] == list(range(1, 8)) and data[-1] == client.get(url).json
    assert sorted((answer.json for answer in answers), key=lambda each: each["version"]) == data[1:]
    assert {each["sum"] - each["a"] - each["b"] for each in data} == {0} and data[-1]["a"] in {2, 4, 6} and data[-1]["b"] in {3, 5, 7}
