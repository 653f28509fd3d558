"""A client of the world: what it was told, and what it may never be told. See world.py."""
import json


class Client:
    """Somebody who wants every event of `topics` after `start`, whatever happens to the connection."""

    def __init__(self, world, topics, start, *, encoding, owner, user, address, appetite):
        """appetite: how likely it is to take all that is sent, where others take a part or nothing."""
        self._world, self.topics, self.start = world, topics, start     # start None: from when it first connects
        self.encoding, self.owner, self.user, self.address, self.appetite = encoding, owner, user, address, appetite
        self.stream, self.last, self.ids = None, start, []              # start and last are Cursors, ids are seqs
        self.transients = []                    # numbers of those that it was told
        self.may_speak, self.moves = False, []  # moves: (where, topics that it sees after that), as the hub has it
        self._first = topics
        self._asked, self._numbers = [], 0      # (what, number, topics) of what it has asked for on this connection, and not been answered
        self._life = world.hub.cursor.epoch     # of the log: the last one that it may know to have begun
        self._rest, self._lines = b"", 0
        self._is_over = False                   # whether the connection has said that it ends

    def connect(self, stream):
        self.stream, self._rest, self._lines, self._is_over = stream, b"", 0, False
        self._asked = []
        if self.last is not None:
            self.moves = [move for move in self.moves if move[0].epoch == self.last.epoch and move[0].seq <= self.last.seq]
            self.moves.append((self.last, self.topics))

    def ask(self, what, topics):
        """Return the line by which it asks for something."""
        self._numbers += 1
        self._asked.append((what, self._numbers, topics or ()))
        return json.dumps([what, self._numbers, topics]).encode() + b"\n"

    @property
    def is_answered(self):
        return self._is_over or not self._asked

    def wanted(self, log):
        """Return the seqs of `log` that it must have been told: of each topic while it saw that."""
        return [event.seq for event in log if event.seq > self.start.seq and event.topic in self._topics_at(event.seq)]

    def _topics_at(self, seq):
        topics = self._first
        for where, others in self.moves:
            topics = others if where.seq < seq else topics
        return topics

    def hear(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            assert not self._is_over, f"{line} after the last words"
            type, id, data = json.loads(line)
            if self.encoding.is_once:
                self._take_answer(id and self._world.core.Cursor(*id), *data)
                continue
            if type in ("done", "ping", "bye"):
                self._take_reply(type, data)
                continue
            assert (type == "connected") == (self._lines == 0) or type == "closing", f"{type} at line {self._lines}"
            self._lines += 1
            self._obey(type, id and self._world.core.Cursor(*id), data)

    def _take_answer(self, cursor, said, events):
        """`cursor` says that there is nothing up to there but `events`; without one it goes on from where it was."""
        self._is_over = True
        self._world.met["answer", bool(events), said["more"], cursor is None, said["reset"]] += 1
        assert len(events) <= self._world.core.PAGE and (cursor or not events), "an answer that cannot be gone on from"
        if said["reset"]:
            assert not events
            self._start_over(cursor, said["reset"])
        for type, id, data in events:
            self._obey(type, id and self._world.core.Cursor(*id), data)
        if cursor:
            self._understand("answer", cursor)

    def _take_reply(self, type, data):
        """Each kind is answered in the order in which it was asked for; after a "bye" nothing comes."""
        number, topics = data if type == "done" else (data, None)
        kinds = ("move", "act") if type == "done" else (type,)
        first = next((asked for asked in self._asked if asked[0] in kinds), None)
        assert first and first[1] == number, f"{type} {number}, but {first} is first"
        self._asked.remove(first)
        self._world.met[type, bool(topics)] += 1
        self._is_over = type == "bye"
        if topics:
            self.topics = frozenset(topics)

    def _obey(self, type, id, data):
        if type == "closing":
            self._is_over = True
            reason, refused = data
            assert {*refused} <= self._ever, "it loses what it never asked for"
            self._world.note_end(self, reason)
        elif type == "reset":
            self._start_over(id, data)
        elif id is None:
            assert data["topic"] in self._seen and data["number"] not in self.transients, "a transient event twice, or not its own"
            self.transients.append(data["number"])
        else:
            assert type != "event" or data["topic"] in self._seen, "an event of what it has been told that it does not see"
            self._understand(type, id)

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
        of_this_life = [move for move in self.moves if move[0].epoch == id.epoch]
        before = [topics for where, topics in self.moves if where.epoch != id.epoch]
        self.moves = [(id._replace(seq=-1), topics) for topics in before[-1:]] + of_this_life

    @property
    def _seen(self):
        """The topics that it knows to see, or may see by now: those of which it was told that it does not are not among them."""
        return self.topics.union(*(topics for _, _, topics in self._asked))

    @property
    def _ever(self):
        """The topics that it sees, or has seen."""
        return self._first.union(self.topics, *(topics for _, topics in self.moves))
