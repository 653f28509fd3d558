"""Metrics: the last value that was logged outlives the log, whoever published it; transient ones leave no trace."""
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from myapp.realtime import session
from myapp.realtime.testing import TestApp

from .conftest import LOCAL, with_admin
from .speaker import Speaker

URL = "/api/topics/metric:hall/events"
AT = "2026-01-31T07:05:09.000000Z"


def publish(client, value, status=201, transient=False, headers=None, **fields):
    event = {"type": "value", "data": {"value": value, **fields}, **({"transient": True} if transient else {})}
    return client.post_json(URL, event, headers=headers, status=status)


def hall(client, **parameters):
    return client.get("/api/metrics/hall", parameters).json


def test_a_metric_is_its_last_value_and_those_before_it_oldest_first(client):
    publish(client, 20, unit="°C", at=AT)
    before = datetime.now(UTC)
    publish(client, 21.5, unit="°C")
    metric = hall(client)
    assert set(metric) == {"name", "changed", "value", "unit", "at", "history", "cursor"}
    assert (metric["name"], metric["value"], metric["unit"]) == ("hall", 21.5, "°C")
    assert before <= datetime.fromisoformat(metric["at"]) <= datetime.now(UTC) and metric["cursor"].endswith("-3")
    assert metric["history"][0] == {"value": 20, "unit": "°C", "at": AT}
    assert [each["value"] for each in metric["history"]] == [20, 21.5]
    assert abs(datetime.fromisoformat(metric["history"][1]["at"]) - before).total_seconds() < 60      # the log's own clock: whole seconds
    assert [each["value"] for each in hall(client, limit=1)["history"]] == [21.5]
    listed = client.get("/api/metrics").json
    assert listed["items"] == [{field: metric[field] for field in ("name", "changed", "value", "unit", "at")}] and listed["total"] == 1


def test_a_value_is_kept_by_whatever_way_it_came_and_longer_than_the_log_keeps_it(client):
    def script():
        with session(client.registry) as rt:
            rt.publish("metric:hall", "value", {"value": 2})

    def socket():
        with Speaker(client, "users") as speaker:
            assert speaker.say({"publish": {"topic": "metric:hall", "type": "value", "data": {"value": 3}}}) == {"ok": True}

    for value, publish_one in enumerate((lambda: publish(client, 1), script, socket), 1):
        publish_one()
        assert hall(client)["value"] == value
    client.registry.realtime.log.prune(keep_rows=0)
    assert (hall(client)["value"], hall(client)["history"]) == (3, [])


def test_a_value_is_kept_in_the_transaction_of_its_event_or_not_at_all(client):
    publish(client, 1)
    before = client.everything()
    with session(client.registry) as rt:
        with pytest.raises(ZeroDivisionError), rt.request.dbsession.begin_nested():
            rt.publish("metric:hall", "value", {"value": 2})
            raise ZeroDivisionError()
    with pytest.raises(ZeroDivisionError), session(client.registry) as rt:
        rt.publish("metric:hall", "value", {"value": 3})
        raise ZeroDivisionError()
    assert client.everything() == before


def test_of_values_published_at_the_same_moment_the_last_event_is_the_one_that_is_kept(client):
    publish(client, 0)
    with ThreadPoolExecutor(5) as threads:
        list(threads.map(lambda value: publish(client.elsewhere(), value), range(1, 11)))
    values = [event[3]["value"] for event in client.events() if event[0] == "metric:hall"]
    assert sorted(values) == list(range(11)) and hall(client)["value"] == values[-1]
    assert [each["value"] for each in hall(client)["history"]] == values


@pytest.mark.parametrize("zone, at", [("Asia/Tokyo", "9999-12-31T23:59:59.000000Z"), ("America/New_York", "0001-01-01T00:00:00.000000Z")])
def test_a_moment_at_the_end_of_time_can_be_read_whatever_the_zone_of_the_database(migrated_postgresql, make_client, zone, at):
    client = with_admin(make_client(f"{migrated_postgresql}?options=-ctimezone%3D{zone}"))
    publish(client, 20, at=at)
    assert hall(client)["at"] == client.get("/api/metrics").json["items"][0]["at"] == at


