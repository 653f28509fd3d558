"""The loop and clients who see other topics from some moment on: what they have yet to read comes before, and nothing twice."""
import pytest

from .echo import DONE, Echo, say
from .hubs import BEGUN, CONNECTED, SSE, event, frame, hub, ids, large, received


def moved(serve, valve, *topics, taken=None):
    """Return (served, client, stream) of one who is about to be moved from a to `topics`, and has `taken` so many bytes of e-1."""
    tasks = []
    served = serve(hub(), write=valve.write, add_task=tasks.append)
    client, stream = served.open(dialogue=Echo(*topics))
    served.turn()
    if taken is not None:
        valve.room[stream.fd] = taken
    served.hub.receive([event(1)])
    say(served, client, b"do it")
    served.hub.receive([event(2), event(3, "b")])
    tasks.pop().service()
    served.turn()
    served.hub.receive([event(4, "b"), event(5)])
    served.turn()
    return served, client, stream


@pytest.mark.parametrize("taken", [None, 0, 7, len(frame(1))])
def test_other_topics_begin_where_the_stream_is_and_what_it_has_yet_to_read_comes_before(serve, valve, taken):
    served, client, stream = moved(serve, valve, "b", taken=taken)
    valve.room.clear()
    if taken is not None:
        served.room(stream)
    sent = received(client)[0]
    assert sent == BEGUN + frame(1) + frame(2) + DONE + frame(4)    # whoever is told that it is done sees nothing of before any more
    assert [feed.topics for feed in served.hub._feeds] == [{"b"}] and len(served.loop._audience._packs) == 1
    client.close()
    served.turn()
    assert served.is_empty and not len(served.hub._feeds) and not served.hub._runs.pending


def test_more_topics_come_besides_and_nothing_comes_twice(serve, valve):
    _, client, _ = moved(serve, valve, "a", "b")
    assert ids(received(client)[0]) == [0, 1, 2, 4, 5]


def test_the_same_topics_change_nothing(serve, valve):
    _, client, _ = moved(serve, valve, "a", taken=None)
    assert ids(received(client)[0]) == [0, 1, 2, 5]


def test_who_moves_to_where_others_are_joins_their_pack(serve, valve):
    tasks = []
    served = serve(hub(), add_task=tasks.append)
    other, _ = served.open({"b"})
    client, stream = served.open(dialogue=Echo("b"))
    served.turn()
    say(served, client, b"do it")
    served.hub.receive([event(1, "b")])
    tasks.pop().service()
    served.hub.receive([event(2, "b")])
    served.turn()
    assert ids(received(other)[0]) == [0, 1, 2]
    assert received(client)[0].replace(DONE, b"") in (BEGUN, BEGUN + frame(2))
    (pack,) = served.loop._audience._packs.values()
    assert len(pack.fds) == pack.streams == 2 and stream.fd in pack.fds


def test_who_has_lost_its_place_on_the_tape_is_not_moved_but_told(serve, valve):
    tasks = []
    served = serve(hub(tape_bytes=1000), write=valve.write, add_task=tasks.append)
    client, stream = served.open(dialogue=Echo("b"))
    served.turn()
    valve.room[stream.fd] = 0
    for seq in range(1, 8):
        served.hub.receive([large(seq, 300)])
        served.turn()
        served.now += 0.3
        served.turn()
    say(served, client, b"do it")
    assert stream.has_lapsed
    tasks.pop().service()
    served.turn()
    assert received(client)[1] and served.is_empty


def test_a_newcomers_own_past_comes_first_too(serve):
    tasks = []
    served = serve(hub(), add_task=tasks.append)
    stream = served.hub.join({"a"}, SSE, dialogue=Echo("b"))
    served.hub.receive([event(1)])
    stream.feed.hub.move(stream, frozenset("b"))
    served.hub.receive([event(2, "b"), event(3)])
    client = served.adopt(stream)
    served.turn()
    assert received(client)[0] == CONNECTED % b"e-0" + frame(1) + frame(2)


def test_what_one_was_yet_to_be_told_is_told_to_nobody_else(serve):
    served = serve(hub())
    client, stream = served.open(dialogue=Echo())
    served.turn()
    fd = stream.fd
    served.loop._talk.say(fd, b"<an answer>")
    client.close()
    served.turn()
    newcomer, next_stream = served.open(dialogue=Echo())
    served.turn()
    assert next_stream.fd == fd and received(newcomer)[0] == BEGUN
