"""Publishing follows the transaction: what is committed goes out once, and nothing else does."""
import logging

import pytest
import sqlalchemy as sa
import transaction
import zope.sqlalchemy
from pyramid.response import Response
from sqlalchemy.orm import Session

from myapp import realtime
from myapp.realtime.brokers.memory import MemoryBroker
from myapp.realtime.publish import Outbox, Realtime

from .shop import add, both, ok, say


def test_a_committed_change_and_its_events_are_there_together(make_shop):
    def view(request):
        add(request, "tea")
        say(request, "added")
        say(request, "counted")
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    both(shop, listener, "added", "counted")
    assert shop.stored() == ["tea"]


@pytest.mark.parametrize("how", ["raise", "doom", "404", "500"])
def test_an_aborted_request_publishes_nothing_and_uses_no_number(make_shop, how):
    def view(request):
        say(request, "lost")
        add(request, "tea")
        if how == "raise":
            raise KeyError("tea")
        if how == "doom":
            request.tm.doom()
        return Response(status=int(how) if how.isdigit() else 200)

    def good(request):
        say(request, "kept")
        return ok()
    shop, listener = make_shop(bad=view, good=good)
    try:
        shop.post("/bad", expect_errors=True)
    except KeyError:
        assert how == "raise"
    assert shop.stored() == [] and shop.logged() == [] and listener.heard == []
    shop.post("/good")
    both(shop, listener, "kept")


def test_a_commit_that_fails_publishes_nothing(make_shop):
    def view(request):
        say(request, "added")
        add(request, "tea")
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    with pytest.raises(sa.exc.IntegrityError):
        shop.post("/buy")
    both(shop, listener, "added")


def test_a_view_that_only_reads_can_publish(make_shop):
    def view(request):
        request.dbsession.execute(sa.text("SELECT 1"))
        say(request, "looked")
        return ok()
    shop, listener = make_shop(look=view)
    shop.get("/look")
    shop.post("/look")
    both(shop, listener, "looked", "looked")


def test_a_savepoint_that_is_rolled_back_takes_its_events_with_it(make_shop):
    def view(request):
        say(request, "kept-1")
        with request.dbsession.begin_nested():
            say(request, "kept-2")
            with pytest.raises(KeyError), request.dbsession.begin_nested():
                add(request, "tea")
                say(request, "lost")
                raise KeyError
        outer = request.dbsession.begin_nested()
        with request.dbsession.begin_nested():
            say(request, "lost-though-released")
        outer.rollback()
        say(request, "kept-3")
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    both(shop, listener, "kept-1", "kept-2", "kept-3")
    assert shop.stored() == []


def test_a_savepoint_of_the_transaction_manager_does_too(make_shop, migrated):
    if migrated.startswith("sqlite"):
        pytest.skip("zope.sqlalchemy refuses savepoints on SQLite, whose driver used to be broken there")

    def view(request):
        say(request, "kept-1")
        first = request.tm.savepoint()
        say(request, "lost")
        request.tm.savepoint()
        say(request, "lost")
        first.rollback()
        say(request, "kept-2")
        request.tm.savepoint()
        say(request, "kept-3")
        return ok()

    def joins_later(request):
        before = request.tm.savepoint()     # the session is not part of it: rolling back closes the session
        say(request, "lost")
        before.rollback()
        say(request, "kept-4")
        return ok()
    shop, listener = make_shop(buy=view, later=joins_later)
    shop.post("/buy")
    shop.post("/later")
    both(shop, listener, "kept-1", "kept-2", "kept-3", "kept-4")


def test_a_savepoint_of_the_transaction_manager_takes_transient_events_with_it_though_the_session_does_nothing(make_shop):
    def view(request):
        for _ in range(2):
            before = request.tm.savepoint()
            say(request, "lost", transient=True)
            before.rollback()
        say(request, "kept-1", transient=True)
        between = request.tm.savepoint()
        say(request, "lost", transient=True)
        between.rollback()
        say(request, "kept-2", transient=True)
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    assert [type for _, type in listener.heard] == ["kept-1", "kept-2"]


