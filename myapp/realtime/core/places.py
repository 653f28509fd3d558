"""Places: how many streams there may be, of all, of one user and of one address. It knows nothing of what a stream is.

A place is taken before anything else is done for a stream and in the same breath in which it is counted, so that many who come at
once cannot be more than there may be.
"""
from ..errors import HubFull, TooManyPolls, TooManyStreams


class Places:
    """Of one thread at a time: whoever shares it holds a lock."""

    def __init__(self, *, most, most_of_user, most_of_address, most_waiting):
        """Each a number of streams; of the two in the middle 0 is any number. most_waiting: of them that are polls which wait."""
        self._most, self.taken = most, 0
        self._most_waiting, self.waiting = most_waiting, 0
        self._users, self._addresses = Count("user", most_of_user), Count("address", most_of_address)

    def take(self, user, address, room=None, *, waits=False):
        """Take a place in the name of `user` and of `address`, hashable, None for nobody; `room` is what the server has room for.

        waits: whether it is for a poll, which can do without. Raises TooManyPolls when there is none for these, HubFull when there is
        none at all, TooManyStreams when the user or the address has all that are its own.
        """
        if waits and self.waiting >= self._most_waiting:
            raise TooManyPolls(f"{self._most_waiting} polls wait already (realtime.max_waiting_polls)")
        most = self._most if room is None else min(self._most, room)
        if self.taken >= most:
            whose = "realtime.max_streams" if most == self._most else "the server's limit on open files"
            raise HubFull(f"all {most} places for streams are taken ({whose})")
        self._users.check(user)
        self._addresses.check(address)
        self._users.add(user)
        self._addresses.add(address)
        self.taken += 1
        self.waiting += waits

    def give_back(self, user, address, *, waits=False):
        """Give back what `take` took."""
        self._users.remove(user)
        self._addresses.remove(address)
        self.taken -= 1
        self.waiting -= waits


class Count:
    """How many streams each holder has. Nobody, None, is not counted."""

    def __init__(self, noun, most):
        self._noun, self._most = noun, most
        self._counts = {}       # holder -> streams, those of whom there are none left out

    def check(self, holder):
        if self._most and holder is not None and self._counts.get(holder, 0) >= self._most:
            raise TooManyStreams(f"this {self._noun} has {self._most} streams already (realtime.max_streams_per_{self._noun})")

    def add(self, holder):
        if self._most and holder is not None:
            self._counts[holder] = self._counts.get(holder, 0) + 1

    def remove(self, holder):
        if self._most and holder is not None:
            left = self._counts[holder] - 1
            if left:
                self._counts[holder] = left
            else:
                del self._counts[holder]
