"""The loop: who gets which bytes, when, pack and stragglers. Its turns are made one by one; the clock is in the test's hand."""
import pytest

from myapp.realtime.core.event import Cursor
from myapp.server.audience import SHARE
from myapp.server.loop import ROOM_S

from .hubs import BEGUN, CONNECTED, SSE, Log, closing, event, frame, hub, ids, large, received

# Newcomers

def test_a_newcomer_to_whom_the_feed_has_grown_already_has_it_at_once_and_what_follows_once(serve):
    served = serve(hub())
    client, _ = served.open()
    served.hub.receive([event(1)])      # nobody tells a loop of it that has no stream yet
    served.turn()
    assert received(client) == (BEGUN + frame(1), False)
    served.hub.receive([event(2)])
    served.turn()
    assert received(client) == (frame(2), False)


def test_a_newcomer_ahead_of_a_pack_that_has_not_moved_yet_sees_nothing_twice_and_the_pack_all(serve):
    served = serve(hub())
    first, _ = served.open()
    served.turn()
    served.hub.receive([event(1)])
    second = served.hub.join({"a"}, SSE)
    fd_of_second = served.adopt(second)
    served.loop._welcome(*served.loop._newcomers.popleft())     # before the loop takes what has grown
    served.hub.receive([event(2)])
    served.turn()
    assert received(first)[0] == BEGUN + frame(1) + frame(2)
    assert received(fd_of_second)[0] == CONNECTED % b"e-1" + frame(2)


def test_a_stream_that_was_ended_before_it_came_to_the_loop_says_why(serve):
    served = serve(hub())
    client, stream = served.open()
    served.hub.end(stream, "revoked")
    served.turn()
    assert received(client) == (closing("revoked"), True) and served.is_empty


def test_who_comes_back_has_the_past_before_the_present(serve):
    served = serve(hub(Log([event(1), event(2)])))
    client, _ = served.open(cursor=Cursor("e", 0))
    served.hub.receive([event(3)])
    served.turn()
    assert received(client)[0] == BEGUN + frame(1) + frame(2) + frame(3)


# Pack and stragglers

def test_what_is_new_is_written_to_each_of_the_pack_and_read_once(serve):
    served = serve(hub())
    clients = [served.open()[0] for _ in range(20)]
    served.turn()
    (pack,) = served.loop._audience._packs.values()
    assert len(pack.fds) == 20
    served.hub.receive([event(1), event(2)])
    served.turn()
    assert {received(client) for client in clients} == {(BEGUN + frame(1) + frame(2), False)}


def test_a_straggler_goes_on_where_it_stood_in_the_frame_and_rejoins(serve, valve):
    served = serve(hub(), write=valve.write)
    client, stream = served.open()
    other, _ = served.open()
    served.turn()
    valve.room[stream.fd] = 5
    served.hub.receive([event(1)])
    served.turn()
    served.hub.receive([event(2)])
    served.turn()
    assert received(client)[0] == BEGUN + frame(1)[:5]
    assert received(other)[0] == BEGUN + frame(1) + frame(2)
    valve.room.clear()
    served.room(stream)
    assert received(client)[0] == frame(1)[5:] + frame(2)
    (pack,) = served.loop._audience._packs.values()
    assert stream.fd in pack.fds and stream.at is None and not served.loop._audience._rests and not served.loop._audience._blocked


def test_a_pack_whose_only_client_goes_as_it_is_written_to_keeps_nobody_elses_waiting(serve, valve):
    served = serve(hub(), write=valve.write)
    _, going = served.open(("a", "b"))
    client, _ = served.open(("a", "c"))
    served.turn()
    valve.broken.add(going.fd)
    served.hub.receive([event(1)])
    served.turn()
    assert received(client) == (BEGUN + frame(1), False)
    assert served.hub.open_streams == 1 and len(served.hub._feeds) == 1


def test_a_client_that_is_gone_leaves_the_others_of_its_pack_unharmed(serve, valve):
    served = serve(hub(), write=valve.write)
    going = [served.open()[1] for _ in range(3)]
    client, _ = served.open()
    served.turn()
    valve.broken |= {stream.fd for stream in going}
    served.hub.receive([event(1)])
    served.turn()
    assert received(client) == (BEGUN + frame(1), False) and served.hub.open_streams == 1


def test_a_greedy_straggler_does_not_keep_the_pack_waiting(serve, valve):
    log = Log([large(seq, 1000, "past") for seq in range(1, 2001)])
    served = serve(hub(log), write=valve.write)
    client, _ = served.open()
    served.turn()
    swallow(valve, served.open(("past",), Cursor("e", 0)), served)
    served.hub.receive([event(2001)])
    served.turn()
    (taken,) = valve.abyss.values()
    assert received(client)[0].endswith(frame(2001)) and taken < 1_500_000


def test_what_is_beyond_a_share_follows_in_the_next_turns_without_a_word_of_epoll(serve, valve):
    log = Log([large(seq, 4000) for seq in range(1, 301)])
    served = serve(hub(log), write=valve.write)
    swallow(valve, served.open(cursor=Cursor("e", 0)), served)
    (first,) = valve.abyss.values()
    assert SHARE <= first < SHARE + 1_100_000       # a page of these events is one run
    for _ in range(5):
        assert served.loop._patience_s() == 0 or not served.loop._audience._rests
        served.turn()
    (taken,) = valve.abyss.values()
    assert taken == len(BEGUN) + sum(len(event.frame(SSE)) for event in log.events) and not served.loop._audience._rests


