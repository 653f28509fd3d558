"""A client of the world: what it was told, and what it may never be told. See world.py."""
import json


class Client:
    """Somebody who wants every event of `topics` after `start`, whatever happens to the connection."""

    def __init__(self, world, topics, start):
        self._world, self.topics, self.start = world, topics, start     # start None: from when it first connects
        self.stream, self.last, self.ids = None, start, []              # start and last are Cursors, ids are seqs
        self._life = world.hub.cursor.epoch     # of the log: the last one that it may know to have begun
        self._rest = b""

    def connect(self, stream):
        self.stream, self._rest = stream, b""

    def hear(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            type, id, data = json.loads(line)
            if type == "reset":
                self._start_over(self._world.core.Cursor(*id), data)
            elif type != "closing":
                self._understand(type, self._world.core.Cursor(*id))

    def _understand(self, type, id):
        if self.start is None:
            self.start = id
        elif self.last is not None:
            assert id.epoch == self.last.epoch, f"{type} {id} after {self.last} without a reset"
            assert id.seq >= self.last.seq, f"ids went back from {self.last} to {id} at {type}"
        if type == "event":
            assert self.last is None or id.seq > self.last.seq, f"event {id} after {self.last}"
            self.ids.append(id.seq)
        self.last = id

    def _start_over(self, id, reason):
        assert self._life != self._world.epoch, f"a reset, {reason}, that nothing called for"
        if reason == "epoch":
            self._life = id.epoch
        self.start, self.last, self.ids = id, id, []
