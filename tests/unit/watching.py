"""The watch of a world: it takes owners in turn, and ends those that have lost their right. See world.py."""

OWNERS = "o1", "o2", "o3", "o4", "o5", "o6", "o7"
TURNS = 4


class Watching:
    """The part of a World that checks rights."""

    def watch(self):
        """A turn; or some, one after the other, between which those go who were just checked, so that few are left who were not."""
        are_leaving = self.random.random() < 0.1
        for _ in range(TURNS if are_leaving else 1):
            self._alone("watch", self._check_in_turn, are_leaving)

    def _check_in_turn(self, are_leaving):
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
        if are_leaving:
            self._take_leave(taken)

    def _take_leave(self, owners):
        """They close their connections, and the loop hears of it."""
        for by_loop, go in (True, self._hang_up), (False, lambda client: self._alone(client, self._leave, client)):
            for client in self._connected(by_loop):
                if client.owner in owners:
                    go(client)
        self.turn()

    def end_owner(self):
        if owners := self.hub.owners():
            self._end_owner(self.random.choice(owners))

    def _end_owner(self, owner):
        """All at once, or those that see some topics."""
        topics = self.random.choice([(), ("a",), ("b", "c")])
        mine = [stream for stream in self.hub._streams if stream.owner == owner and (not topics or stream.feed.topics & {*topics})]
        self.hub.end_owner(owner, "revoked", topics)
        assert all(stream.closing for stream in mine), "a stream without a right goes on"
