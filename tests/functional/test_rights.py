"""The right to a stream: it ends with it, soon by itself and at once by order, whatever the application's security policy is."""
import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from pyramid.interfaces import ISecurityPolicy
from pyramid.response import Response
from zope.interface import implementer

from myapp import realtime
from myapp.realtime.testing import TestApp
from tests.waiting import wait_until

from .shop import Good, Shop, goods

SOON, NEVER = "200ms", "1h"     # realtime.recheck


def has(request, name):
    """Whether the table of goods, which are rights here, has one of that name."""
    return request.dbsession.get(Good, name) is not None


class Room:
    """The context of `room:{name}`; there is none without a row."""

    def __init__(self, request, name):
        if name == "broken" and has(request, "fault"):
            raise ValueError("a factory that fails")
        if not has(request, f"room {name}"):
            raise LookupError(name)
        self.name, self._request = name, request

    def lets_in(self, userid):
        return has(self._request, f"{userid} in {self.name}")


@implementer(ISecurityPolicy)
class AnyPolicy:
    """Who asks is in a header; whether he is somebody, in the database."""

    def identity(self, request):
        return self.authenticated_userid(request)

    def authenticated_userid(self, request):
        userid = request.headers.get("X-User")
        return userid if userid and has(request, userid) else None

    def permits(self, request, context, permission):
        return context.lets_in(self.identity(request))

    def remember(self, request, userid, **options):
        return []

    def forget(self, request, **options):
        return []


class SessionPolicy(AnyPolicy):
    """One that knows sessions: of each user one, of the same name. `asked` is how many it was asked about, each time."""

    def __init__(self):
        self.asked = []

    def session_id(self, request):
        return self.authenticated_userid(request)

    def identities(self, request, session_ids):
        self.asked.append(sorted(session_ids))
        return {one: None if has(request, f"expired {one}") else one for one in session_ids if has(request, one)}

    def identity_permits(self, identity, context, permission):
        return context.lets_in(identity)


def order(request):
    """Revoke or recheck as the body says; `fail` takes it back."""
    given = dict(request.json_body)
    act, fails = getattr(request.realtime, given.pop("act")), given.pop("fail", False)
    act(**given)
    return Response(status=409 if fails else 200)


class RightsShop(Shop, TestApp):
    """The shop with rooms, and rights that are rows."""

    def __init__(self, url, policy, recheck):
        def configure(config):
            config.set_security_policy(policy)
            config.add_topic("room:{name}", factory=Room, permission="view")
        super().__init__(url, configure, order=order, **{"realtime.recheck": recheck})

    def grant(self, *names):
        with self.engine.begin() as connection:
            connection.execute(sa.insert(goods), [{"name": name} for name in names])

    def take_away(self, *names):
        with self.engine.begin() as connection:
            connection.execute(sa.delete(goods).where(goods.c.name.in_(names)))

    def open(self, user, *topics):
        query = "&".join(f"topic={topic}" for topic in topics or ("room:a", "room:b"))
        stream = self.stream(f"/events?{query}", headers={"X-User": user} if user else {})
        stream.take(1, controls=True)
        return stream


@pytest.fixture(params=[AnyPolicy, SessionPolicy])
def policy(request):
    return request.param()


@pytest.fixture
def make_shop(migrated_sqlite, policy):
    shops = []

    def make(recheck=SOON):
        shops.append(RightsShop(migrated_sqlite, policy, recheck))
        if len(shops) == 1:
            shops[0].grant("ann", "bob", "room a", "room b", "None in b", *(f"{who} in {room}" for who in ("ann", "bob") for room in "ab"))
        return shops[-1]

    yield make
    for shop in shops:
        shop.close()


def ends(stream):
    """Wait for the stream's end; returns what it says."""
    (message,) = stream.take(1, controls=True, timeout=5)
    assert message.type == "closing" and message.id is None
    return json.loads(message.data)


def goes_on(shop, *streams):
    """Whether each of them still gets what is published to room b."""
    with realtime.session(shop.registry) as rt:
        rt.publish("room:b", "said", {})
    return all(stream.take(1)[0].type == "said" for stream in streams)


# By itself

def test_a_right_that_is_taken_away_behind_our_back_ends_the_stream_and_names_the_topic(make_shop):
    shop = make_shop()
    ann, bob, nobody = shop.open("ann"), shop.open("bob"), shop.open(None, "room:b")
    shop.take_away("ann in a")
    assert ends(ann) == {"reason": "revoked", "topics": ["room:a"]}
    assert goes_on(shop, bob, nobody, shop.open("ann", "room:b"))


def test_a_topic_that_is_no_more_ends_its_streams(make_shop):
    shop = make_shop()
    ann, bob = shop.open("ann"), shop.open("bob", "room:b")
    shop.take_away("room a")
    assert ends(ann) == {"reason": "revoked", "topics": ["room:a"]} and goes_on(shop, bob)


def test_a_user_who_is_no_more_loses_all_his_streams_and_an_anonymous_one_what_was_public(make_shop):
    shop = make_shop()
    streams, nobody, bob = [shop.open("ann", "room:a"), shop.open("ann", "room:b")], shop.open(None, "room:b"), shop.open("bob")
    shop.take_away("ann", "None in b")
    assert [ends(stream) for stream in streams] == 2 * [{"reason": "revoked"}]
    assert ends(nobody) == {"reason": "revoked", "topics": ["room:b"]} and goes_on(shop, bob)


