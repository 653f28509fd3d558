"""What a world puts in the place of a lock, of an encoding and of a log, so that others run wherever they could."""
import json


class Unreadable(Exception):
    """The log does not answer."""


MOST_TAKEN = 300_000    # times that one world takes the lock; whoever needs more goes round in circles


class StrictLock:
    """Not to be taken twice; whatever is called back while it is held shows here; after it others may run."""

    def __init__(self, world):
        self._world, self._is_held, self.taken = world, False, 0

    def __enter__(self):
        assert not self._is_held, "the lock is taken while it is held"
        self._is_held, self.taken = True, self.taken + 1
        assert self.taken < MOST_TAKEN, "it goes round in circles"

    def __exit__(self, error, *_):
        self._is_held = False
        if error is None:
            self._world.let_others_run(0.04)


class InOrder(dict):
    """A set that is gone through in the order of entry: another one goes by addresses, and no seed would be the same world twice."""

    def add(self, item):
        self[item] = None

    remove = dict.__delitem__


class Encoding:
    """JSON lines, and a moment for others at every call that the core must not make under its lock."""

    is_once = False

    def __init__(self, world, number):
        self._world, self._number = world, number

    def __hash__(self):
        return self._number     # the same in every run of a seed, as the order of a set follows from it

    def __eq__(self, other):
        return self is other

    def event(self, event):
        self._world.let_others_run(0.2)
        return self._line("event", event.cursor, event.data)

    def connected(self, cursor):
        return self._line("connected", cursor)

    def heartbeat(self, cursor):
        self._world.let_others_run(0.8)
        return self._line("heartbeat", cursor)

    def reset(self, reason, cursor, spread_ms):
        self._world.let_others_run(0.2)
        return self._line("reset", cursor, json.dumps(reason))

    def closing(self, reason, topics=()):
        return self._line("closing", None, json.dumps([reason, sorted(topics)]))

    @staticmethod
    def slab(frames):
        return b"".join(frames)

    @staticmethod
    def _line(type, cursor, data="null"):
        id = list(cursor) if cursor else None
        return f'["{type}", {json.dumps(id)}, {data}]\n'.encode()


class Answers(Encoding):
    """One such line for all that an answer tells."""

    is_once = True

    def answer(self, cursor, slab=b"", *, has_more=False, reset=None):
        said = json.dumps({"more": has_more, "reset": reset})
        return self._line("answer", cursor, f'[{said}, [{slab.decode()}]]')

    def event(self, event):
        return super().event(event)[:-1]

    def heartbeat(self, cursor):
        self._world.let_others_run(0.8)
        return self.answer(cursor)

    def reset(self, reason, cursor, spread_ms):
        self._world.let_others_run(0.2)
        return self.answer(cursor, reset=reason)

    def closing(self, reason, topics=()):
        return self.answer(None)

    @staticmethod
    def slab(frames):
        return b", ".join(frames)