def test_a_slow_reader_of_a_real_socket_has_all_in_order_and_once(serve):
    served = serve(hub())
    slow, _ = served.open(buffer=4096)
    quick, _ = served.open()
    got = {slow: b"", quick: b""}
    for seq in range(1, 301):
        served.hub.receive([large(seq, 500)])
        served.turn()
        got[quick] += received(quick)[0]
        if seq % 10 == 0:
            got[slow] += received(slow, 3000)[0]
    assert served.loop._audience._rests, "nobody was slow"
    while served.loop._audience._rests:
        got[slow] += received(slow, 3000)[0]
        served.turn()
    got[slow] += received(slow)[0]
    assert ids(got[slow]) == ids(got[quick]) == list(range(301)) and got[slow] == got[quick]


def swallow(valve, opened, served):
    """Let the loop welcome a client that takes whatever it is given."""
    loop_fd, _ = served.loop._newcomers[-1]
    valve.abyss[loop_fd] = 0
    served.loop.look()


# Too slow

def test_what_is_to_come_waits_for_those_who_are_slow(serve, valve):
    served = serve(hub(tape_bytes=1000), write=valve.write)
    client, stream = served.open()
    served.turn()
    valve.room[stream.fd] = 5
    served.hub.receive([large(1, 300)])
    served.turn()
    served.hub.receive([large(seq, 300) for seq in range(2, 5)])
    served.turn()
    assert served.hub.is_held_up and not served.hub.growth.has_room
    valve.room.clear()
    served.room(stream)
    served.turn()
    assert served.hub.growth.has_room
    served.hub.receive(())
    served.turn()
    assert ids(received(client)[0])[-4:] == [1, 2, 3, 4]


def test_what_is_to_come_waits_only_a_moment_for_those_who_take_nothing(serve, valve):
    served = serve(hub(tape_bytes=1000), write=valve.write)
    _, stream = served.open()
    served.turn()
    valve.room[stream.fd] = 0
    served.hub.receive([large(1, 300)])
    served.turn()
    served.hub.receive([large(seq, 300) for seq in range(2, 5)])
    served.turn()
    served.now += ROOM_S * 0.9
    served.turn()
    assert not served.hub.growth.has_room
    served.now += ROOM_S * 0.2
    served.turn()
    assert served.hub.growth.has_room


def test_a_straggler_that_lapses_has_the_rest_of_its_frame_and_is_told_why(serve, valve):
    served = serve(hub(tape_bytes=1000), write=valve.write)
    client, stream = served.open()
    served.open()
    served.turn()
    valve.room[stream.fd] = 5
    for seq in range(1, 10):
        served.hub.receive([large(seq, 300)])
        served.now += ROOM_S
        served.turn()
    assert stream.has_lapsed
    valve.room.clear()
    served.room(stream)
    got, is_over = received(client)
    assert got == BEGUN + large(1, 300).frame(SSE) + closing("lagging") and is_over


def test_a_pack_that_lapses_is_ended_as_lagging_and_the_next_newcomer_is_unharmed(serve):
    served = serve(hub(tape_bytes=1000))
    clients = [served.open()[0] for _ in range(3)]
    served.turn()
    for life in range(1, 30):       # nothing that waits for the loop
        served.hub.renew(Cursor(f"f{life}", 0), 0)
    newcomer, _ = served.open()
    served.turn()
    assert {received(client) for client in clients} == {(BEGUN + closing("lagging"), True)}
    served.hub.receive([event(1, epoch="f29")])
    served.turn()
    assert received(newcomer)[0] == CONNECTED % b"f29-0" + event(1, epoch="f29").frame(SSE)


def test_a_pack_that_lapses_as_a_newcomer_overtakes_it_leaves_the_newcomer_unharmed(serve):
    served = serve(hub(tape_bytes=1000))
    client, _ = served.open()
    served.turn()
    for life in range(1, 30):
        served.hub.renew(Cursor(f"f{life}", 0), 0)
    newcomer, _ = served.open()
    served.loop._welcome(*served.loop._newcomers.popleft())
    assert received(client) == (BEGUN + closing("lagging"), True)
    served.hub.receive([event(1, epoch="f29")])
    served.turn()
    assert received(newcomer) == (CONNECTED % b"f29-0" + event(1, epoch="f29").frame(SSE), False)


@pytest.mark.parametrize("size", [100, 950])
def test_a_pack_never_lapses_for_events_that_follow_brings_while_the_loop_sends(serve, valve, size):
    served = serve(hub(tape_bytes=2000), write=valve.write)
    clients = [served.open(("a", topic))[0] for topic in "bc"]      # two packs: one waits while the other is sent
    served.turn()
    got = dict.fromkeys(clients, b"")
    served.hub.receive([large(seq, size) for seq in range(1, 101)])
    while served.hub.growth._feeds:
        valve.meanwhile = lambda: served.hub.receive(())        # as follow does once there is room
        served.turn()
        served.hub.receive(())
        for client in clients:
            got[client] += received(client)[0]
    assert [ids(sent) for sent in got.values()] == 2 * [list(range(101))] and served.hub.open_streams == 2
