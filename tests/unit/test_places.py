"""Places: how many streams there may be, and that none is lost or taken twice."""
import pytest

from myapp.realtime.core.event import Cursor
from myapp.realtime.core.window import PAGE
from myapp.realtime.errors import HubFull, TooManyStreams

from .hubs import SSE, Log, event, hub


def test_past_the_most_there_is_no_place_until_one_leaves():
    here = hub(max_streams=2)
    streams = [here.join({"a"}, SSE) for _ in range(2)]
    with pytest.raises(HubFull, match=r"all 2 places .*realtime\.max_streams"):
        here.join({"a"}, SSE)
    here.leave(streams[0])
    here.leave(streams[0])
    here.join({"a"}, SSE)
    with pytest.raises(HubFull):
        here.join({"a"}, SSE)


def test_what_the_server_has_room_for_counts_where_it_is_less():
    here = hub(max_streams=5)
    here.join({"a"}, SSE, room=1)
    with pytest.raises(HubFull, match="all 1 places .*open files"):
        here.join({"a"}, SSE, room=1)
    here.join({"a"}, SSE, room=100)
    here.join({"a"}, SSE)


@pytest.mark.parametrize("kind", ["user", "address"])
def test_one_user_or_address_has_no_more_than_its_own_and_the_others_theirs(kind):
    here = hub(**{f"max_streams_per_{kind}": 2})
    streams = [here.join({"a"}, SSE, **{kind: "one"}) for _ in range(2)]
    with pytest.raises(TooManyStreams, match=f"this {kind} has 2 streams already .*max_streams_per_{kind}"):
        here.join({"a"}, SSE, **{kind: "one"})
    here.join({"a"}, SSE, **{kind: "other"})
    for _ in range(5):
        here.join({"a"}, SSE, **{kind: None})       # nobody is not counted
    here.leave(streams[1])
    here.join({"a"}, SSE, **{kind: "one"})
    with pytest.raises(TooManyStreams):
        here.join({"a"}, SSE, **{kind: "one"})


def test_a_user_who_is_refused_for_the_address_has_lost_nothing():
    here = hub(max_streams_per_user=2, max_streams_per_address=1)
    here.join({"a"}, SSE, user="one", address="x")
    for _ in range(3):
        with pytest.raises(TooManyStreams, match="address"):
            here.join({"a"}, SSE, user="one", address="x")
    here.join({"a"}, SSE, user="one", address="y")
    assert here._places.taken == 2


def test_none_is_any_number():
    here = hub(max_streams_per_user=0, max_streams_per_address=0)
    for _ in range(200):
        here.join({"a"}, SSE, user="one", address="x")


def test_a_place_is_taken_while_the_past_is_read_and_given_back_when_it_cannot_be():
    log = Log([event(seq) for seq in range(1, 3 * PAGE)])
    here, refusals = hub(log, max_streams=1, max_streams_per_user=1), []

    def read_page(number):
        with pytest.raises(HubFull):
            here.join({"a"}, SSE, user="other")
        refusals.append(number)
        raise OSError
    here._replay._window._read_page = read_page
    with pytest.raises(OSError):
        here.join({"a"}, SSE, Cursor("e", 1), user="one")
    assert refusals == [0] and here._places.taken == 0
    here.join({"a"}, SSE, user="one")


def test_nothing_is_kept_of_users_and_addresses_without_streams():
    here = hub(max_streams_per_user=3, max_streams_per_address=3)
    for stream in [here.join({"a"}, SSE, user=number or None, address=number // 3 or None) for number in range(100)]:
        here.leave(stream)
    assert not here._places._users._counts and not here._places._addresses._counts and here._places.taken == 0