@pytest.mark.parametrize("policy", [SessionPolicy], indirect=True)
def test_a_session_that_has_expired_is_told_so(make_shop):
    shop = make_shop()
    ann, bob = shop.open("ann"), shop.open("bob")
    shop.grant("expired ann")
    assert ends(ann) == {"reason": "expired"} and goes_on(shop, bob)


@pytest.mark.parametrize("policy", [SessionPolicy], indirect=True)
def test_each_session_is_asked_about_once_however_many_streams_it_has(make_shop, policy):
    shop = make_shop(NEVER)
    bob, *_ = [shop.open(user) for user in ("bob", "ann", "ann")] + [shop.open(None, "room:b")]
    shop.take_away("bob in a")
    shop.post_json("/order", {"act": "recheck", "topic": "room:a"})
    assert ends(bob) == {"reason": "revoked", "topics": ["room:a"]}
    assert policy.asked == [["ann", "bob"]]


def test_a_fault_of_one_topic_shields_nobody_else(make_shop, caplog):
    shop = make_shop()
    shop.grant("room broken", "bob in broken")
    ann, bob = shop.open("ann"), shop.open("bob", "room:broken")
    shop.grant("fault")
    shop.take_away("ann in a")
    assert ends(ann) == {"reason": "revoked", "topics": ["room:a"]}
    wait_until(lambda: "could not be checked" in caplog.text and "a factory that fails" in caplog.text)
    shop.take_away("fault", "bob in broken")
    assert ends(bob) == {"reason": "revoked", "topics": ["room:broken"]}


def test_while_the_database_fails_streams_go_on_and_are_checked_again_when_it_is_back(make_shop, caplog):
    shop = make_shop()
    ann = shop.open("ann", "room:b")
    with shop.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE goods RENAME TO elsewhere"))
    with caplog.at_level(logging.ERROR):
        wait_until(lambda: "could not be checked" in caplog.text)
    with shop.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO goods"))
    shop.take_away("ann in b")
    assert ends(ann) == {"reason": "revoked", "topics": ["room:b"]}


def test_a_poll_that_waits_is_answered_when_its_right_ends_and_refused_when_it_asks_again(make_shop):
    shop, ask = make_shop(), {"url": "/events/poll?topic=room:a&wait=25", "headers": {"X-User": "ann"}}
    ask["headers"]["Last-Event-ID"] = shop.get(**ask).json["cursor"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(shop.get, **ask)
        wait_until(lambda: shop.registry.realtime.hub.open_streams == 1)
        shop.take_away("ann in a")
        assert waiting.result(10).json["cursor"] is None and waiting.result().json["events"] == []
    assert shop.get(**ask, status=403).json["topics"] == ["room:a"]


# By order

def test_a_user_is_checked_again_at_once_when_it_is_ordered(make_shop):
    shop = make_shop(NEVER)
    ann, bob = shop.open("ann"), shop.open("bob")
    shop.take_away("ann in a", "bob in a")
    shop.post_json("/order", {"act": "recheck", "userid": "ann"})
    assert ends(ann) == {"reason": "revoked", "topics": ["room:a"]} and goes_on(shop, bob)


def test_those_who_see_a_topic_are_checked_again_for_that_topic(make_shop):
    shop = make_shop(NEVER)
    ann, bob, other = shop.open("ann"), shop.open("bob"), shop.open("ann", "room:b")
    shop.take_away("ann in a", "bob in b")
    shop.post_json("/order", {"act": "recheck", "topic": "room:a"})
    assert ends(ann) == {"reason": "revoked", "topics": ["room:a"]} and goes_on(shop, other, bob)


@pytest.mark.parametrize(("whose", "said"), [({"userid": "ann"}, {"reason": "revoked"}),
                                             ({"topic": "room:a"}, {"reason": "revoked", "topics": ["room:a"]})])
def test_what_is_revoked_ends_at_once_whatever_the_policy_says(make_shop, whose, said):
    shop = make_shop(NEVER)
    ann, bob = shop.open("ann"), shop.open("bob", "room:b")
    shop.post_json("/order", {"act": "revoke", **whose})
    assert ends(ann) == said and goes_on(shop, bob, shop.open("ann"))


@pytest.mark.parametrize("policy", [SessionPolicy], indirect=True)
def test_a_session_is_revoked_by_its_name(make_shop):
    shop = make_shop(NEVER)
    ann, bob = shop.open("ann"), shop.open("bob")
    shop.post_json("/order", {"act": "revoke", "session": "ann"})
    assert ends(ann) == {"reason": "revoked"} and goes_on(shop, bob)


def test_an_order_that_is_rolled_back_was_never_given(make_shop):
    shop = make_shop(NEVER)
    ann = shop.open("ann")
    shop.post_json("/order", {"act": "revoke", "userid": "ann", "fail": True}, status=409)
    assert shop.logged() == [] and goes_on(shop, ann)


def test_another_process_follows_an_order_that_no_broker_brought_it(make_shop):
    here, there = make_shop(NEVER), make_shop(NEVER)
    streams = [here.open("ann"), there.open("ann")]
    here.post_json("/order", {"act": "revoke", "userid": "ann"})
    assert [ends(stream) for stream in streams] == 2 * [{"reason": "revoked"}]


@pytest.mark.parametrize("given", [{}, {"userid": "ann", "topic": "room:a"}, {"userid": 7}, {"session": ["x"]}])
def test_an_order_names_one_thing(make_shop, given):
    shop = make_shop(NEVER)
    with pytest.raises(ValueError, match="give one of userid, session and topic"):
        shop.post_json("/order", {"act": "revoke", **given})


def test_orders_are_nobodys_topic(make_shop):
    shop = make_shop(NEVER)
    shop.get("/events?topic=realtime", status=404)
