"""Those clients of a world who have a say: they ask for other topics, for something to be done, or to part. See world.py."""
import json

from .surroundings import Encoding


class Speech:
    """A dialogue of lines: [what, number, topics or none]. A "ping" and a "bye" are answered at once, the others are tasks."""

    def __init__(self, outcome):
        self.is_over, self._outcome = False, outcome
        self._rest, self._tasks, self._is_doing = b"", [], False

    def hear(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        return b"".join(self._answer(*json.loads(line)) for line in lines if not self.is_over)

    def _answer(self, what, number, topics):
        if what in ("ping", "bye"):
            self.is_over = what == "bye"
            return Encoding._line(what, None, number)
        self._tasks.append((number, topics))
        return b""

    def begin(self):
        if self._is_doing or not self._tasks:
            return None
        self._is_doing = True
        number, topics = self._tasks.pop(0)
        return lambda: self._outcome(Encoding._line("done", None, json.dumps([number, topics])), topics and frozenset(topics))

    def finish(self):
        assert self._is_doing, "it is done, and was never begun"
        self._is_doing = False


class Speaking:
    """The part of a World in which clients ask, and others do it."""

    def say(self):
        """A client says one thing, or more, of which it may be the last."""
        speakers = [client for client in self._connected(by_loop=True) if client.may_speak and client.stream.fd is not None]
        if speakers:
            client = self.random.choice(speakers)
            for _ in range(self.random.choice([1, 1, 1, 4])):
                what = self.random.choices(["move", "act", "ping", "bye"], [6, 3, 3, 1])[0]
                topics = sorted(self.random.choice(self._interests)) if what == "move" else None
                self.kernel.say(client.stream, client.ask(what, topics))

    def work(self):
        """Somebody does one of the things that were asked for."""
        if self._errands:
            self._errands.pop(self.random.randrange(len(self._errands))).service()

    def work_all(self):
        while self._errands:
            self.work()

    def note_moves(self, hub):
        """Have each client know where it was moved: what is later of its topics before is not for it."""
        move = hub.move

        def noting(stream, topics):
            where, before = hub.cursor, stream.feed
            client = next((client for client in self.clients if client.stream is stream), None)
            if client:
                client.moves.append((where, topics))
            try:
                move(stream, topics)
            except self.core.Lapsed:
                assert client is None or client.moves.pop()
                raise
            assert stream.feed is before or stream.feed.topics == topics or stream not in hub._streams
        hub.move = noting