def test_two_who_publish_the_same_metrics_in_opposite_order_do_not_lock_each_other_out(migrated_postgresql, make_client):
    client, both, met = make_client(migrated_postgresql), threading.Barrier(2), set()

    def meet_after_the_first(connection, cursor, statement, *more):
        """Both have locked one metric before either locks another, if they can."""
        if statement.startswith("INSERT INTO metrics") and threading.get_ident() not in met:
            met.add(threading.get_ident())
            with suppress(threading.BrokenBarrierError):
                both.wait(1)

    def publish_all(value, *names):
        with session(client.registry) as rt:
            for name in names:
                rt.publish(f"metric:{name}", "value", {"value": value})

    sa.event.listen(client.registry["dbsession_factory"].kw["bind"], "after_cursor_execute", meet_after_the_first)
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(publish_all, 1, "a", "b"), threads.submit(publish_all, 2, "b", "a")]:
            done.result(30)
    last = {topic: data["value"] for topic, *_, data in client.events()}
    assert dict(client.rows("SELECT 'metric:' || name, value FROM metrics")) == last and len(last) == 2


def test_a_transient_value_reaches_who_listens_and_the_database_is_not_touched(visitor):
    headers, statements = visitor.bearer(3), []
    publish(visitor, 1, headers=headers)
    publish(visitor, 2, 202, transient=True, headers=headers)       # from here on all that is asked at times is known: who, which log
    before = visitor.everything()
    with TestApp(visitor.app, extra_environ=LOCAL).stream("/events?topic=metric:hall", headers=headers) as stream:
        own = threading.get_ident()     # not the watch's, that looks after the stream's rights
        sa.event.listen(visitor.registry["dbsession_factory"].kw["bind"], "before_cursor_execute",
                        lambda *given: statements.append(given[2]) if threading.get_ident() == own else None)
        for value in range(10):
            publish(visitor, value, 202, transient=True, headers=headers)
        said = list(statements)
        assert [json.loads(message.data)["value"] for message in stream.take(10, timeout=20)] == list(range(10))
    assert len(said) == 20 and {statement.split()[0] for statement in said} == {"BEGIN", "SELECT"}, said   # who asks, each time
    assert not any("IMMEDIATE" in statement or "event_log" in statement for statement in said)
    assert visitor.everything() == before and visitor.get("/api/metrics/hall", headers=headers).json["value"] == 1


def test_an_event_of_another_type_is_no_value(sqlite_client):
    sqlite_client.post_json(URL, {"type": "door_opened", "data": {"value": "x", "at": 5}}, status=201)
    sqlite_client.get("/api/metrics/hall", status=404)
    publish(sqlite_client, 1)
    sqlite_client.post_json(URL, {"type": "door_opened", "data": {"value": "x"}}, status=201)
    assert hall(sqlite_client)["value"] == 1 and len(hall(sqlite_client)["history"]) == 1


def test_a_list_takes_limit_offset_and_since_and_asks_as_much_for_many_as_for_one(sqlite_client):
    statements = []
    for name in "abc":
        sqlite_client.post_json(f"/api/topics/metric:{name}/events", {"type": "value", "data": {"value": 1}}, status=201)
    sa.event.listen(sqlite_client.registry["dbsession_factory"].kw["bind"], "before_cursor_execute",
                    lambda *given: statements.append(given[2]))
    items = sqlite_client.get("/api/metrics").json["items"]
    assert [item["name"] for item in items] == ["c", "b", "a"]
    assert len(statements) == len(["BEGIN", "who asks", "the cursor", "the metrics", "how many"])
    assert sqlite_client.get("/api/metrics", {"limit": 1, "offset": 1}).json["items"] == [items[1]]
    assert sqlite_client.get("/api/metrics", {"since": items[1]["changed"]}).json["items"] == items[:2]


def test_who_may_read_metrics_is_who_may_read_their_topics(visitor, make_client, migrated_sqlite):
    publish(visitor, 1, headers=visitor.bearer(3))
    for scopes, statuses in (((), (200, 200)), (("read:metric:*",), (200, 200)), (("read:metric:hall",), (403, 200)),
                             (("read:metric:halls",), (403, 403)), (("publish:*",), (403, 403)), (("read:users",), (403, 403))):
        headers = visitor.bearer(2, *scopes)
        for url, status in zip(("/api/metrics", "/api/metrics/hall"), statuses, strict=True):
            assert visitor.get(url, headers=headers, status="*").status_int == status, (scopes, url)
    for public, status in (("false", 401), ("true", 200)):
        anonymous = make_client(migrated_sqlite, None, **{"myapp.public_read": public})
        anonymous.get("/api/metrics", status=status)
        anonymous.get("/api/metrics/hall", status=status)
