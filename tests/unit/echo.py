"""A dialogue for tests of the loop, whose outcomes are what its client says."""
from myapp.realtime.core.dialogue import Dialogue, Outcome

DONE = b"<done it>\n"


class Echo(Dialogue):
    """Answers each piece by its first bytes. What begins with a "do" is a task, whose outcome is what follows; a "!" ends all."""

    def __init__(self, *topics):
        self.heard, self._tasks, self._is_doing, self._topics = [], [], False, frozenset(topics) if topics else None

    def hear(self, data):
        self.heard.append(len(data))
        self.is_over = self.is_over or b"!" in data
        if data.startswith(b"do"):
            self._tasks += [lambda word=word: Outcome(b"<done %s>\n" % word, self._topics) for word in data.split()[1:]]
            return b""
        return b"<%s>" % data[:20]

    def begin(self):
        if self._is_doing or not self._tasks:
            return None
        self._is_doing = True
        return self._tasks.pop(0)

    def finish(self):
        self._is_doing = False


def say(served, client, data):
    client.send(data)
    served.turn()
