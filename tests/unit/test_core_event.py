"""Cursors and events: what is one, and what comes back of it."""
import json

import pytest

from myapp.realtime.core.event import UNREADABLE, Cursor, new_event
from myapp.realtime.errors import InvalidEvent
from myapp.realtime.transports.sse import EventStream

SSE = EventStream()


@pytest.mark.parametrize("text", [
    "", "-", "e", "-1", "e-", "e--1x", "e-1.5", "e- 1", "e-١", "e-" + "9" * 19, "e\n-1", "e:f-1", "é-1", "e-1\0", "a" * 10_000])
def test_a_text_that_is_no_cursor_is_unreadable(text):
    assert Cursor.parse(text) is UNREADABLE


def test_a_cursor_survives_its_text():
    assert Cursor.parse(str(Cursor("5f3a9c1e", 10**17))) == Cursor("5f3a9c1e", 10**17)


@pytest.mark.parametrize(("topic", "type", "data", "key"), [
    ("Users", "t", {}, None), ("a::b", "t", {}, None), ("a\nid: 1", "t", {}, None), ("a" * 201, "t", {}, None), (7, "t", {}, None),
    ("a", "t\r", {}, None), ("a", "", {}, None), ("a", "t", [], None), ("a", "t", None, None), ("a", "t", {"x": float("nan")}, None),
    ("a", "t", {"x": object()}, None), ("a", "t", {"x": "x" * 1000}, None), ("a", "t", {}, "key with blank"), ("a", "t", {}, 'k">')])
def test_what_is_no_event_is_refused(topic, type, data, key):
    with pytest.raises(InvalidEvent):
        new_event(topic, type, data, key=key, max_bytes=900)


def test_a_loop_in_the_data_is_refused():
    data = {}
    data["self"] = data
    with pytest.raises(InvalidEvent):
        new_event("a", "t", data, max_bytes=900)


@pytest.mark.parametrize("hostile", ["a\r\nid: 7\n\n", "\0", "\u2028\u2029", "\ud800", "</script>", "é€😀"])
def test_whatever_is_published_stays_on_one_line_and_comes_back_the_same(hostile):
    made = new_event("a", "t", {hostile: hostile}, max_bytes=900)
    sent = SSE.event(made)
    head, data, *rest = sent.split(b"\n")
    assert head == b"event: t" and data.startswith(b"data: ") and rest == [b"", b""] and b"\r" not in sent and b"\0" not in sent
    assert json.loads(data[6:]) == {hostile: hostile}
