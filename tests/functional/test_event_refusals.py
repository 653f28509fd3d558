"""GET /events and GET /events/poll: whom they refuse, and what hostile bytes in their query and headers come to."""
import json

import pytest
from pyramid.authorization import Allow, Authenticated
from pyramid.testing import DummySecurityPolicy

from .shop import StreamShop, buy, whisper

HOSTILE = ["\r\n", "\0", "a\nid: 7", "<script>alert(1)</script>", "\u2028", "é", "' OR 1=1 --", "../../etc/passwd", "a" * 1_000_000]
HOSTILE_BYTES = ["%0D%0A", "%00", "%ff%fe", "%ed%a0%80", "%", "%zz", "a%0Aid:%207", "%E2%80%A8"]


class Vault:
    """The context of `vault:{number}`: there are two, and one is open."""

    def __init__(self, request, number):
        self.__acl__ = {"1": [(Allow, Authenticated, "view")], "2": []}[number]


def configure(config):
    config.add_topic("vault:{number}", factory=Vault, permission="view")


@pytest.fixture
def shop(migrated_sqlite):
    shop = StreamShop(migrated_sqlite, configure, buy=buy, whisper=whisper)
    yield shop
    shop.close()


def refused(shop, status, url="/events?topic=goods", **headers):
    """GET and expect a refusal; returns its problem. Nothing is open afterwards."""
    answer = shop.get(url, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.content_type == "application/problem+json" and answer.json["status"] == status and answer.json["detail"]
    assert shop.registry.realtime.hub.open_streams == 0 and shop.registry.realtime.allowance.taken == 0
    return answer.json


@pytest.fixture(params=["/events", "/events/poll"])
def path(request):
    return request.param


@pytest.mark.parametrize(("query", "status"), [
    ("", 400), ("?topic=", 400), ("?topic=A", 400), ("?topic=a::b", 400), ("?topic=" + "a" * 201, 400),
    ("?" + "&".join(f"topic=t{number}" for number in range(51)), 400), ("?" + "&".join(f"topic=t{number}" for number in range(5000)), 400),
    ("?topic=nothing", 404)])
def test_what_is_no_topic_is_refused(shop, path, query, status):
    refused(shop, status, path + query)


def test_one_topic_many_times_is_one_topic(shop, path):
    shop.head(f"{path}?" + "&".join(["topic=goods"] * 60), status=200)


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/event-stream;q=0"])
def test_a_client_that_wants_something_else_is_told_so(shop, accept):
    refused(shop, 406, Accept=accept)


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*", "text/*", "not a header at all"])
def test_a_client_that_takes_anything_is_served(shop, accept):
    shop.head("/events?topic=goods", headers={"Accept": accept}, status=200)


def test_other_methods_are_not_allowed(shop, path):
    answer = shop.post(f"{path}?topic=goods", status=405)
    assert answer.headers["Allow"] == "GET, HEAD"


def test_unknown_forbidden_and_not_signed_in_are_told_apart_and_named(shop, migrated_sqlite, path):
    two = f"{path}?topic=vault:1&topic=vault:2&topic=goods"
    assert refused(shop, 404, f"{path}?topic=vault:3&topic=vault:2&topic=nothing")["topics"] == ["nothing", "vault:3"]
    anonymous, member = DummySecurityPolicy(permissive=False), DummySecurityPolicy(userid="7", permissive=False)
    for policy, status in (anonymous, 401), (member, 403):
        guarded = StreamShop(migrated_sqlite, lambda config, policy=policy: (configure(config), config.set_security_policy(policy)))
        assert refused(guarded, status, two)["topics"] == ["vault:1", "vault:2"]
        guarded.close()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["topic", "last_event_id", "fragments", "wait", "other"])
def test_hostile_text_in_the_query_is_harmless(shop, path, name, text):
    answer = shop.get(path, params=[("topic", "goods"), ("topic", "nothing"), (name, text)], expect_errors=True)
    assert answer.status_int in (400, 404)


@pytest.mark.parametrize("raw", HOSTILE_BYTES)
@pytest.mark.parametrize("name", ["topic", "last_event_id", "fragments", "wait", "other", "topic=goods&%ff"])
def test_hostile_bytes_in_the_query_are_harmless(shop, path, name, raw):
    answer = shop.get(f"{path}?topic=nothing&{name}={raw}", expect_errors=True)
    assert answer.status_int in (400, 404)


@pytest.mark.parametrize("raw", ["\x00", "\x7f", "\xff\xfe", "e-1\x0b", "é" * 5000])
def test_hostile_bytes_in_the_header_are_harmless(shop, raw):
    polled = shop.get("/events/poll?topic=goods", extra_environ={"HTTP_LAST_EVENT_ID": raw}).json
    assert polled["reset"]["reason"] == "unreadable" and polled["cursor"]
    with shop.stream("/events?topic=goods", extra_environ={"HTTP_LAST_EVENT_ID": raw}) as stream:
        assert json.loads(stream.take(2, controls=True)[1].data)["reason"] == "unreadable"
