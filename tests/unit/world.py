"""A world in one thread that does to the core whatever can happen to it, in an order drawn from a seed.

Commits that messages lose, double and reorder; repairs from the table; a backup that is restored; clients that join, read,
lapse, are ended or cut in the middle of a frame, and come back with the last id that they had. At every call-out of the core,
and after every release of its lock, other "threads" may run. A client must have exactly its events, and every id must be safe
to come back with.
"""
import importlib
import json
import random
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import myapp.realtime

from .client import Client

SMALL = {   # limits so low that a short run meets them all
    "window.py": [("PAGE = 256", "PAGE = 8"), ("CACHED = 32 << 20", "CACHED = 2000")],
    "replay.py": [("RUNS = 64 << 20", "RUNS = 20_000")],
    "feed.py": [("STEP = 1 << 16", "STEP = 300")]}
TOPICS = "abcde"
STEPS = 400


def load_core(folder, mutation=None):
    """Import a copy of the core from `folder` with small limits and, perhaps, one `mutation`: (file, old text, new text).

    Returns what a world needs of it, by name.
    """
    source, package = Path(myapp.realtime.__file__).parent, Path(folder) / f"copy_{len(sys.modules)}"
    shutil.copytree(source / "core", package / "core", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source / "errors.py", package)
    (package / "__init__.py").touch()
    changes = {name: list(texts) for name, texts in SMALL.items()}
    if mutation:
        changes.setdefault(mutation[0], []).append(mutation[1:])
    for name, texts in changes.items():
        text = (package / "core" / name).read_text()
        for old, new in texts:
            assert text.count(old) == 1, f"{name}: {old!r} is there {text.count(old)} times"
            text = text.replace(old, new)
        (package / "core" / name).write_text(text)
    sys.path.insert(0, str(folder))
    try:
        event, feed, window, hub = (importlib.import_module(f"{package.name}.core.{name}") for name in ("event", "feed", "window", "hub"))
    finally:
        sys.path.remove(str(folder))
    return SimpleNamespace(
        Cursor=event.Cursor, Event=event.Event, Hub=hub.Hub, Lapsed=feed.Lapsed, LogTrimmed=hub.LogTrimmed, PAGE=window.PAGE)


class Unreadable(Exception):
    """The log does not answer."""


class StrictLock:
    """Not to be taken twice; whatever is called back while it is held shows here; after it others may run."""

    def __init__(self, world):
        self._world, self._is_held = world, False

    def __enter__(self):
        assert not self._is_held, "the lock is taken while it is held"
        self._is_held = True

    def __exit__(self, *error):
        self._is_held = False
        self._world.let_others_run(0.02)


class Encoding:
    """JSON lines, and a moment for others at every call that the core must not make under its lock."""

    def __init__(self, world):
        self._world, self.encoded = world, {}

    def event(self, event):
        self._world.let_others_run(0.2)
        self.encoded[event.seq] = self.encoded.get(event.seq, 0) + 1
        return self._line("event", event.cursor, event.data)

    def connected(self, cursor):
        return self._line("connected", cursor)

    def heartbeat(self, cursor):
        self._world.let_others_run(0.8)
        return self._line("heartbeat", cursor)

    def reset(self, reason, cursor, spread_ms):
        self._world.let_others_run(0.2)
        return self._line("reset", cursor, json.dumps(reason))

    def closing(self, reason):
        return self._line("closing", None, json.dumps(reason))

    @staticmethod
    def slab(frames):
        return b"".join(frames)

    @staticmethod
    def _line(type, cursor, data="null"):
        id = list(cursor) if cursor else None
        return f'["{type}", {json.dumps(id)}, {data}]\n'.encode()


