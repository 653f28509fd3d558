"""A world in one thread that does to the core and to the loop whatever can happen to them, in an order drawn from a seed.

Commits that messages lose, double and reorder; repairs from the table; a backup that is restored; clients that join, are
refused, are handed over late or never, take all, some or nothing, lapse, are ended or cut in the middle of a frame, and come
back with the last id that they had. Some ask by polls, which wait for an answer or do not; some have a say, and see other topics
then. Most are sent by the loop, some by a thread of their own. At every call-out of the core, at every read and write of the loop,
and after every release of the lock, other "threads" may run. A client must have exactly its events, every id must be safe to come
back with, a loop that waits must have nothing to do, and nobody may leave anything behind.
"""
import json
import random
from collections import Counter

from .crowd import Crowd
from .ending import Ending
from .kernel import Kernel
from .speaking import Speaking
from .surroundings import Answers, Encoding, InOrder, StrictLock, Unreadable
from .watching import Watching

TOPICS = "abcde"
STEPS = 800
TAPE = 700          # bytes, where it is small; a frame is less than the half, as start-up sees to
DEAF_S = 15.0


class World(Crowd, Watching, Speaking, Ending):
    def __init__(self, core, seed):
        self.core, self.random = core, random.Random(seed)
        self._is_made, self._depth, self._active, self.is_calm = False, 0, set(), False
        self.epoch, self.log, self.messages, self.clients, self.now = "e0", [], [], [], 0.0
        self._transients, self._flood, self.met = 0, 1, Counter()       # met: what did happen, and how often
        for _ in range(self.random.randrange(60)):
            self.commit()
        self.messages.clear()
        self._is_roomy, self._has_restores, self._is_crowded = seed % 2, seed % 3 == 0, seed % 5 == 0   # roomy: nobody needs to lapse
        limits = {
            "max_streams": 7, "max_streams_per_user": 2, "max_streams_per_address": 3, "max_waiting_polls": 2} if self._is_crowded else {}
        self.hub = core.Hub(self.head, 0, self.read_page, heartbeat_s=3, tape_bytes=1 << 20 if self._is_roomy else TAPE,
                            window=16, pending_bytes=40_000, **limits)
        lock = StrictLock(self)
        self.hub.lock = self.hub.growth._lock = self.hub._runs._lock = self.hub._replay._window._lock = lock
        self.hub._streams = InOrder()
        self._interests = [
            frozenset(self.random.sample(TOPICS, self.random.randrange(1, 3))) for _ in range(self.random.choice([2, 4, 12]))]
        self._loops_part = self.random.choice([0.5, 0.9, 1])
        self.encodings = [Encoding(self, 0), Encoding(self, 1), Answers(self, 2)]
        self.kernel = Kernel(self)
        self._errands = []          # what clients have asked for and nobody has done yet
        self.loop = core.StreamLoop(
            read=self.kernel.read, write=self.kernel.write, clock=self._clock, deaf_s=DEAF_S, add_task=self._errands.append)
        self.note_moves(self.hub)
        self.kernel.serve(self.loop)
        self._waited = {}           # what an owner holds -> turns of the watch since it came or was checked
        self._handed_over = []      # (client, stream) on their way to the loop
        self._adopted = set()       # streams that have come to it
        self._following = iter(())  # what the follow thread is in the middle of
        self._is_made = True

    @property
    def head(self):
        return self.core.Cursor(self.epoch, len(self.log))

    @property
    def window(self):
        return self.hub._replay._window

    # What happens

    def step(self):
        if self.random.random() < 0.02:
            self._flood = self.random.choice([0.5, 1, 6])      # of events, beside what is done about them
        happening = self.random.choices(*zip(
            (self.commit, 30 * self._flood), (self.deliver, 25 * self._flood), (self.repair, 4), (self.arrive, 5),
            (self.reconnect, 10), (self.read, 15), (self.cut, 4), (self.end, 2), (self.end_owner, 1), (self.watch, 4),
            (self.end_all, 0.2), (self.tell_time, 10), (self.restore, 0.2 * self._has_restores), (self.hand_over, 15),
            (self.lose_on_the_way, 0.5), (self.turn, 30), (self.look, 6), (self.rush, 3), (self.attend, 8), (self.say, 4), (self.work, 8),
            strict=True))[0]
        happening()
        self._look_around()

    def _look_around(self):
        """What is true at every moment."""
        past = {run for stream in self.hub._streams for run in stream.replay}
        assert self.hub._runs.pending == sum(len(run.slab) for run in past), "the past that is yet to be sent is miscounted"
        for fd, since in self.loop._audience._blocked.items():
            assert fd in self.loop._audience._rests and since >= self.kernel.took.get(fd, 0), "one who takes what comes is held to be deaf"
        for feed, pack in self.loop._audience._packs.items():
            assert pack.at is None or not feed.begins_after(pack.at), "a whole pack lapses, though follow waits for the loop"

    def commit(self):
        seq = len(self.log) + 1
        event = self._event(self.epoch, seq, {"pad": "x" * self.random.randrange(80)})
        self.log.append(event)
        self.messages += [event] * self.random.choice([0, 1, 1, 1, 2])      # lost, once, doubled
        if self.random.random() < 0.1:
            self._transients += 1
            self.messages.append(self._event(self.epoch, None, {"number": self._transients}))

    def _event(self, epoch, seq, data):
        topic = self.random.choice(TOPICS)
        return self.core.Event(epoch, seq, topic, "t", json.dumps({"topic": topic} | data))

    def deliver(self):
        self._alone("follow", self._follow, self._take_messages)

    def repair(self):
        self._alone("follow", self._follow, self._look)

    def restore(self):
        """A backup comes back: some of the newest events are gone, their seqs will be used again, and the epoch is another one."""
        self.epoch = f"e{int(self.epoch[1:]) + 1}"
        kept = self.log[:max(0, len(self.log) - self.random.randrange(12))]
        self.log = [self.core.Event(self.epoch, event.seq, event.topic, event.type, event.data) for event in kept]

    # The follow thread: go on with what it is in the middle of, or begin something

    def _follow(self, begin):
        if next(self._following, self) is self:
            self._following = begin()
            next(self._following, None)

    def _take_messages(self):
        if self.messages:
            last = self.random.randrange(len(self.messages)) + 1
            batch = self.messages[max(0, last - 4):last]
            del self.messages[max(0, last - 4):last]
            self.random.shuffle(batch)
            yield from self._enter(batch)

    def _enter(self, events):
        """What follow does with events; each `yield` is a wait for room."""
        self.hub.receive(events)
        while self.hub.is_held_up:
            self.met["held up"] += 1
            yield
            if self.hub.growth.has_room:
                self.hub.receive(())

    def _look(self):
        """What follow does with the table."""
        if self.hub.cursor.epoch != self.epoch:
            try:
                self.hub.renew(self.head, 0)
            except Unreadable:
                return
        self.hub.set_bounds(0, len(self.log))
        yield from self._enter(self.log[self.hub.cursor.seq:])

    # The loop's surroundings

    def hand_over(self):
        if self._handed_over:
            self._adopt(*self._handed_over.pop(self.random.randrange(len(self._handed_over))))

    def _adopt(self, client, stream):
        self._adopted.add(stream)
        self.loop.adopt(self.kernel.connect(client, stream), stream)

    def lose_on_the_way(self):
        """The client was gone before the head of its answer was flushed."""
        if self._handed_over:
            client, _ = self._handed_over.pop(self.random.randrange(len(self._handed_over)))
            self._leave(client)

    def turn(self):
        self._alone("loop", self._turn)

    def _turn(self):
        """As a thread would: it sleeps while there is nothing to do, but for the ticks."""
        if not self.kernel.is_quiet or not self.loop._patience_s():
            self.loop.turn()

    def look(self):
        self._alone("loop", self.loop.look)

    def rush(self):
        """A newcomer's turn comes before the loop takes what has grown."""
        if "loop" not in self._active:
            self.arrive()
            self.hand_over()
            if self.loop._newcomers and "loop" not in self._active:
                self._alone("loop", self.loop._welcome, *self.loop._newcomers.pop())

    def attend(self):
        """A straggler has room, which epoll may say once more than it must."""
        if self.loop._audience._rests:
            self._alone("loop", self.loop._attend, self.random.choice(sorted(self.loop._audience._rests)), 4)

    def tell_time(self):
        self.now += self.random.randrange(1, 5)
        if self.random.random() < 0.3:
            self._alone("clock", self.hub.tick, self.now)

    # The core's surroundings

    def _clock(self):
        self.let_others_run(0.02)
        return self.now

    def read_page(self, number):
        if self._is_made and not self.is_calm and self.random.random() < 0.05:
            raise Unreadable
        self.let_others_run(0.3)
        return self.log[number * self.core.PAGE:(number + 1) * self.core.PAGE]

    def let_others_run(self, chance):
        while self._is_made and self._depth < 3 and self.random.random() < chance:
            self._depth += 1
            self.step()
            self._depth -= 1

    def _alone(self, role, do, *arguments):
        """The follow thread, the loop, the clock and the sender of one stream are one each."""
        if role not in self._active:
            self._active.add(role)
            do(*arguments)
            self._active.remove(role)


def run(core, seed):
    """One life of a world. Returns it; raises AssertionError when the core or the loop broke a promise."""
    world = World(core, seed)
    try:
        for _ in range(STEPS):
            world.step()
        world.settle()
        world.check()
    finally:
        world.kernel.clear()
    return world
