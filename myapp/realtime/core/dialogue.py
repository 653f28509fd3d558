"""The dialogue: what becomes of what the client of a stream says, where it has a say at all.

Whoever sends the stream brings it the bytes.
"""
from abc import ABC, abstractmethod
from typing import NamedTuple


class Outcome(NamedTuple):
    """What has become of a task."""
    answer: bytes                           # for the client alone, at a boundary of frames
    topics: frozenset[str] | None = None    # those that the stream sees from now on, where it is others


class Dialogue(ABC):
    """One stream's. It belongs to the thread that sends the stream, and never blocks; tasks are for threads that may."""

    is_over = False     # the client is to be parted from once it has been told what there is to tell; it has no more frames coming

    @abstractmethod
    def hear(self, data):
        """Take bytes as they come, in any pieces. Returns those to answer with at the next boundary of frames, often b""."""

    @abstractmethod
    def begin(self):
        """Return what is to be done next for the client, `task() -> Outcome`, which raises nothing; None when there is nothing.

        One at a time, in the order in which they were asked for: there is nothing until `finish`.
        """

    @abstractmethod
    def finish(self):
        """The task that was begun is done."""
