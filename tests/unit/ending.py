"""The end of a world: everybody catches up, has what was promised, and leaves nothing behind. See world.py."""


class Ending:
    """The part of a World that ends it."""

    def settle(self):
        """Let everybody catch up: those who are here all together, then those who were away, each as there is a place."""
        self._depth, self.is_calm, self._done = 99, True, set()
        self._catch_up()
        self._assert_tapes_are_empty()
        for _ in range(5):
            self.commit()
            self._catch_up()
        for _ in range(2):      # heartbeats for all
            self.now += 4
            self.hub.tick(self.now)
            self._catch_up()
        if self._has_restores:
            self.restore()
        self._done.clear()
        self._catch_up()
        while lonely := [client for client in self._lonely() if client not in self._done]:
            self._join(lonely[0])
            if lonely[0].stream is None:
                assert any(client.stream for client in self.clients), "refused, and nobody is there"
                self._send_all_away()
            else:
                self._catch_up()

    def _assert_tapes_are_empty(self):
        assert not any(feed._frames for feed in self.hub._feeds), "a tape keeps what everybody has read"

    def _catch_up(self):
        late = None     # one who was not served when last looked at, so that not all are looked at each time
        for _ in range(8000):
            if self.hub.is_held_up:     # follow waits, and the loop no longer than its time for those who are slow
                self.now += 0.01
            if self.hub.cursor != self.head:
                self._follow(self._look)
            while self._handed_over:
                self.hand_over()
            self._turn()
            self.work_all()
            for client in self._connected(by_loop=False):
                self._send(client)
            if self.hub.cursor == self.head and not (late and late.stream and not self._is_served(late)):
                late = next((client for client in self.clients if client.stream and not self._is_served(client)), None)
                if late is None:
                    self._done |= {client for client in self.clients if client.stream}
                    return
            self._lonely()
        raise AssertionError("a client never catches up")

    def _is_served(self, client):
        stream, pack = client.stream, self.loop._audience._packs.get(client.stream.feed)
        if stream.closing or stream not in self.hub._streams:
            return False
        if stream.fd is None:
            return not stream.replay and stream.at == stream.feed.end
        return stream.fd in pack.fds and stream.fd not in self.loop._audience._rests and pack.at == stream.feed.end

    def _send_all_away(self):
        for client in self.clients:
            if client.stream and client.stream.fd is None:
                self._leave(client)
            elif client.stream:
                self._hang_up(client)
        while not self.kernel.is_quiet:
            self._turn()

    def check(self):
        """Everybody has what was promised, and nothing is left of them."""
        for client in self.clients:
            wanted = client.wanted(self.log)
            assert client.is_answered, "somebody was never answered"
            assert client.start.epoch == self.epoch, f"{client.start} is of a life of the log that is over"
            assert client.ids == wanted, (client.start, client.ids, wanted)
        self._close()
        assert not (self.hub._feeds or self.hub._feeds._index or self.hub._streams), "feeds are left behind"
        assert not self.hub.owners(), "owners are left behind"
        places = self.hub._places
        assert not (places.taken or places.waiting or places._users._counts or places._addresses._counts), "places are left behind"
        assert not self.hub._runs.pending, "a past that nobody waits for is counted"
        assert not self.hub._held, "events are held back for ever"
        assert not self.hub.growth._feeds and not self.hub.growth._ended and not self.hub.growth._bytes, "growth is left behind"
        assert len(self.window._older) <= 8 and len(self.window._recent) <= 2 and not self.window._loading

    def _close(self):
        for client in self._connected(by_loop=False):
            self._leave(client)
        self.loop._close()
        audience = self.loop._audience
        assert not (self.loop.open_streams or audience._rests or audience._blocked or audience._packs), "the loop keeps somebody"
