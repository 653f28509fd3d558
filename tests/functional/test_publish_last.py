"""Publishing is the last that a transaction does before it commits, whoever else wants to be last, and once where it is retried."""
import pytest
import sqlalchemy as sa
from pyramid.response import Response
from sqlalchemy.orm import Session

from myapp import realtime
from myapp.realtime.publish import Realtime

from .conftest import migrate
from .shop import Good, Listener, Shop, add, both, ok, say

RAISE_CONFLICT = "DO $$ BEGIN RAISE EXCEPTION 'somebody was quicker' USING ERRCODE = '40001'; END $$"


def test_what_hooks_and_flushes_publish_goes_along(make_shop):
    def view(request):
        say(request, "first")
        request.tm.get().addBeforeCommitHook(lambda: say(request, "from-a-hook"))
        request.tm.get().addBeforeCommitHook(lambda: request.tm.get().addBeforeCommitHook(lambda: say(request, "from-its-hook")))
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    both(shop, listener, "first", "from-a-hook", "from-its-hook")


def test_what_a_flush_at_the_very_end_publishes_goes_along(make_shop):
    def view(request):
        sa.event.listen(request.dbsession, "after_flush", lambda session, context: say(request, "from-a-flush"))
        say(request, "first")
        request.dbsession.add(Good(name="tea"))     # nobody flushes it before the commit
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    both(shop, listener, "first", "from-a-flush")


def test_what_the_commits_own_flush_publishes_goes_along(make_shop):
    def view(request):
        sa.event.listen(request.dbsession, "after_flush", lambda session, context: say(request, "from-a-flush"))
        request.dbsession.add(Good(name="tea"))     # nobody has published before the commit, so no hook of ours is set
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    both(shop, listener, "from-a-flush")


def test_two_sessions_of_one_transaction_are_refused_and_do_not_wait_for_each_other(make_shop):
    def view(request):
        say(request, "first")
        with Session(request.dbsession.get_bind()) as session:
            other = type("Request", (), {"dbsession": session, "tm": request.tm})()
            Realtime(other, request.registry.realtime).publish("goods", "second", {})
    shop, listener = make_shop(buy=view)
    with pytest.raises(realtime.NotSetUp, match="two sessions"):
        shop.post("/buy")
    assert shop.logged() == [] == listener.heard


def test_another_who_wants_to_be_last_is_no_endless_loop(make_shop):
    def view(request):
        transaction_ = request.tm.get()

        def me_last():
            if list(transaction_.getBeforeCommitHooks())[-1][0] is not me_last:
                transaction_.addBeforeCommitHook(me_last)
        say(request, "added")
        transaction_.addBeforeCommitHook(me_last)
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    both(shop, listener, "added")


def test_a_script_of_its_own_within_a_request_leaves_the_request_alone(make_shop, migrated):
    if migrated.startswith("sqlite"):
        pytest.skip("SQLite has one writer, and that is the request")

    def view(request):
        say(request, "mine")
        with realtime.session(request.registry) as rt:
            rt.publish("goods", "its-own", {})
        return ok()
    shop, listener = make_shop(buy=view)
    shop.post("/buy")
    both(shop, listener, "its-own", "mine")


def test_the_head_row_is_locked_last_of_all(make_shop):
    statements = []

    def view(request):
        say(request, "added")
        request.tm.get().addBeforeCommitHook(lambda: add(request, "tea"))
        return ok()
    shop, _ = make_shop(buy=view)
    shop.registry.realtime.log.head()       # the first look at the lineage is over
    sa.event.listen(shop.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    shop.post("/buy")
    (goods,) = [place for place, statement in enumerate(statements) if "goods" in statement]
    heads = [place for place, statement in enumerate(statements) if "event_log" in statement]
    assert heads and goods < min(heads) and max(heads) == len(statements) - 1


@pytest.mark.parametrize("where", ["view", "hook", "commit"])
@pytest.mark.parametrize("has_catch_all", [False, True])
def test_a_request_that_is_retried_publishes_once(postgresql_database, where, has_catch_all):
    tries = []

    def view(request):
        tries.append(where)
        add(request, f"try-{len(tries)}")
        say(request, "added")
        if len(tries) == 1 and where == "view":
            request.dbsession.execute(sa.text(RAISE_CONFLICT))
        if len(tries) == 1 and where == "hook":
            request.tm.get().addBeforeCommitHook(lambda: request.dbsession.execute(sa.text(RAISE_CONFLICT)))
        return ok()

    def configure(config):
        if has_catch_all:       # it answers before pyramid_tm has looked: the conflict must be known all the same
            config.add_exception_view(lambda error, request: Response("sorry", status=500), context=Exception)
    shop = Shop(migrate(postgresql_database), configure, buy=view)
    listener = Listener(shop)
    if where == "commit":
        with shop.engine.begin() as connection:
            connection.execute(sa.text("""CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF new.name = 'try-1' THEN RAISE EXCEPTION 'late' USING ERRCODE = '40001'; END IF; RETURN NULL; END $$"""))
            connection.execute(sa.text("CREATE CONSTRAINT TRIGGER late AFTER INSERT ON goods DEFERRABLE INITIALLY DEFERRED "
                                       "FOR EACH ROW EXECUTE FUNCTION fail()"))
    shop.post("/buy")
    both(shop, listener, "added")
    assert len(tries) == 2 and shop.stored() == ["try-2"] and shop.engine.pool.checkedout() == 0
    shop.close()
