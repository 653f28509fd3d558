"""Transports: what events look like on the wire. One file per transport."""
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from ..core.event import Cursor, Event


class Encoding(ABC):
    """The bytes of one transport. Stateless: one object of it serves all feeds. Any thread may call any method; none blocks."""

    transport = "other"     # the name by which its streams are counted
    is_once = False     # whether a stream of it is over with what it sends first; see Answers

    @abstractmethod
    def event(self, event: Event) -> bytes:
        """Return the event's frame; it is made once and shared."""

    @abstractmethod
    def slab(self, frames: Sequence[bytes]) -> bytes:
        """Return several frames in one piece; of one frame, that very object. The hub's lock is held: a join and nothing else."""

    @abstractmethod
    def connected(self, cursor: Cursor) -> bytes:
        """Return what a stream begins with: it goes on after `cursor`, which may be UNREADABLE."""

    @abstractmethod
    def heartbeat(self, cursor: Cursor) -> bytes:
        """Return what says "nothing new up to `cursor`"."""

    @abstractmethod
    def reset(self, reason: str, cursor: Cursor, spread_ms: int) -> bytes:
        """Return what says "events were lost; start over from `cursor`, at a random moment within `spread_ms`"."""

    @abstractmethod
    def closing(self, reason: str, topics: Collection[str] = ()) -> bytes:
        """Return what a stream parts with: why, and because of which topics, if it is because of some."""


class Answers(Encoding):
    """An encoding of whole answers: a stream of it is parked until there is something to tell, sends one answer, and is over."""

    is_once = True

    @abstractmethod
    def answer(self, cursor: Cursor | None, slab: bytes = b"", *, has_more: bool = False, reset: dict | None = None) -> bytes:
        """Return an answer; it is shared. The hub's lock may be held: a join and nothing else.

        cursor    up to which the client then has everything; None lets it keep its own
        slab      of the events that it tells
        has_more  whether it is worth asking again at once
        reset     why the client is to start over from `cursor`, and within which time, if it is
        """

    def connected(self, cursor):
        return self.answer(cursor)

    def heartbeat(self, cursor):
        return self.answer(cursor)

    def reset(self, reason, cursor, spread_ms):
        return self.answer(cursor, reset={"reason": reason, "spread_ms": spread_ms})

    def closing(self, reason, topics=()):
        return self.answer(None)
