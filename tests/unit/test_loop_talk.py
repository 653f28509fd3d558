"""The loop and clients that talk: what is said to one alone comes between two frames, and what it asks for is done elsewhere."""
import pytest

from myapp.realtime.core.dialogue import Dialogue, Outcome
from myapp.server.talk import CHATTER, MOST_ASIDE, PIECE

from .hubs import BEGUN, CONNECTED, SSE, closing, event, frame, hub, ids, large, received

DONE = b"<done it>\n"


class Echo(Dialogue):
    """Answers each piece by its first bytes. What begins with a "do" is a task, whose outcome is what follows; a "!" ends all."""

    def __init__(self, *topics):
        self.heard, self._tasks, self._is_doing, self._topics = [], [], False, frozenset(topics) if topics else None

    def hear(self, data):
        self.heard.append(len(data))
        self.is_over = self.is_over or b"!" in data
        if data.startswith(b"do"):
            self._tasks += [lambda word=word: Outcome(b"<done %s>\n" % word, self._topics) for word in data.split()[1:]]
            return b""
        return b"<%s>" % data[:20]

    def begin(self):
        if self._is_doing or not self._tasks:
            return None
        self._is_doing = True
        return self._tasks.pop(0)

    def finish(self):
        self._is_doing = False


def say(served, client, data):
    client.send(data)
    served.turn()


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


# Other topics

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
    assert ids(sent) == [0, 1, 2, 4] and sent.count(DONE) == 1
    assert sent.replace(DONE, b"") == BEGUN + frame(1) + frame(2) + frame(4)
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
