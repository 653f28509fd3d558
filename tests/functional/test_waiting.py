"""GET /events/poll?wait=: a poll that waits on any WSGI server, where it holds a thread; and when it does not wait."""
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from pyramid.testing import DummySecurityPolicy

from tests.waiting import wait_until

from .shop import StreamShop, buy, whisper

GOODS = "/events/poll?topic=goods&wait=25"
SOON_S = 10.0


@pytest.fixture
def make_shop(migrated_sqlite):
    shops = []

    def make(configure=None, **settings):
        shops.append(WaitingShop(migrated_sqlite, configure, buy=buy, whisper=whisper, **settings))
        return shops[-1]
    yield make
    for shop in shops:
        shop.close()


@pytest.fixture
def shop(make_shop):
    return make_shop()


class WaitingShop(StreamShop):
    """The shop, and polls of it."""

    @property
    def runtime(self):
        return self.registry.realtime

    def ask(self, cursor, url=GOODS, **options):
        return self.get(url, headers={"Last-Event-ID": cursor}, **options)

    @contextmanager
    def waiting(self, cursor, url=GOODS, **options):
        """Within, a poll waits. Gives the Future of its answer."""
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.ask, cursor, url, **options)
            wait_until(lambda: self.runtime.hub.open_streams)
            yield answer
            answer.result(SOON_S)
        assert self.runtime.hub.open_streams == self.runtime.hub._places.waiting == self.runtime.allowance.taken == 0


@pytest.fixture
def start(shop):
    """Where the shop's polls begin; asked with a wait, for without a cursor none is waited for."""
    return shop.get(GOODS).json["cursor"]


def test_a_poll_is_answered_when_there_is_something_to_tell(shop, start):
    with shop.waiting(start) as answer:
        assert shop.engine.pool.checkedout() == 0
        shop.post("/buy")
    assert answer.result().headers["Content-Type"] == "application/json" and answer.result().headers["Cache-Control"] == "no-store"
    body = answer.result().json
    assert body["cursor"] == body["events"][0]["id"] == str(shop.runtime.hub.cursor) and body["events"][0]["key"] == "good-1"
    with shop.waiting(body["cursor"]) as answer:
        shop.post("/whisper")
    assert answer.result().json["events"] == [{"id": None, "topic": "goods", "type": "ticked", "data": {"by": "/whisper"}}]
    assert answer.result().json["cursor"] == body["cursor"]


def test_a_poll_that_has_waited_long_enough_is_told_where_it_stands(shop, start):
    begun = time.monotonic()
    body = shop.ask(start, f"{GOODS[:-2]}0.3").json
    assert body["events"] == [] and body["cursor"] == start and body["more"] is False and time.monotonic() - begun >= 0.3


def test_what_is_there_already_is_not_waited_for(shop, start):
    shop.post("/buy")
    wait_until(lambda: str(shop.runtime.hub.cursor) != start)
    assert len(shop.ask(start).json["events"]) == 1 and shop.ask("rubbish").json["reset"]["reason"] == "unreadable"
    assert shop.runtime.hub.open_streams == shop.runtime.allowance.taken == shop.runtime.hub._runs.pending == 0


def test_shutdown_answers_at_once_and_nothing_is_lost(shop, start):
    with shop.waiting(start) as answer:
        shop.runtime.hub.end_all("shutdown")
    assert answer.result().json["cursor"] is None and answer.result().json["events"] == []


def test_a_page_of_an_allowed_origin_may_wait(make_shop):
    shop = make_shop(**{"realtime.allowed_origins": "https://wall.example.org"})
    with shop.waiting(shop.get(GOODS).json["cursor"], extra_environ={"HTTP_ORIGIN": "https://wall.example.org"}) as answer:
        shop.post("/buy")
    assert answer.result().headers["Access-Control-Allow-Origin"] == "https://wall.example.org"


@pytest.mark.parametrize("settings", [{"realtime.max_waiting_polls": "1"}, {"realtime.thread_streams": "1"}, {"realtime.max_streams": "1"}])
def test_one_for_whom_there_is_no_room_to_wait_is_answered_at_once(make_shop, settings, caplog):
    shop = make_shop(**settings)
    cursor = shop.get(GOODS).json["cursor"]
    with shop.waiting(cursor) as first:
        body = shop.ask(cursor).json
        assert body["events"] == [] and body["cursor"] == cursor and not first.done()
        assert "refused a stream" not in caplog.text
        assert ("refused a poll that would wait: " in caplog.text) == ("realtime.max_streams" in settings)
        shop.post("/buy")


def test_a_user_who_has_all_that_one_may_have_is_told_so(make_shop):
    def with_user(config):
        config.set_security_policy(DummySecurityPolicy(userid="7"))
    shop = make_shop(with_user, **{"realtime.max_streams_per_user": "1"})
    cursor = shop.get(GOODS).json["cursor"]
    with shop.waiting(cursor):
        refusal = shop.ask(cursor, status=429)
        assert 1 <= int(refusal.headers["Retry-After"]) <= 30
        shop.post("/buy")
