"""Owners: whose streams end, and who is checked when."""
import pytest

from .hubs import SSE, hub

TURNS = 18


def stream(served, owner, *topics):
    return served.join(topics or ("a",), SSE, owner=owner)


def test_the_streams_of_one_owner_end_and_nobody_elses():
    served = hub()
    mine, other = [stream(served, "mine", "a"), stream(served, "mine", "b")], stream(served, "other", "a")
    served.end_owner("mine", "expired")
    assert [one.closing for one in mine] == ["expired", "expired"] and other.closing is None
    assert mine[0].last_words() == b'event: closing\ndata: {"reason": "expired"}\n\n'


def test_those_that_see_a_lost_topic_end_and_each_is_told_which_of_its_own():
    served = hub()
    first, second, third = stream(served, "o", "a", "b"), stream(served, "o", "b", "c"), stream(served, "o", "d")
    served.end_owner("o", "revoked", ("c", "b"))
    assert first.last_words() == b'event: closing\ndata: {"reason": "revoked", "topics": ["b"]}\n\n'
    assert second.last_words() == b'event: closing\ndata: {"reason": "revoked", "topics": ["b", "c"]}\n\n'
    assert third.closing is None


def test_what_ends_already_keeps_its_reason():
    served = hub()
    one = stream(served, "o")
    served.end(one, "lagging")
    served.end_owner("o", "revoked", ("a",))
    assert one.last_words() == b'event: closing\ndata: {"reason": "lagging"}\n\n'


def test_an_owner_that_has_no_streams_is_no_fault():
    served = hub()
    served.end_owner("nobody", "revoked")
    assert served.topics_of(["nobody"]) == {} and served.owners_in_turn(TURNS) == []


def test_an_owners_topics_are_those_of_all_its_streams():
    served = hub()
    stream(served, "o", "a"), stream(served, "o", "b", "c"), stream(served, "p", "d")
    assert served.topics_of(served.owners()) == {"o": {"a", "b", "c"}, "p": {"d"}}


@pytest.mark.parametrize("count", [1, 17, 18, 19, 1000])
def test_each_owner_is_checked_once_in_all_turns_and_about_as_many_in_each(count):
    served = hub()
    for number in range(count):
        stream(served, number)
    for _ in range(3):
        turns = [served.owners_in_turn(TURNS) for _ in range(TURNS)]
        assert {owner for turn in turns for owner in turn} == set(range(count))
        assert max(map(len, turns)) == -(-count // TURNS)


def test_one_that_waits_longest_is_checked_though_all_before_it_have_gone():
    served = hub()
    crowd, last = [stream(served, number) for number in range(1000)], stream(served, "last")
    for _ in range(TURNS):
        turn = served.owners_in_turn(TURNS)
        if "last" in turn:
            return
        for one in crowd:
            if one.owner in turn:
                one.leave()
    pytest.fail(f"{last.owner} was not checked in {TURNS} turns")
