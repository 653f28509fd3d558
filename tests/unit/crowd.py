"""The clients of a world: how they come, are served, and go. See world.py."""
from .client import Client
from .speaking import Speech
from .surroundings import Unreadable
from .watching import OWNERS


class Crowd:
    """The part of a World that has its `clients`."""

    def arrive(self):
        epoch, seen = self.hub.cursor
        start = self.random.choice([None, seen, max(0, seen - self.random.randrange(40)), max(0, seen - self.random.randrange(5))])
        start = None if start is None else self.core.Cursor(epoch, start)
        client = Client(self, self.random.choice(self._interests), start,
                        encoding=self.random.choice(self.encodings), owner=self.random.choice(OWNERS),
                        user=self.random.choice([None, "u1", "u2", "u3"]),
                        address=self.random.choice([None, "192.0.2.1", "192.0.2.2"]), appetite=self.random.choice([0.95, 0.6, 0.1]))
        client.may_speak = not client.encoding.is_once and self.random.random() < 0.3
        self.clients.append(client)
        self._join(client)

    def reconnect(self):
        if lonely := self._lonely():
            self._join(self.random.choice(lonely))

    def _lonely(self):
        streams = self.hub._streams
        for client in self.clients:
            if client.stream not in streams:        # the loop has closed its connection
                client.stream = None
        return [client for client in self.clients if client.stream is None]

    def _join(self, client):
        if self.window._loading or client.stream or client in self._active:     # a second reader of a page would wait for the first
            return
        self._active.add(client)
        deadline = self.now + self.random.randrange(1, 60) if client.encoding.is_once or self.random.random() < 0.3 else None
        try:
            if client.encoding.is_once and (client.last is None or self.random.random() < 0.1 and not self.is_calm):
                return self._ask(client)
            speech = Speech(self.core.Outcome) if client.may_speak else None
            stream = self.hub.join(
                client.topics, client.encoding, client.last, deadline=deadline, owner=client.owner, user=client.user,
                address=client.address, dialogue=speech)
        except Unreadable:
            pass
        except self.core.TooManyPolls:
            self.met["TooManyPolls"] += 1
            assert self._is_crowded and self._waiting_polls() == 2, "a poll may not wait, for nothing"
            self._ask(client)
        except (self.core.HubFull, self.core.TooManyStreams) as refusal:
            self._check_refusal(client, refusal)
        else:
            self._check_places()
            client.connect(stream)
            if self.random.random() < self._loops_part or client.may_speak:
                self._handed_over.append((client, stream))
        finally:
            self._active.remove(client)

    def _ask(self, client):
        """A poll that waits for nothing, and whose answer may be lost on its way."""
        try:
            answer = self.hub.answer(client.topics, client.encoding, client.last)
        except Unreadable:
            return
        if self.random.random() < 0.9 or self.is_calm:
            client.connect(None)
            client.hear(answer)

    def _check_refusal(self, client, refusal):
        streams = self.hub._streams
        if "too much of the past" in str(refusal):
            self.met["too much pending"] += 1
        else:
            self.met[type(refusal).__name__] += 1
            assert self._is_crowded and (
                len(streams) == 7 or client.user and sum(stream.user == client.user for stream in streams) == 2
                or client.address and sum(stream.address == client.address for stream in streams) == 3), f"refused for nothing: {refusal}"

    def _check_places(self):
        streams = self.hub._streams
        for kind, most in ("user", 2), ("address", 3):
            holders = [getattr(stream, kind) for stream in streams if getattr(stream, kind)]
            assert not self._is_crowded or all(holders.count(holder) <= most for holder in holders), f"too many of one {kind}"
        assert not self._is_crowded or len(streams) <= 7 and self._waiting_polls() <= 2, "too many streams"

    def _waiting_polls(self):
        return sum(stream.feed.encoding.is_once for stream in self.hub._streams)

    def _connected(self, by_loop):
        """The clients that are connected, on a thread of their own or by the loop, to which they have been handed over."""
        handed_over = {client for client, _ in self._handed_over}
        streams, adopted = self.hub._streams, self._adopted
        return [client for client in self.clients
                if client.stream in streams and client not in handed_over and (client.stream in adopted) == by_loop]

    def read(self):
        if on_threads := self._connected(by_loop=False):
            client = self.random.choice(on_threads)
            self._alone(client, self._send, client)

    def _send(self, client):
        """What a thread of a stream's own does."""
        stream = client.stream
        try:
            if stream.closing:
                client.hear(stream.last_words())
                return self._leave(client)
            last_words = stream.expire() if stream.deadline is not None and stream.deadline <= self.now else b""
            client.hear(said := last_words or stream.next())
            if last_words or said and client.encoding.is_once:
                self._leave(client)
        except self.core.Lapsed:
            assert not self._is_roomy, "a client lapses that need not"
            self._leave(client)

    def cut(self):
        """A connection breaks somewhere within what is sent."""
        by_loop = self.random.random() < 0.7
        if connected := self._connected(by_loop):
            client = self.random.choice(connected)
            if by_loop:
                self._hang_up(client)
            else:
                self._alone(client, self._break, client)

    def _hang_up(self, client):
        self.kernel.hang_up(client.stream)
        if client.stream.fd is not None:
            client.stream = None        # it may come back before the loop knows

    def _break(self, client):
        try:
            data = client.stream.next()
            client.hear(data[:self.random.randrange(len(data) + 1)])
        except self.core.Lapsed:
            pass
        self._leave(client)

    def _leave(self, client):
        stream, client.stream = client.stream, None
        self.hub.leave(stream)
        self.hub.leave(stream)      # twice is harmless

    def end(self):
        if self.hub._streams:
            client = self.random.choice([client for client in self.clients if client.stream] or [None])
            if client:
                self.hub.end(client.stream, "revoked")

    def end_all(self):
        self.hub.end_all("shutdown")

    def note_end(self, client, reason):
        """A client was told that its connection ends. One that is moved may lapse for want of memory: what it has yet to read is kept."""
        assert reason != "lagging" or not self._is_roomy or client.may_speak, "a client lapses that need not"
        self.met[reason] += 1
