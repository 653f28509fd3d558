"""Reports: each process tells of itself once a second, by a transient event `stats`, as long as somebody listens on any of them.

A process with listeners calls on the others, among the orders of processes; a call holds for HOLDS_S. So nothing runs and nothing
is sent while nobody looks, and it takes no database ever.
"""
import logging
import threading
import time

from .core.event import ORDERS, Event, one_line
from .throttle import Throttle

logger = logging.getLogger(__name__)

EVERY_S = 1.0       # between two reports of a process
HOLDS_S = 3.0       # for which a call holds; some may be lost on their way
STATS, CALL = "stats", "report"     # types: of what a process tells, and by which the others are called on


class Reports:
    """Any thread may call any method."""

    def __init__(self, topic, hub, *, stats, carry, clock=time.monotonic):
        """topic: that of the reports, None where there are none. stats() -> what is told, a dict; carry(events): as a broker's publish."""
        self._topic, self._hub, self._stats, self._carry, self._clock = topic, hub, stats, carry, clock
        self._changed = threading.Condition()       # guards what follows
        self._until, self._thread, self._is_stopped = None, None, False
        self._failures = Throttle(logger)

    def note_listener(self, topics):
        """Somebody listens to `topics`, here."""
        if self._topic in topics:
            self._begin()

    def heed(self, event):
        """Another process, or this one, has listeners: `event` may be its call."""
        if event.type == CALL and self._topic is not None:
            self._begin()

    def stop(self, timeout_s=5.0):
        """End the thread, if there is one; it may be in the middle of a report."""
        with self._changed:
            self._is_stopped, thread = True, self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout_s)

    def _begin(self):
        with self._changed:
            self._until = self._clock() + HOLDS_S
            if self._thread is None and not self._is_stopped:
                self._start()

    def _start(self):
        thread = threading.Thread(target=self._run, name="realtime-reports", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:       # there is no thread to be had; the next call tries again
            self._failures.warning("this process cannot tell what it is doing: %s", error)
        else:
            self._thread = thread

    # The reports' own thread

    def _run(self):
        while self._goes_on():
            try:
                self._report()
            except Exception:       # the top of a thread: the next report may be well
                self._failures.exception("telling what this process is doing goes on after an error")
            with self._changed:
                self._changed.wait_for(lambda: self._is_stopped, EVERY_S)

    def _goes_on(self):
        with self._changed:
            if self._is_stopped or self._clock() >= self._until:
                self._thread = None
                return False
            return True

    def _report(self):
        if self._hub.is_heard(self._topic):
            self._begin()
            self._carry([self._event(ORDERS, CALL, {})])
        self._carry([self._event(self._topic, STATS, self._stats())])

    def _event(self, topic, type, data):
        return Event(self._hub.cursor.epoch, None, topic, type, one_line(data))
