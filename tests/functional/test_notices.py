"""What the add-on tells the application by subscribers: an event is committed; the broker is lost, or works again."""
import json

import pytest
import sqlalchemy as sa
from pyramid_retry import RetryableException

from myapp.realtime import BrokerLost, BrokerRestored, EventCommitted
from myapp.realtime.brokers import Broker
from myapp.realtime.brokers.memory import MemoryBroker
from tests.waiting import wait_until

from .shop import Shop, add, ok, say


class Carrier(MemoryBroker):
    """A broker that carries logged events with the transaction, where that is PostgreSQL's."""
    ring = "pg_notify('carrier', type)"


@pytest.fixture
def make_shop(migrated):
    """make_shop(**views) -> (a Shop, the EventCommitted that it was told of, oldest first)."""
    shops = []

    def make(tell=None, **views):
        notices = []

        def configure(config):
            config.add_broker("carrier", Carrier)
            config.add_subscriber(tell or notices.append, EventCommitted)
        shops.append(Shop(migrated, configure, **views))
        return shops[-1], notices
    yield make
    for shop in shops:
        shop.close()


# EventCommitted

@pytest.mark.parametrize("broker", ["memory://", "carrier://"])
def test_each_committed_event_is_told_of_once_and_in_order_with_all_that_it_is(make_shop, broker):
    def view(request):
        say(request, "first", key="tea-1")
        say(request, "tick", transient=True)
        say(request, "last")
        return ok()
    shop, notices = make_shop(buy=view, **{"realtime.broker": broker})
    shop.post("/buy")
    shop.post("/buy")
    assert [(notice.topic, notice.type, notice.key, json.loads(notice.data)) for notice in notices] == 2 * [
        ("goods", type, key, {"by": "/buy"}) for type, key in (("first", "tea-1"), ("tick", None), ("last", None))]
    epoch = shop.registry.realtime.hub.cursor.epoch
    assert [notice.id for notice in notices] == [f"{epoch}-1", None, f"{epoch}-2", f"{epoch}-3", None, f"{epoch}-4"]


def test_whoever_is_told_finds_the_change_and_the_event_in_the_database(make_shop):
    found = []

    def view(request):
        add(request, "tea")
        say(request, "added")
        assert not found        # not yet
        return ok()

    def look(notice):
        found.append((shop.stored(), shop.logged()))
    shop, _ = make_shop(look, buy=view)
    shop.post("/buy")
    assert found == [(["tea"], [(1, "added")])]


def test_of_what_was_rolled_back_nobody_is_told(make_shop):
    attempts = []

    def refused(request):
        say(request, "lost")
        request.response.status_int = 409
        return request.response

    def within(request):
        say(request, "kept")
        with request.dbsession.begin_nested() as savepoint:
            say(request, "lost")
            savepoint.rollback()
        return ok()

    def again(request):
        attempts.append(request)
        say(request, f"attempt-{len(attempts)}")
        if len(attempts) == 1:
            raise RetryableException
        return ok()

    def broken(request):
        say(request, "lost")
        sa.event.listen(request.dbsession, "before_commit", fail)       # once the event is a row
        return ok()

    def fail(session):
        raise ConnectionError("the network is gone")
    shop, notices = make_shop(refused=refused, within=within, again=again, broken=broken)
    shop.post("/refused", status=409)
    with pytest.raises(ConnectionError):
        shop.post("/broken")
    shop.post("/within")
    shop.post("/again")
    assert [notice.type for notice in notices] == ["kept", "attempt-2"] == [type for _, type in shop.logged()]


def test_an_event_of_another_process_is_not_told_of_here(make_shop):
    def view(request):
        say(request, "added")
        return ok()
    shop, notices = make_shop(buy=view)
    other, told_there = make_shop(buy=view)
    hub = other.registry.realtime.hub
    shop.post("/buy")
    wait_until(lambda: hub.cursor.seq == 1)     # it has come there, to be shown
    other.post("/buy")
    assert [[notice.id for notice in told] for told in (notices, told_there)] == [[f"{hub.cursor.epoch}-{seq}"] for seq in (1, 2)]


# BrokerLost, BrokerRestored

class Pigeons(Broker):
    """A broker from elsewhere. It carries nothing, and says that it works or does not when the test says so."""

    def publish(self, events):
        pass

    def subscribe(self, subscriber):
        self.tell = subscriber.take_state

    def close(self):
        pass


@pytest.fixture
def loft(migrated_sqlite):
    """(the Pigeons of a shop that listens, what the shop was told, oldest first)."""
    notices = []

    def configure(config):
        config.add_broker("pigeons", Pigeons)
        config.add_subscriber(notices.append, BrokerLost)
        config.add_subscriber(notices.append, BrokerRestored)
    shop = Shop(migrated_sqlite, configure, **{"realtime.broker": "pigeons://keeper:sesame@loft?password=sesame"})
    assert shop.registry.realtime.hub       # somebody listens
    yield shop.registry.realtime.broker, notices
    shop.close()


def kinds_of(notices):
    return [type(notice) for notice in notices]


def test_each_change_of_the_broker_is_told_of_once(loft):
    pigeons, notices = loft
    for is_up in (True, True, False, False, True, True, False):     # that it works at first is no news
        pigeons.tell(is_up, "" if is_up else "a hawk")
    wait_until(lambda: len(notices) >= 3)
    assert kinds_of(notices) == [BrokerLost, BrokerRestored, BrokerLost]
    assert notices[0].reason == "a hawk" and not [notice for notice in notices if "sesame" in str(notice) or "loft" not in notice.broker]


def test_a_broker_that_is_absent_at_first_is_told_of_and_so_is_its_coming(loft):
    pigeons, notices = loft
    pigeons.tell(False, "no pigeon yet")
    wait_until(lambda: kinds_of(notices) == [BrokerLost])
    pigeons.tell(True)
    wait_until(lambda: kinds_of(notices) == [BrokerLost, BrokerRestored])
