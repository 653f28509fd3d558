"""Publishing by a WebSocket: the same is taken and the same is refused, in the same words, as by POST /api/topics/{topic}/events."""
import json

import pytest

from myapp.realtime import InvalidEvent, session

from .conftest import url_of
from .speaker import Speaker
from .test_hostile_endpoints import BODIES, VALUES
from .test_topic_events import KEYS, TYPES, VALUE

TOPIC = "metric:hall"
URL = f"/api/topics/{TOPIC}/events"


@pytest.fixture
def speaker(sqlite_client):
    with Speaker(sqlite_client, "users") as speaker:
        yield speaker


def publish(speaker, **event):
    return speaker.say({"publish": {"topic": TOPIC} | event, "ref": 7})


DATA = [{"value": value} for value in (0, -1.25e-7, 10**300, None, True, "1", 10**400, [1])] + [
    {}, {"value": 1, "unit": " °C "}, {"value": 1, "unit": "a\nb"}, {"value": 1, "unit": "x" * 21}, {"value": 1, "unit": 5},
    {"value": 1, "at": "2026-01-31T08:05:09+01:00"}, {"value": 1, "at": 5}, {"value": 1, "at": "\ud800"}, {"value": 1, "x'--": 1}]


@pytest.mark.parametrize("type", ["value", "door_opened"])
def test_what_a_metric_may_say_is_the_same_by_both_ways(sqlite_client, speaker, type):
    for data in DATA:
        posted, before = sqlite_client.post_json(URL, {"type": type, "data": data}, status="*"), sqlite_client.events()
        told = publish(speaker, type=type, data=data)
        if posted.status_int == 201:
            assert told == {"ok": True, "ref": 7} and sqlite_client.events() == [*before, before[-1]], data
        else:
            assert (told["error"]["status"], told["error"]["errors"], told["ref"]) == (posted.status_int, posted.json["errors"], 7), data
            assert sqlite_client.events() == before


def test_a_metric_is_as_clean_from_a_script_as_from_outside(sqlite_client):
    with session(sqlite_client.registry) as rt:
        rt.publish(TOPIC, "value", {"value": 1, "unit": " °C "})
        with pytest.raises(InvalidEvent) as caught:
            rt.publish(TOPIC, "value", {"value": "1"})
    assert caught.value.errors == {"data.value": "This must be a finite number."}
    assert sqlite_client.events()[-1][3] == {"value": 1, "unit": "°C"}


def test_who_writes_too_often_waits_whichever_way_he_writes(visitor, make_client):
    client = make_client(url_of(visitor), None, **{"myapp.rate_limit.api_writes": "3 per 10 days"})
    editor = client.bearer(3)
    with Speaker(client, "users", headers=editor) as speaker, Speaker(client, "users", headers=client.bearer(1)) as other:
        client.post_json(URL, VALUE, headers=editor, status=201)
        assert [publish(speaker, **VALUE) for _ in range(2)] == 2 * [{"ok": True, "ref": 7}]
        refused = publish(speaker, **VALUE)
        assert refused["error"]["status"] == 429 and refused["error"]["retry_after_s"] >= 1 and refused["ref"] == 7
        client.post_json(URL, VALUE, headers=editor, status=429)
        assert speaker.say({"subscribe": ["channels"]}) == {"ok": True} and publish(other, **VALUE) == {"ok": True, "ref": 7}
    assert [event[1] for event in client.events()].count("value") == 4


# Hostile bytes, in the place of each field of every message

MESSAGES = {
    "subscribe": '{"subscribe": %s}', "topics": '{"subscribe": ["users", %s]}', "unsubscribe": '{"unsubscribe": [%s], "ref": 1}',
    "ref": '{"unsubscribe": ["users"], "ref": %s}', "publish": '{"publish": %s}', "data": '{"publish": {"topic": "metric:a", '
    '"type": "value", "data": %s}}', "topic": '{"publish": {"topic": %s, "type": "x", "data": {}}}',
    "type": '{"publish": {"topic": "metric:a", "type": %s, "data": {}}}', "name": '{%s: ["users"]}'}
HARMLESS = {"unsubscribe", "ref"}       # these may be any text that is no longer than it may be
TOO_LARGE = 1009


@pytest.mark.parametrize("field", MESSAGES)
def test_hostile_bytes_in_any_field_are_answered_and_harm_nothing(sqlite_client, caplog, field):
    before = sqlite_client.everything()
    for value in (*VALUES, *(json.dumps(text) for text in (*TYPES, *KEYS) if text != "x" * 200)):
        with Speaker(sqlite_client, "users") as speaker:
            told = speaker.say_text(MESSAGES[field] % value)
        if told == TOO_LARGE:
            assert len(value) > 60_000
        elif field in HARMLESS and "ok" in told:
            assert field != "ref" or json.loads(value) == told["ref"], "it is answered with the ref of somebody else"
        else:
            assert told["error"]["status"] in (400, 404, 422) and told["error"]["detail"], ascii(value)[:100]
    assert sqlite_client.everything() == before
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def test_what_is_no_object_of_json_is_answered_with_why(sqlite_client):
    for text in (*BODIES, *VALUES):
        with Speaker(sqlite_client, "users") as speaker:
            told = speaker.say_text(text)
        assert told == TOO_LARGE or told["error"]["status"] == 400 and told["error"]["detail"], ascii(text)[:100]
