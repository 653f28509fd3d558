"""Owners: who holds which streams, and whose turn it is to be checked again. An owner is the credential behind streams, hashable.

The caller holds the hub's lock, always. It knows neither what an owner is nor what time it is: turns are counted.
"""


class Held:
    """What one owner has."""
    __slots__ = ("streams", "turn")

    def __init__(self, turn):
        self.streams = {}       # Stream -> None
        self.turn = turn        # in which it was checked last, or came

    def topics(self):
        return frozenset().union(*{feed: feed.topics for feed in (stream.feed for stream in self.streams)}.values())


class Owners:
    def __init__(self):
        self._held = {}         # owner -> Held; those whose turn comes next are first
        self._turn = 0

    def __iter__(self):
        return iter(self._held)

    def enter(self, stream):
        """`stream.owner` has one more."""
        held = self._held.get(stream.owner)
        if held is None:
            held = self._held[stream.owner] = Held(self._turn)
        held.streams[stream] = None

    def leave(self, stream):
        """One of its streams is over."""
        held = self._held[stream.owner]
        del held.streams[stream]
        if not held.streams:
            del self._held[stream.owner]

    def streams(self, owner, topics=()):
        """Return the streams of `owner`, those that see one of `topics`, or all when there are none."""
        held = self._held.get(owner)
        return [stream for stream in held.streams if not topics or not stream.feed.topics.isdisjoint(topics)] if held else []

    def topics(self, owners):
        """Return {owner: the topics that its streams see, a frozenset} of those of `owners` that have streams."""
        return {owner: self._held[owner].topics() for owner in owners if owner in self._held}

    def next_turn(self, turns):
        """Return the owners that are to be checked now, a list, when each is to be checked once in `turns` turns.

        Some come sooner than they must, so that each turn has about as many.
        """
        self._turn += 1
        share, taken = -(-len(self._held) // turns), []
        for owner, held in self._held.items():
            if len(taken) >= share and held.turn > self._turn - turns:
                break
            taken.append(owner)
        for owner in taken:
            held = self._held.pop(owner)
            held.turn, self._held[owner] = self._turn, held
        return taken
