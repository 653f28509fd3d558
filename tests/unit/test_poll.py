"""Polls in the core and in the loop: parked until there is something to tell, answered once and whole, never with a cursor too far."""
import json

import pytest

from myapp.realtime.core.event import Cursor
from myapp.realtime.core.window import PAGE
from myapp.realtime.errors import TooManyPolls
from myapp.realtime.transports.poll import Poll

from .hubs import Log, event, hub, large, received

POLL = Poll(build=lambda: "b")
START = Cursor("e", 0)


def park(here, cursor=START, topics=("a",), **options):
    stream = here.join(topics, POLL, cursor, **options)
    assert not stream.replay
    return stream


def said(answer):
    """Return (cursor, seqs of the events, more, reason of the reset) of an answer."""
    body = json.loads(answer)
    assert body.keys() == {"cursor", "build", "reset", "more", "events"}
    return body["cursor"], [int(one["id"][2:]) for one in body["events"]], body["more"], body["reset"] and body["reset"]["reason"]


@pytest.fixture
def served(serve):
    return serve(hub())


# The answer

def test_an_answer_is_one_object_with_the_events_as_they_were_published():
    told = event(7, data='{"text": "\u2028é"}', key="good-1"), event(None, type="ticked")
    assert POLL.answer(Cursor("e", 7), POLL.slab([POLL.event(one) for one in told])).decode() == (
        '{"cursor": "e-7", "build": "b", "reset": null, "more": false, "events": ['
        '{"id": "e-7", "topic": "a", "type": "t", "data": {"text": "\u2028é"}, "key": "good-1"}, '
        '{"id": null, "topic": "a", "type": "ticked", "data": {}}]}')
    assert POLL.reset("epoch", Cursor("f", 2), 40) == (
        b'{"cursor": "f-2", "build": "b", "reset": {"reason": "epoch", "spread_ms": 40}, "more": false, "events": []}')


def test_who_has_something_to_be_told_is_told_at_once_and_who_has_not_is_parked():
    here = hub(Log([event(seq, topic="ab"[seq % 2]) for seq in range(1, 8)]))
    first = here.join(["a"], POLL, Cursor("e", 3))
    assert said(first.next()) == ("e-7", [4, 6], False, None) and first.next() == b""
    park(here, Cursor("e", 6))
    assert said(here.join(["a"], POLL, Cursor("f", 6)).next()) == ("e-7", [], False, "epoch")


# In the core

def test_events_of_others_move_the_cursor_of_an_answer_and_are_no_answer():
    here = hub()
    stream = park(here)
    here.receive([event(1, "b")])
    assert stream.next() == b"" and said(stream.expire()) == ("e-1", [], False, None)
    here.receive([event(2), event(3, "b")])
    assert stream.expire() == b"" and said(stream.next()) == ("e-2", [2], False, None)


def test_an_answer_tells_all_that_there_is_though_the_pack_has_yet_to_see_some_of_it():
    here = hub()
    stream = park(here)
    here.receive([event(1), event(2)])
    assert said(stream.next(1)) == ("e-2", [1, 2], False, None)


def test_a_transient_event_is_told_to_those_who_wait():
    here = hub()
    stream = park(here)
    here.receive([event(1, "b"), event(None)])
    body = json.loads(stream.next())
    assert body["cursor"] == "e-1" and [one["id"] for one in body["events"]] == [None]


def test_a_heartbeat_is_no_answer():
    here = hub()
    stream = park(here)
    for now in (0, 100, 200):
        here.tick(now)
    assert stream.next() == b""


def test_more_than_a_page_is_to_be_asked_for_page_by_page():
    here = hub()
    stream, other = park(here), park(here, topics=["b"])
    here.receive([event(seq) for seq in range(1, PAGE + 2)] + [event(seq, "b") for seq in range(PAGE + 2, 2 * PAGE + 2)])
    assert said(stream.next()) == (None, [], True, None)
    assert said(other.next()) == (f"e-{2 * PAGE + 1}", [*range(PAGE + 2, 2 * PAGE + 2)], False, None)
    assert said(here.answer(["a"], POLL, START)) == (f"e-{PAGE}", [*range(1, PAGE + 1)], True, None)


