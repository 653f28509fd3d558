"""Following the log: one thread per process that brings every committed event to the hub, by message or by table.

The broker's messages are quick and promise nothing. The table is right and is looked at: every `tail_interval_s`, every
half second while the broker is down, at once when the broker comes or goes or somebody asks, and 100 ms after a message
is missed. All that is known about patience is here; all that is known about order is in the hub.
"""
import logging
import math
import threading
import time

from .core.event import ORDERS
from .errors import LogUnavailable

logger = logging.getLogger(__name__)

PATIENCE_S = 0.1        # before a hole is read from the table: after-commit messages overtake each other, 99 % for less than 55 ms
PULSE_S = 0.1           # between questions whether anybody has committed, where the database answers that for next to nothing
ANXIOUS_S = 0.5         # between looks while the broker is down, or the database does not answer
AT_ONCE = 1000          # events read from the table in one go
MOST_WAITING = 16 << 20     # bytes of events in messages; what a loop that is behind cannot take yet is read from the table later


BRIEF_S = 0.05          # for which everybody may wait for a cursor: this process is mostly behind by milliseconds
MOST_REACHING = 2       # who may wait for longer at once, each with a thread of the server: pages must go on beside them


class Follow:
    def __init__(self, hub, log, *, heed=lambda event: None, heed_call=lambda event: None, note_broker=lambda is_up, reason: None,
                 note_received=lambda: None, tail_interval_s=3.0, clock=time.monotonic):
        """heed(event) is called with each order of another process, or of this one, once, as soon as it is known.

        heed_call(event) is called with each transient one, which may be lost. note_received() is called when the hub was given something.
        note_broker(is_up, reason) is called by the broker's thread when it has subscribed and when it is lost; perhaps twice.
        """
        self._hub, self._log, self._heed, self._heed_call = hub, log, heed, heed_call
        self._note_broker, self._note_received = note_broker, note_received
        self.head, self.holes = None, 0             # the Head that was last read; how often the log was read for a missing event
        self._tail_interval_s, self._clock = tail_interval_s, clock
        self._changed = threading.Condition()       # guards what follows
        self._inbox, self._waiting = [], 0          # events as the broker brings them; bytes of their data, those dropped included
        self._is_asked, self._is_stopped, self._is_broker_up = False, False, False
        self._looks_begun, self._looks_done, self._reaching = 0, 0, 0
        self._tail_due, self._hole_due = clock() + tail_interval_s, None
        self._pulse, self._pulse_due = None, clock()    # the thread's own, as is all below
        self._heeded = set()                        # seqs of orders that were carried out before their turn came
        self._is_log_up = True
        self._thread = threading.Thread(target=self._run, name="realtime-follow", daemon=True)

    # Any thread

    def start(self):
        self._thread.start()

    def stop(self, timeout_s=5.0):
        """End the thread; it may be in the middle of a look."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def take(self, events):
        """For a broker: events have come, in any order, some perhaps twice. Never waits for those who are to have them."""
        with self._changed:
            self._waiting += sum(event.size for event in events)
            if self._waiting <= MOST_WAITING:
                self._inbox += events
            else:
                self._is_asked = True       # the table has them; those that it has not are worth nothing late
            self._changed.notify_all()

    def take_cursor(self, cursor):
        """For a broker: the log has an event at `cursor` that was too large to be carried."""
        with self._changed:
            if cursor.epoch == self._hub.cursor.epoch and cursor.seq > self._hub.cursor.seq:
                self._is_asked = True
                self._changed.notify_all()

    def take_state(self, is_up, reason=""):
        """For a broker: it has just subscribed, or is lost. Either way messages may have been missed."""
        with self._changed:
            self._is_broker_up, self._is_asked = is_up, True
            self._changed.notify_all()
        self._note_broker(is_up, reason)

    def reach(self, cursor, timeout_s=1.0):
        """Wait until the hub has reached `cursor`, or the log is known not to have it. False when neither came in time.

        For a cursor that is ahead of this process for a moment: its page was rendered from the database. When more than MOST_REACHING
        wait already, it is False after BRIEF_S: behind a burst, or a database that hangs, they would take every thread there is.
        """
        def is_settled():
            return self._has_reached(cursor) or self._looks_done >= look
        with self._changed:
            if self._has_reached(cursor):
                return True
            look = self._looks_begun + 1            # one that has begun already may have read too early
            self._is_asked = True
            self._changed.notify_all()
            if self._changed.wait_for(is_settled, min(BRIEF_S, timeout_s)) or self._reaching >= MOST_REACHING:
                return is_settled()
            self._reaching += 1
            try:
                return self._changed.wait_for(is_settled, timeout_s - BRIEF_S)
            finally:
                self._reaching -= 1

    def _has_reached(self, cursor):
        return cursor.epoch == self._hub.cursor.epoch and cursor.seq <= self._hub.cursor.seq

    # The follow thread

    def _run(self):
        while True:
            try:
                events, look = self._wait()
                if self._is_stopped:
                    return
                self._receive(events)
                if self._has_pulse() or look:
                    self._look()
            except Exception:       # the top of a thread: it goes on, for without it every page of this process stands still
                logger.exception("following the event log goes on after an error")
                self._hole_due, self._tail_due = None, self._clock() + ANXIOUS_S

    def _wait(self):
        """Wait for something to do; return (events that have come, whether to look at the table)."""
        with self._changed:
            due = min(self._tail_due, self._hole_due or self._tail_due)
            timeout_s = max(0, min(due, self._pulse_due) - self._clock())
            self._changed.wait_for(lambda: self._inbox or self._is_asked or self._is_stopped, timeout_s)
            events, self._inbox, self._waiting = self._inbox, [], 0
            look, self._is_asked = self._is_asked or self._clock() >= due, False
            return events, look

    def _receive(self, events):
        if self._enter(events) is None:
            self._hole_due = None
        elif self._hole_due is None:
            self._hole_due = self._clock() + PATIENCE_S
            self.holes += 1
        self._note_received()
        with self._changed:
            self._changed.notify_all()              # somebody may wait for just these

    def _enter(self, events):
        """Bring events to the hub, no faster than its loop sends them: else everybody would be cut, and come back for them."""
        self._heed_orders(events)
        missing = self._hub.receive(events)
        while self._hub.is_held_up and not self._is_stopped:
            if self._hub.growth.wait_for_room(ANXIOUS_S):
                missing = self._hub.receive(())
                with self._changed:
                    self._changed.notify_all()      # somebody may wait for just these
        return missing

    def _heed_orders(self, events):
        """Have orders carried out, each once: by an old one, that a broker brings again, somebody would lose what he was given since."""
        here = self._hub.cursor
        self._heeded = {seq for seq in self._heeded if seq > here.seq}
        for event in events:
            if event.topic != ORDERS or event.epoch != here.epoch:
                continue
            if event.seq is None:
                self._heed_call(event)
            elif event.seq > here.seq and event.seq not in self._heeded:
                self._heeded.add(event.seq)
                self._heed(event)

    def _has_pulse(self):
        """Whether the database says that somebody may have committed since it was last asked."""
        if self._clock() < self._pulse_due:
            return False
        before, self._pulse_due = self._pulse, self._clock() + PULSE_S
        try:
            self._pulse = self._log.pulse()
        except LogUnavailable:
            return True         # the look will tell of it
        if self._pulse is None:
            self._pulse_due = math.inf
        return self._pulse != before

    def _look(self):
        """Read what the table has beyond the hub."""
        with self._changed:
            self._looks_begun += 1
        try:
            self._catch_up()
            self._note_log(True)
        except LogUnavailable as error:
            self._note_log(False, error)
        interval_s = self._tail_interval_s if self._is_log_up and self._is_broker_up else min(ANXIOUS_S, self._tail_interval_s)
        self._hole_due, self._tail_due = None, self._clock() + interval_s
        with self._changed:
            if self._is_log_up:
                self._looks_done = self._looks_begun
            self._changed.notify_all()

    def _catch_up(self):
        head = self._log.head()
        if head.cursor.epoch == self._hub.cursor.epoch and head.cursor.seq < self._hub.cursor.seq:
            # What clients have seen is not in the log any more: a backup was restored. Seqs will be used again.
            self._log.renew(head)
            head = self._log.head()
        if head.cursor.epoch != self._hub.cursor.epoch:
            logger.warning("the event log has begun a new epoch, %s: every page starts over", head.cursor)
            self._hub.renew(head.cursor, head.floor)
        self.head = head
        self._hub.set_bounds(head.floor, head.cursor.seq)
        while self._hub.cursor.seq < head.cursor.seq:
            events = self._log.read_after(self._hub.cursor.seq, limit=AT_ONCE)
            if not events or events[0].seq > self._hub.cursor.seq + 1:
                logger.warning("events after %s were pruned before this process had read them: every page starts over", self._hub.cursor)
                self._hub.renew(head.cursor, head.floor, "expired")
                return
            self._enter(events)
            if self._is_stopped:
                return
            if self._hub.cursor.seq < events[-1].seq:       # the epoch changed between the two looks
                with self._changed:
                    self._is_asked = True
                return

    def _note_log(self, is_up, error=None):
        """Remember whether the database answers, and write a line at each change."""
        if is_up != self._is_log_up:
            self._is_log_up = is_up
            logger.warning("the event log answers again" if is_up else f"{error}; it is looked for every {ANXIOUS_S} s")
