"""The loop and clients that talk: what is said to one alone comes between two frames, and what it asks for is done elsewhere."""
import pytest

from myapp.server.talk import CHATTER, MOST_ASIDE, PIECE

from .echo import Echo, say
from .hubs import BEGUN, closing, event, frame, hub, received

# Answers

def test_a_client_that_keeps_up_is_answered_and_goes_on_with_its_pack(serve):
    served = serve(hub())
    client, stream = served.open(dialogue=Echo())
    other, _ = served.open()
    served.turn()
    say(served, client, b"hello")
    assert received(client)[0] == BEGUN + b"<hello>"
    (pack,) = served.loop._audience._packs.values()
    assert len(pack.fds) == 2 and stream.at is None and not served.loop._audience._rests
    served.hub.receive([event(1)])
    served.turn()
    assert received(client)[0] == frame(1) and received(other)[0] == BEGUN + frame(1)


def test_who_speaks_at_once_is_told_first_that_it_is_connected(serve):
    served = serve(hub())
    client, _ = served.open(dialogue=Echo())
    client.send(b"hello")
    served.turn()
    served.turn()
    assert received(client)[0] == BEGUN + b"<hello>"


@pytest.mark.parametrize("taken", [1, 10, len(frame(1)) - 1])
def test_in_the_middle_of_a_frame_an_answer_waits_for_its_end(serve, valve, taken):
    served = serve(hub(), write=valve.write)
    client, stream = served.open(dialogue=Echo())
    served.turn()
    valve.room[stream.fd] = taken
    served.hub.receive([event(1)])
    served.turn()
    served.hub.receive([event(2)])
    for word in (b"one", b"two"):
        say(served, client, word)
    assert received(client)[0] == BEGUN + frame(1)[:taken]
    valve.room.clear()
    served.room(stream)
    assert received(client)[0] == frame(1)[taken:] + b"<one><two>" + frame(2)


def test_an_answer_that_is_taken_in_parts_comes_whole(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = served.open(dialogue=Echo())
    served.turn()
    valve.room[stream.fd] = 3
    say(served, client, b"hello")
    served.hub.receive([event(1)])
    served.turn()
    valve.room.clear()
    served.room(stream)
    assert received(client)[0] == BEGUN + b"<hello>" + frame(1)


def test_who_asks_and_does_not_listen_is_cut(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = served.open(dialogue=Echo())
    served.turn()
    valve.room[stream.fd] = 0
    for _ in range(MOST_ASIDE // 22):
        say(served, client, b"x" * 20)
    assert served.hub.open_streams == 1
    for _ in range(2):
        say(served, client, b"x" * 20)
    assert served.is_empty


def test_who_has_much_to_say_has_one_piece_of_it_heard_in_a_turn_and_all_of_it_in_the_end(serve):
    served = serve(hub())
    dialogue = Echo()
    client, _ = served.open(dialogue=dialogue)
    other, _ = served.open()
    served.turn()
    client.send(b"x" * (3 * PIECE + 5))
    served.turn()
    assert dialogue.heard == [PIECE, PIECE]     # as the sockets are looked at, and once more with those who had a share
    served.hub.receive([event(1)])
    served.loop.turn()
    assert received(other)[0] == BEGUN + frame(1) and served.loop._patience_s() == 0
    served.loop.turn()
    assert sum(dialogue.heard) == 3 * PIECE + 5 and served.loop._patience_s() > 0


def test_others_may_still_say_nothing(serve):
    served = serve(hub())
    client, _ = served.open()
    served.turn()
    client.setblocking(True)
    client.sendall(b"x" * CHATTER[0] * CHATTER[1])
    served.turn()
    assert served.is_empty


# Ends

def test_who_is_parted_from_has_the_last_answer_and_nothing_after_it(serve):
    served = serve(hub())
    client, _ = served.open(dialogue=Echo())
    other, _ = served.open()
    served.turn()
    client.send(b"bye!")
    served.hub.receive([event(1)])
    served.turn()
    assert received(client) == (BEGUN + b"<bye!>", True)
    assert received(other)[0] == BEGUN + frame(1) and served.hub.open_streams == 1


def test_who_is_parted_from_in_the_middle_of_a_frame_has_the_rest_of_it_first(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = served.open(dialogue=Echo())
    served.turn()
    valve.room[stream.fd] = 7
    served.hub.receive([event(1)])
    served.turn()
    served.hub.receive([event(2)])
    say(served, client, b"bye!")
    assert served.hub.open_streams == 1
    valve.room.clear()
    served.room(stream)
    assert received(client) == (BEGUN + frame(1) + b"<bye!>", True) and served.is_empty


def test_a_stream_that_ends_says_what_it_has_yet_to_answer_before_its_last_words(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = served.open(dialogue=Echo())
    served.turn()
    served.loop._talk.say(stream.fd, b"<an answer>")
    served.hub.end(stream, "revoked")
    served.turn()
    assert received(client) == (BEGUN + b"<an answer>" + closing("revoked"), True) and served.is_empty


def test_what_a_client_says_before_it_goes_is_heard(serve):
    served = serve(hub())
    dialogue = Echo()
    client, _ = served.open(dialogue=dialogue)
    served.turn()
    client.send(b"the last")
    client.close()
    served.turn()
    assert dialogue.heard == [8] and served.is_empty


# Tasks

def test_what_a_client_asks_for_is_done_elsewhere_in_its_order_one_by_one_and_answered(serve):
    tasks = []
    served = serve(hub(), add_task=tasks.append)
    client, _ = served.open(dialogue=Echo())
    served.turn()
    say(served, client, b"do a b c")
    say(served, client, b"do d")
    for word in (b"a", b"b", b"c", b"d"):
        [task] = tasks
        tasks.clear()
        task.service()
        served.turn()
        assert received(client)[0] in (b"<done %s>\n" % word, BEGUN + b"<done a>\n")
    assert not tasks


def test_what_was_asked_for_is_done_though_the_client_has_gone_and_nobody_is_told(serve):
    tasks = []
    served = serve(hub(), add_task=tasks.append)
    client, _ = served.open(dialogue=Echo())
    served.turn()
    say(served, client, b"do a b")
    client.close()
    served.turn()
    assert served.is_empty
    newcomer, _ = served.open()
    for _ in range(2):
        tasks.pop().service()
        served.turn()
    assert not tasks and received(newcomer)[0] == BEGUN
