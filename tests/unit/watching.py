"""The watch of a world: it takes owners in turn, and ends those that have lost their right. See world.py."""

OWNERS = "o1", "o2", "o3", "o4", "o5", "o6", "o7"
TURNS = 4


class Watching:
    """The part of a World that checks rights."""

    def watch(self):
        self._alone("watch", self._check_in_turn)

    def _check_in_turn(self):
        """A turn of the watch: nobody who is here waits for more than TURNS of them. One who has left and come back begins anew."""
        held = self.hub._owners._held.copy()
        self._waited = {one: self._waited.get(one, 0) + 1 for one in held.values()}
        due, share = sum(turns >= TURNS for turns in self._waited.values()), -(-len(held) // TURNS)
        taken = self.hub.owners_in_turn(TURNS)
        assert len(taken) <= max(due, share), "more are checked than must be"
        for owner in taken:
            self._waited[held[owner]] = 0
            if self.random.random() < 0.1:
                self._end_owner(owner)
        assert all(turns < TURNS for turns in self._waited.values()), "an owner waits too long to be checked"

    def end_owner(self):
        if owners := self.hub.owners():
            self._end_owner(self.random.choice(owners))

    def _end_owner(self, owner):
        """All at once, or those that see some topics."""
        topics = self.random.choice([(), ("a",), ("b", "c")])
        mine = [stream for stream in self.hub._streams if stream.owner == owner and (not topics or stream.feed.topics & {*topics})]
        self.hub.end_owner(owner, "revoked", topics)
        assert all(stream.closing for stream in mine), "a stream without a right goes on"