class World:
    def __init__(self, core, seed):
        self.core, self.random = core, random.Random(seed)
        self._is_made, self._depth, self._active = False, 0, set()
        self.epoch, self.log, self.messages, self.clients, self.now = "e0", [], [], [], 0.0
        for _ in range(self.random.randrange(60)):
            self.commit()
        self.messages.clear()
        self._is_roomy, self._has_restores = seed % 2, seed % 3 == 0      # roomy: nobody needs to lapse
        self.hub = core.Hub(self.head, 0, self.read_page, heartbeat_s=3,
                            tape_bytes=1 << 20 if self._is_roomy else 900, window=16)
        self.hub.lock = self.hub._replay._lock = self.hub._replay._window._lock = StrictLock(self)
        self.encodings = [Encoding(self), Encoding(self)]
        self._is_made = True

    @property
    def head(self):
        return self.core.Cursor(self.epoch, len(self.log))

    @property
    def window(self):
        return self.hub._replay._window

    # What happens

    def step(self):
        happening = self.random.choices(*zip(
            (self.commit, 30), (self.deliver, 22), (self.repair, 4), (self.arrive, 8), (self.reconnect, 12), (self.read, 40),
            (self.cut, 3), (self.end, 2), (self.tick, 8), (self.restore, 0.3 * self._has_restores), strict=True))[0]
        happening()

    def commit(self):
        seq = len(self.log) + 1
        data = json.dumps({"pad": "x" * self.random.randrange(80)})
        event = self.core.Event(self.epoch, seq, self.random.choice(TOPICS), "t", data)
        self.log.append(event)
        self.messages += [event] * self.random.choice([0, 1, 1, 1, 2])      # lost, once, doubled

    def deliver(self):
        if self.messages:
            last = self.random.randrange(len(self.messages)) + 1
            batch = self.messages[max(0, last - 4):last]
            del self.messages[max(0, last - 4):last]
            self.random.shuffle(batch)
            self._alone("follow", self.hub.receive, batch)

    def repair(self):
        self._alone("follow", self._look)

    def _look(self):
        """What follow does with the table."""
        if self.hub.cursor.epoch != self.epoch:
            try:
                self.hub.renew(self.head, 0)
            except Unreadable:
                return
        self.hub.set_bounds(0, len(self.log))
        self.hub.receive(self.log[self.hub.cursor.seq:])

    def restore(self):
        """A backup comes back: some of the newest events are gone, their seqs will be used again, and the epoch is another one."""
        self.epoch = f"e{int(self.epoch[1:]) + 1}"
        kept = self.log[:max(0, len(self.log) - self.random.randrange(12))]
        self.log = [self.core.Event(self.epoch, event.seq, event.topic, event.type, event.data) for event in kept]

    def arrive(self):
        epoch, seen = self.hub.cursor
        start = self.random.choice([None, seen, max(0, seen - self.random.randrange(40)), max(0, seen - self.random.randrange(5))])
        start = None if start is None else self.core.Cursor(epoch, start)
        client = Client(self, frozenset(self.random.sample(TOPICS, self.random.randrange(1, 3))), start)
        self.clients.append(client)
        self._join(client)

    def reconnect(self):
        if lonely := [client for client in self.clients if client.stream is None]:
            self._join(self.random.choice(lonely))

    def _join(self, client):
        if self.window._loading or client.stream or client in self._active:     # a second reader of a page would wait for the first
            return
        self._active.add(client)
        try:
            client.connect(self.hub.join(client.topics, self.random.choice(self.encodings), client.last))
        except Unreadable:
            pass
        self._active.remove(client)

    def read(self):
        if open_ := [client for client in self.clients if client.stream]:
            client = self.random.choice(open_)
            self._alone(client, self._send, client)

    def _send(self, client):
        stream = client.stream
        try:
            if stream.closing:
                client.hear(stream.last_words())
                return self._leave(client)
            client.hear(stream.next())
        except self.core.Lapsed:
            assert not self._is_roomy, "a client lapses that need not"
            self._leave(client)

    def cut(self):
        """A connection breaks somewhere within what is sent."""
        if open_ := [client for client in self.clients if client.stream]:
            client = self.random.choice(open_)
            self._alone(client, self._break, client)

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
        if open_ := [client for client in self.clients if client.stream]:
            self.hub.end(self.random.choice(open_).stream, "lifetime")

    def tick(self):
        self.now += self.random.randrange(1, 5)
        self._alone("clock", self.hub.tick, self.now)

    # The core's surroundings

    def read_page(self, number):
        if self._is_made and self.random.random() < 0.05:
            raise Unreadable
        self.let_others_run(0.3)
        return self.log[number * self.core.PAGE:(number + 1) * self.core.PAGE]

    def let_others_run(self, chance):
        while self._is_made and self._depth < 3 and self.random.random() < chance:
            self._depth += 1
            self.step()
            self._depth -= 1

    def _alone(self, role, do, *arguments):
        """The follow thread, the clock and the sender of one stream are one each."""
        if role not in self._active:
            self._active.add(role)
            do(*arguments)
            self._active.remove(role)

    # The end

    def settle(self):
        """Let everybody catch up."""
        self._depth = 99
        while self.hub.cursor != self.head:
            self._look()
        for client in self.clients:
            for _ in range(10 * STEPS):
                if self._is_caught_up(client):
                    break
                if client.stream is None:
                    self._join(client)
                else:
                    self._send(client)
            else:
                raise AssertionError("a client never catches up")

    def _is_caught_up(self, client):
        stream = client.stream
        return stream and not stream.closing and not stream.replay and stream.at == stream.feed.end

    def check(self):
        """Returns (clients, events seen)."""
        for client in self.clients:
            wanted = [event.seq for event in self.log if event.topic in client.topics and event.seq > client.start.seq]
            assert client.start.epoch == self.epoch, f"{client.start} is of a life of the log that is over"
            assert client.ids == wanted, (client.start, client.ids, wanted)
        assert not any(feed._frames for feed in self.hub._feeds.values()), "a tape keeps what everybody has read"
        for client in self.clients:
            self._leave(client)
        assert not self.hub._feeds and not self.hub._index, "feeds are left behind"
        assert not self.hub._held, "events are held back for ever"
        assert len(self.window._older) <= 8 and len(self.window._recent) <= 2 and not self.window._loading
        return len(self.clients), sum(len(client.ids) for client in self.clients)


def run(core, seed):
    """One life of a world. Returns (clients, events seen); raises AssertionError when the core broke a promise."""
    world = World(core, seed)
    for _ in range(STEPS):
        world.step()
    world.settle()
    return world.check()