def test_a_transient_event_outlives_a_savepoint_that_came_after_it_and_closes_the_session(make_shop):
    def view(request):
        say(request, "kept-1", transient=True)
        before = request.tm.savepoint()
        say(request, "lost")
        say(request, "lost", transient=True)
        before.rollback()
        say(request, "kept-2")
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    assert listener.heard == [(None, "kept-1"), (1, "kept-2")]


def test_transient_events_go_out_in_their_place_and_are_not_logged(make_shop):
    def view(request):
        say(request, "tick", transient=True)
        say(request, "added")
        say(request, "tock", transient=True)
        return ok()

    def aborts(request):
        say(request, "tick", transient=True)
        request.tm.doom()
        return ok()
    shop, listener = make_shop(buy=view, abort=aborts)
    shop.post("/abort")
    assert listener.heard == []
    shop.post("/buy")
    assert listener.heard == [(None, "tick"), (1, "added"), (None, "tock")] and shop.logged() == [(1, "added")]


def test_a_broker_that_fails_never_fails_a_request(make_shop, caplog):
    def view(request):
        add(request, "tea")
        say(request, "added")
        return ok()

    class Broken(MemoryBroker):
        def publish(self, events):
            raise ConnectionError("no broker")
    shop, _ = make_shop(buy=view)
    shop.registry.realtime.close()
    shop.registry.realtime.make_broker = Broken
    with caplog.at_level(logging.ERROR):
        shop.post("/buy", status=200)
    assert shop.stored() == ["tea"] and shop.logged() == [(1, "added")] and "no broker" in caplog.text


@pytest.mark.parametrize(("topic", "type", "data", "error"), [
    ("goodz", "added", {}, realtime.UnknownTopic), ("goods\n", "added", {}, realtime.InvalidEvent),
    ("goods", "Added", {}, realtime.InvalidEvent), ("goods", "closing", {}, realtime.InvalidEvent),
    ("goods", "added", [], realtime.InvalidEvent)])
def test_what_cannot_be_published_is_said_at_once_and_stores_nothing(make_shop, topic, type, data, error):
    def view(request):
        add(request, "tea")
        request.realtime.publish(topic, type, data)
    shop, listener = make_shop(buy=view)
    with pytest.raises(error):
        shop.post("/buy")
    assert shop.stored() == [] and shop.logged() == [] == listener.heard


# Outside a request

def test_a_script_publishes_by_a_session_of_its_own(make_shop):
    shop, listener = make_shop()
    with realtime.session(shop.registry) as rt:
        add(rt.request, "tea")
        rt.publish("goods", "one", {})
    with pytest.raises(KeyError), realtime.session(shop.registry) as rt:
        add(rt.request, "milk")
        rt.publish("goods", "lost", {})
        raise KeyError
    with realtime.session(shop.registry) as rt:
        rt.publish("goods", "two", {})
    both(shop, listener, "one", "two")
    assert shop.stored() == ["tea"] and shop.engine.pool.checkedout() == 0


def test_one_session_publishes_in_several_transactions(make_shop):
    shop, listener = make_shop()
    runtime, tm = shop.registry.realtime, transaction.TransactionManager(explicit=True)
    with Session(shop.engine) as session:
        zope.sqlalchemy.register(session, transaction_manager=tm, keep_session=True)
        request = type("Request", (), {"dbsession": session, "tm": tm})()
        rt = Realtime(request, runtime)
        for type_ in ("one", "two"):
            with tm:
                rt.publish("goods", type_, {})
            with pytest.raises(KeyError), tm:
                rt.publish("goods", "lost", {})
                raise KeyError
    both(shop, listener, "one", "two")


def test_a_two_phase_session_is_refused_with_the_reason():
    with pytest.raises(realtime.NotSetUp, match="twophase"):
        Outbox(Session(twophase=True), None, None)
