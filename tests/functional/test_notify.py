"""The PostgreSQL broker in its application's own database: NOTIFY belongs to the transaction, and can never fail it."""
import threading

import pytest

from myapp.realtime import StartUpError
from myapp.realtime.brokers.postgresql import PostgresBroker
from myapp.realtime.testing.ear import Ear
from tests.waiting import wait_until

from .shop import Shop, add, ok, say

WAIT_S = 10.0
WRITERS, EACH = 8, 25


@pytest.fixture
def make_shop(migrated_postgresql):
    """make_shop(broker="postgresql://", **views): a Shop on PostgreSQL."""
    shops = []

    def make(broker="postgresql://", **views):
        shops.append(Shop(migrated_postgresql, **{"realtime.broker": broker, **views}))
        return shops[-1]
    yield make
    for shop in shops:
        shop.close()


@pytest.fixture
def other_process(migrated_postgresql):
    """An Ear as another process has it."""
    broker = PostgresBroker(migrated_postgresql)
    ear = Ear(broker)
    ear.wait_until_up(WAIT_S)
    yield ear
    broker.close()


def seqs(ear):
    return [event.seq for event in ear.heard]


def test_what_is_committed_is_heard_elsewhere_and_what_is_rolled_back_is_not(make_shop, other_process):
    def buy(request):
        add(request, request.params["name"])
        say(request, "sold")
        with request.dbsession.begin_nested() as savepoint:
            say(request, "forgotten")
            savepoint.rollback()
        if "fail" in request.params:
            raise ValueError("no")
        say(request, "sold_again")
        return ok()
    shop = make_shop(buy=buy)
    shop.post("/buy?name=tea")
    with pytest.raises(ValueError, match="no"):
        shop.post("/buy?name=coffee&fail")
    shop.post("/buy?name=milk")
    other_process.wait_for(4, WAIT_S)
    assert [(event.seq, event.type) for event in other_process.heard] == shop.logged() == [
        (1, "sold"), (2, "sold_again"), (3, "sold"), (4, "sold_again")]


def test_writers_at_the_same_time_are_heard_in_the_order_of_their_commits_without_a_hole(make_shop, other_process):
    shop = make_shop(buy=lambda request: say(request, "sold") or ok())

    def write():
        for _ in range(EACH):
            shop.post("/buy")
    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other_process.wait_for(WRITERS * EACH, WAIT_S)
    assert seqs(other_process) == [*range(1, WRITERS * EACH + 1)]


def test_no_size_of_an_event_fails_the_transaction_and_another_process_learns_of_each(make_shop, other_process):
    def buy(request):
        add(request, "tea")
        for size in [*range(7800, 8000), 60_000]:
            request.realtime.publish("goods", "sold", {"text": size * "x"})
        return ok()
    shop = make_shop(buy=buy)
    shop.post("/buy")
    other_process.wait_until(lambda: {*seqs(other_process), *(cursor.seq for cursor in other_process.cursors)} == {*range(1, 202)}, WAIT_S)
    assert other_process.heard and other_process.cursors and shop.stored() == ["tea"]


def test_transient_events_go_out_after_the_commit_and_write_nothing(make_shop, other_process):
    shop = make_shop(tick=lambda request: say(request, "tick", transient=True) or ok())
    shop.post("/tick")
    other_process.wait_for(1, WAIT_S)
    assert [(event.seq, event.type) for event in other_process.heard] == [(None, "tick")] and shop.logged() == []
    assert other_process.heard[0].epoch == shop.registry.realtime.log.head().cursor.epoch


def test_a_database_that_is_not_the_applications_own_is_told_after_the_commit(make_shop, migrated_sqlite, migrated_postgresql):
    broker = PostgresBroker(migrated_postgresql)
    ear = Ear(broker)
    ear.wait_until_up(WAIT_S)
    shop = Shop(migrated_sqlite, **{"realtime.broker": migrated_postgresql, "buy": lambda request: say(request, "sold") or ok()})
    shop.post("/buy")
    ear.wait_for(1, WAIT_S)
    assert seqs(ear) == [1]
    shop.close()
    broker.close()


def test_no_host_and_no_postgresql_of_its_own_is_refused_at_start(migrated_sqlite):
    with pytest.raises(StartUpError, match="that is sqlite; write postgresql://user:password@host"):
        Shop(migrated_sqlite, **{"realtime.broker": "postgresql://"})


def test_its_own_hub_hears_of_it_by_listen_and_not_by_looking(make_shop):
    shop = make_shop(**{"realtime.tail_interval": "60s", "buy": lambda request: say(request, "sold") or ok()})
    hub = shop.registry.realtime.hub
    wait_until(lambda: shop.registry.realtime.broker_state.state == "up")
    for seq in range(1, 4):
        shop.post("/buy")
        wait_until(lambda seq=seq: hub.cursor.seq == seq)
    assert shop.registry.realtime.stats()["broker"]["received"] == 3
