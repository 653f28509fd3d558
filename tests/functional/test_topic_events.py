"""POST /api/topics/{topic}/events: what is published from outside, and what is refused."""
import pytest

URL = "/api/topics/metric:hall.Temp-1/events"
VALUE = {"type": "value", "data": {"value": 21.5}}


def test_an_event_is_published_as_it_was_given_and_answered_without_its_data(client):
    answer = client.post_json(URL, {"type": "door_opened", "data": {"by": "Zoë", "deep": [{"a": None}]}, "key": "door-7"}, status=201)
    assert answer.json == {"type": "door_opened", "topic": "metric:hall.Temp-1"}
    assert client.events()[-1] == ("metric:hall.Temp-1", "door_opened", "door-7", {"by": "Zoë", "deep": [{"a": None}]})


@pytest.mark.parametrize("data, published", [
    ({"value": 0}, {"value": 0}), ({"value": -1.25e-7}, {"value": -1.25e-7}), ({"value": 10**300}, {"value": 10**300}),
    ({"value": 1, "unit": " °C "}, {"value": 1, "unit": "°C"}),
    ({"value": 1, "at": "2026-01-31T08:05:09+01:00"}, {"value": 1, "at": "2026-01-31T07:05:09.000000Z"})])
def test_a_value_is_a_finite_number_with_perhaps_a_unit_and_a_moment(sqlite_client, data, published):
    sqlite_client.post_json(URL, {"type": "value", "data": data}, status=201)
    assert sqlite_client.events()[-1] == ("metric:hall.Temp-1", "value", None, published)


def test_a_transient_event_is_accepted_and_not_stored(sqlite_client):
    before = sqlite_client.everything()
    assert sqlite_client.post_json(URL, {**VALUE, "transient": True}, status=202).json == {"type": "value", "topic": "metric:hall.Temp-1"}
    assert sqlite_client.everything() == before
    sqlite_client.post_json(URL, {**VALUE, "transient": False}, status=201)


@pytest.mark.parametrize("given, wrong", [
    ({"type": "value"}, "data"), ({"data": {}}, "type"), ({"type": 1, "data": {}}, "type"), ({"type": "x", "data": []}, "data"),
    ({"type": "x", "data": None}, "data"), ({"type": "x", "data": "{}"}, "data"), ({**VALUE, "transient": 1}, "transient"),
    ({**VALUE, "transient": None}, "transient"), ({**VALUE, "key": 7}, "key"), ({**VALUE, "topic": "users"}, "topic"),
    ({**VALUE, "id": "x"}, "id"), ({"type": "value", "data": {}}, "data.value"), ({"type": "value", "data": {"value": None}}, "data.value"),
    ({"type": "value", "data": {"value": True}}, "data.value"), ({"type": "value", "data": {"value": "1"}}, "data.value"),
    ({"type": "value", "data": {"value": 10**400}}, "data.value"), ({"type": "value", "data": {"value": [1]}}, "data.value"),
    ({"type": "value", "data": {"value": 1, "unit": "x" * 21}}, "data.unit"),
    ({"type": "value", "data": {"value": 1, "unit": 5}}, "data.unit"),
    ({"type": "value", "data": {"value": 1, "unit": "a\nb"}}, "data.unit"), ({"type": "value", "data": {"value": 1, "at": 5}}, "data.at"),
    ({"type": "value", "data": {"value": 1, "at": "2026-01-31T07:05:09"}}, "data.at"),
    ({"type": "value", "data": {"value": 1, "at": "\ud800"}}, "data.at"),
    ({"type": "value", "data": {"value": 1, "x'--": 1}}, "data.x'--")],
    ids=repr)
def test_a_field_that_is_missing_wrong_or_unknown_is_named_and_nothing_is_stored(sqlite_client, given, wrong):
    before = sqlite_client.everything()
    answer = sqlite_client.post_json(URL, given, status=422)
    assert list(answer.json["errors"]) == [wrong]
    assert sqlite_client.everything() == before


TYPES = ["", "Value", "a b", "a\nid: 5", "a\r\n\r\ndata: x", "a\0", "a\u2028", "\ud800", "x" * 201, "x" * 200_000,
         "connected", "reset", "closing", "heartbeat", "'; DROP TABLE event_log; --"]
KEYS = ["", "a b", "a\nid: 5", "a\r\n", "a\0", "\ud800", "x" * 201, "'--"]


def test_what_streams_could_not_carry_is_refused_in_a_sentence_and_nothing_is_stored(client):
    before = client.everything()
    for given in [{"type": type, "data": {}} for type in TYPES] + [{**VALUE, "key": key} for key in KEYS] + [
            {"type": "x", "data": {"text": "x" * (65 << 10)}}]:
        answer = client.post_json(URL, given, status=422)
        assert list(answer.json["errors"]) == ["event"] and len(answer.body) < 2000, ascii(given)[:80]
    assert client.everything() == before


def test_hostile_text_within_the_data_is_only_data(client):
    data = {"text": "a\r\nid: 5\n\ndata: x\0\u2028\ud800</script>'; DROP TABLE event_log; --", "\0\n": {"__proto__": 1}}
    client.post_json(URL, {"type": "said", "data": data}, status=201)
    assert client.events()[-1][3] == data
    [event] = client.registry.realtime.log.read_after(len(client.events()) - 1)
    assert "\n" not in event.data and "\r" not in event.data


@pytest.mark.parametrize("topic", [
    "metric", "metric:", "metric:a:b", "metric:a%20b", "metric:%C3%A4", "metric:a%2fb", "a/b", "Metric:a", "metric:" + "x" * 194,
    "metric:..%2f..", "realtime", "nothing", "x" * 5000, "metric:a'--", "user:99", "updates:none", "..", "%2e%2e", ":", "metric%3A"])
def test_a_topic_that_does_not_exist_or_is_malformed_is_not_found(sqlite_client, topic):
    before = sqlite_client.everything()
    sqlite_client.post_json(f"/api/topics/{topic}/events", VALUE, status=404)
    assert sqlite_client.everything() == before


def test_a_topic_may_be_as_long_as_topics_may_be_and_may_be_percent_encoded(sqlite_client):
    topic = "metric:" + "x" * 193
    assert sqlite_client.post_json(f"/api/topics/{topic}/events", VALUE, status=201).json["topic"] == topic
    assert sqlite_client.post_json("/api/topics/metric%3Ax/events", VALUE, status=201).json["topic"] == "metric:x"


@pytest.mark.parametrize("path", ["metric:a%00", "metric:a%0a", "metric:a%0d%0aX:y", "metric:%ff", "%ED%A0%80"])
def test_bytes_that_no_address_has_are_refused(sqlite_client, path):
    answer = sqlite_client.post_json(f"/api/topics/{path}/events", VALUE, status=400)
    assert "X" not in answer.headers


def test_who_may_not_is_refused_before_the_body_is_looked_at(sqlite_client, as_role):
    for role, status in (("member", 403), ("anonymous", 401)):
        client = as_role(sqlite_client, role)
        before = sqlite_client.events()
        client.post(URL, b"nonsense", content_type="application/json", status=status)
        assert client.post_json(URL, VALUE, status=status).content_type == "application/problem+json"
        assert sqlite_client.events() == before