@pytest.mark.parametrize("is_told", [False, True])
def test_a_log_that_begins_a_new_life_is_never_hidden_by_a_cursor_of_it(is_told):
    """The client must ask again with a cursor of the old life, which is answered by a reset."""
    here = hub()
    stream = park(here)
    here.receive([event(1)] if is_told else [])
    here.renew(Cursor("f", 0), 0)
    here.receive([event(1, epoch="f")])
    assert stream.closing and stream.expire() == b"" and said(stream.last_words()) == (None, [], False, None)
    assert (said(stream.next()) if is_told else stream.next()) == (("e-1", [1], False, None) if is_told else b"")
    newcomer = park(here, Cursor("f", 1))
    here.receive([event(2, epoch="f")])
    assert json.loads(newcomer.next())["cursor"] == "f-2"
    here.leave(stream)
    here.leave(newcomer)
    assert not here._feeds and not here._places.waiting


def test_polls_that_wait_are_bounded_among_the_streams():
    here = hub(max_waiting_polls=1, max_streams=2)
    first = park(here)
    with pytest.raises(TooManyPolls, match=r"1 polls wait already \(realtime\.max_waiting_polls\)"):
        here.join(["a"], POLL, START)
    here.leave(first)
    park(here)
    assert here._places.taken == here._places.waiting == 1


# In the loop

def test_all_who_wait_are_sent_one_and_the_same_answer_and_are_gone(served):
    sent, write = [], served.loop._audience._write
    served.loop._audience._write = lambda fd, data: sent.append(data) or write(fd, data)
    clients = [served.open(cursor=START, encoding=POLL)[0] for _ in range(3)]
    served.turn()
    assert served.hub.open_streams == 3 and not sent
    served.hub.receive([event(1)])
    served.turn()
    for client in clients:
        answer, is_over = received(client)
        assert said(answer) == ("e-1", [1], False, None) and is_over
    assert len({id(one) for one in sent}) == 1 and served.is_empty


def test_a_poll_whose_time_is_up_is_told_where_it_stands(served):
    client, _ = served.open(cursor=START, encoding=POLL, deadline=20.0)
    served.hub.receive([event(1, "b")])
    served.turn()
    served.now = 19.9
    served.turn()
    assert received(client) == (b"", False)
    served.now = 21.0
    served.turn()
    answer, is_over = received(client)
    assert said(answer) == ("e-1", [], False, None) and is_over and served.is_empty


@pytest.mark.parametrize("end", [
    lambda hub: hub.end_all("shutdown"), lambda hub: hub.end_owner("me", "revoked", ["a"]), lambda hub: hub.renew(Cursor("f", 9), 0)])
def test_a_poll_that_must_end_is_answered_and_keeps_its_cursor(served, end):
    client, _ = served.open(cursor=START, encoding=POLL, owner="me")
    served.turn()
    end(served.hub)
    served.turn()
    answer, is_over = received(client)
    assert said(answer) == (None, [], False, None) and is_over and served.is_empty


def test_a_client_that_takes_its_answer_slowly_gets_it_whole_and_nothing_after_it_though_its_time_is_up(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = served.open(cursor=START, encoding=POLL, deadline=20.0)
    served.turn()
    valve.room[stream.fd] = 1000
    served.hub.receive([large(1, 5000)])
    served.turn()
    served.now = 21.0
    served.turn()
    served.hub.receive([event(2)])
    served.turn()
    assert served.hub.open_streams == 1
    valve.room.clear()
    served.room(stream)
    answer, is_over = received(client)
    assert said(answer) == ("e-1", [1], False, None) and is_over and served.is_empty


def test_an_answer_that_is_there_at_once_is_sent_with_the_stream(served):
    client, _ = served.open(cursor=Cursor("f", 1), encoding=POLL)
    served.turn()
    answer, is_over = received(client)
    assert said(answer) == ("e-0", [], False, "epoch") and is_over and served.is_empty
