"""Polls: answers in JSON, for whoever cannot keep a stream open."""
from functools import cached_property

from . import Answers
from .envelope import dump, envelope

HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Poll(Answers):
    """Answers `{"cursor", "build", "reset", "more", "events"}`; a frame is one event's object.

    fragments  Fragments (fragments.py) for clients that asked for them, else None
    build      a function that returns the build; asked once, when the first client asks
    """

    transport = "poll"

    def __init__(self, *, fragments=None, build=str):
        self._fragments, self._build = fragments, build

    def event(self, event):
        return envelope(event, self._fragments, has_id=True).encode(errors="replace")      # a lone surrogate in a fragment

    def slab(self, frames):
        return frames[0] if len(frames) == 1 else b", ".join(frames)

    def answer(self, cursor, slab=b"", *, has_more=False, reset=None):
        said = dump({"cursor": cursor and str(cursor)})[:-1].encode(), dump({"reset": reset, "more": has_more})[1:-1].encode()
        return b'%s, %s, %s, "events": [%s]}' % (said[0], self._said_build, said[1], slab)

    @cached_property
    def _said_build(self):
        return dump({"build": self._build()})[1:-1].encode()
