"""The watch: one thread per process that ends the streams of those who have lost their right to them.

Each owner is authorised again once in `recheck_s`, a few in each turn; and at once when somebody orders it (publish.py), by an event
that every process reads from the log. Orders are quick, the turns are sure.
"""
import json
import logging
import threading
import time
from collections import deque

from .throttle import Throttle

logger = logging.getLogger(__name__)

TURNS = 18      # in which each owner is checked once; there are 20 in `recheck_s`, so that there is time left to check
MOST_FAILURES = 3   # in a row, each of which may have waited for a database that does not answer
SLICE = 500     # owners checked in one go: as many parameters as any database takes, and some 10 ms


class Watch:
    def __init__(self, hub, rights, *, recheck_s=5.0, clock=time.monotonic):
        """rights: see rights.py. recheck_s: seconds within which an owner who has lost his right is found."""
        self._hub, self._rights, self._turn_s, self._clock = hub, rights, recheck_s / (TURNS + 2), clock
        self._changed = threading.Condition()       # guards what follows
        self._orders, self._is_stopped = deque(), False
        self._next_turn = clock() + self._turn_s    # the thread's own, as is all below
        self._failures = Throttle(logger)
        self._thread = threading.Thread(target=self._run, name="realtime-watch", daemon=True)

    # Any thread

    def start(self):
        self._thread.start()

    def stop(self, timeout_s=5.0):
        """End the thread; it may be in the middle of a turn."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def heed(self, event):
        """Carry out an order, an Event: its type is "revoke" or "recheck", its data {"userid", "session" or "topic": text}.

        Twice is harmless.
        """
        with self._changed:
            self._orders.append(event)
            self._changed.notify_all()

    # The watch's own thread

    def _run(self):
        while True:
            try:
                self._wait()
                if self._is_stopped:
                    return
                while self._orders:
                    self._carry_out(self._orders.popleft())
                if self._clock() >= self._next_turn:
                    self._next_turn = self._clock() + self._turn_s
                    self._check(self._hub.owners_in_turn(TURNS))
            except Exception:       # the top of a thread: it goes on, for without it rights would last for ever
                self._failures.exception("checking the rights of open streams goes on after an error")

    def _wait(self):
        with self._changed:
            self._changed.wait_for(lambda: self._orders or self._is_stopped, max(0, self._next_turn - self._clock()))

    def _carry_out(self, event):
        [(kind, name)] = json.loads(event.data).items()     # one, or the order is none: a broker may bring anything
        topic, owners = name if kind == "topic" else None, self._hub.owners()
        if topic is None:
            owners = [owner for owner in owners if getattr(owner, kind) == name]
        if event.type == "recheck":
            return self._check(owners, topic)
        for owner in owners:
            self._hub.end_owner(owner, "revoked", () if topic is None else (topic,))
        return None

    def _check(self, owners, topic=None):
        """Authorise owners again and end what they have no right to; if `topic` is given, that one alone."""
        for start in range(0, len(owners), SLICE):
            held = self._hub.topics_of(owners[start:start + SLICE])
            if topic is not None:
                held = {owner: (topic,) for owner, topics in held.items() if topic in topics}
            try:
                self._end_lost(held)
            except Exception:       # of one owner or one topic, perhaps, that must not shield the others
                self._check_alone(held)

    def _check_alone(self, held):
        """The same one by one. Raises the last error when several in a row fail: the database is away, or the policy is broken."""
        failures = 0
        for owner, topics in held.items():
            try:
                self._end_lost({owner: topics})
                failures = 0
            except Exception:
                failures += 1
                self._failures.exception("the rights of one owner of open streams could not be checked; his streams go on until they can")
                if failures == MOST_FAILURES:
                    raise

    def _end_lost(self, held):
        for owner, ending in self._rights.lost(held).items():
            self._hub.end_owner(owner, ending.reason, ending.topics)
