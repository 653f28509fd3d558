"""The message of the brokers: what is written is read again, and what nobody wrote is refused."""
import json

import pytest

from myapp.realtime.brokers import message
from myapp.realtime.core.event import Cursor, Event

MOST = 8000


def event(seq, size=2, **options):
    return Event("e0", seq, "a:B", "t", json.dumps({"x": "y" * (size - 9)}, ensure_ascii=False) if size > 9 else "{}", **options)


def parts(event):
    return event.epoch, event.seq, event.topic, event.type, event.data, event.key


def read_all(messages):
    return [one for each in messages for one in message.read(each)[0]]


def test_what_is_written_is_read_again():
    events = [event(1, key="user-1"), event(None), Event("e0", 2, "a", "t", '{"text": "\\u0000\\ud800 é😀\u2028"}')]
    messages, left_out = message.write(events, most_bytes=MOST)
    assert [parts(each) for each in read_all(messages)] == [parts(each) for each in events] and left_out == 0
    assert len(messages) == 1


@pytest.mark.parametrize("most", [200, 1000, 7999, 1 << 18])
def test_no_message_is_larger_than_allowed_and_the_order_stays(most):
    events = [event(seq, size=10 + seq * 37 % 700) for seq in range(1, 400)]
    messages, _ = message.write(events, most_bytes=most)
    assert max(map(len, messages)) <= most
    seqs = [seq for each in messages for events, cursor in [message.read(each)]
            for seq in ([cursor.seq] if cursor else [event.seq for event in events])]
    assert seqs == [*range(1, 400)]


def test_a_logged_event_that_is_too_large_is_told_of_by_its_cursor_and_a_transient_one_is_left_out():
    messages, left_out = message.write([event(1), event(2, size=MOST), event(None, size=MOST), event(3)], most_bytes=MOST)
    assert [message.read(each)[1] for each in messages] == [None, Cursor("e0", 2), None]
    assert [each.seq for each in read_all(messages)] == [1, 3] and left_out == 1


def test_an_event_that_just_fits_is_carried_whole_and_one_byte_more_is_not():
    room = MOST - message.ENVELOPE - len(json.dumps(["e0", 1, "a:B", "t", "", None], separators=(",", ":")))
    fits, exceeds = (Event("e0", 1, "a:B", "t", "{" + " " * (room - 2 + more) + "}") for more in (0, 1))
    assert message.read(message.write([fits], most_bytes=MOST)[0][0])[0]
    assert message.read(message.write([exceeds], most_bytes=MOST)[0][0])[1] == Cursor("e0", 1)


GOOD = ["e0", 1, "a", "t", "{}", None]
FIELDS = {      # place in an event -> what must not be there
    0: [None, "", "e-0", 7, "e\n0"], 1: [0.5, "1", -1, True, 10**18, []], 2: [None, "", "A", "a b", "a\n", "x" * 201, 7],
    3: [None, "T", "a\nb", {}, "reset", "closing"],
    4: [None, "", "[]", "1", "{", '{"a":\n1}', '{\r}', {}, '{"a": NaN}', '{"a": -Infinity}', "{}{}"],
    5: ["", "a b", 7, "x" * 201]}


@pytest.mark.parametrize("bad", [
    b"", b"\0", b"\xff\xfe", b"null", b"[]", b"7", b'"x"', b"{}", b'{"v": 2, "events": []}', b'{"v": 1, "events": {}}x',
    b'{"v": 1, "events": 7}', b'{"v": 1, "events": [7]}', b'{"v": 1, "events": [[]]}', b'{"v": 1, "events": null}',
    b'{"v": 1, "head": null}', b'{"v": 1, "head": []}', b'{"v": 1, "head": ["e0"]}',
    b'{"v": 1, "head": ["e 0", 1]}', b'{"v": 1, "head": ["e0", -1]}', b'{"v": 1, "head": ["e0", 1, 2]}',
    b"[" * 100_000, b'{"v": 1, "events": [' + b"[" * 100_000, b"9" * 5000,
    *(json.dumps({"v": 1, "events": [GOOD[:place] + [value] + GOOD[place + 1:]]}).encode() for place in FIELDS for value in FIELDS[place])])
def test_garbage_is_a_value_error(bad):
    with pytest.raises(ValueError):
        message.read(bad)


def test_what_a_later_release_adds_is_passed_over():
    assert [parts(each) for each in message.read(json.dumps({"v": 1, "events": [GOOD], "more": 7}))[0]] == [tuple(GOOD)]
