"""A broker that lies: it loses, doubles, reorders, delays and invents. Two processes have every event once and in order all the same."""
import random
import threading
from contextlib import ExitStack

from myapp.realtime.core.event import Cursor, Event

from .process import LONG_S, Process

COUNT, WRITERS = 400, 4
DELAYS_S = (0.0, 0.0, 0.01, 0.05, 0.2, 0.4)      # before and beyond the patience of 100 ms


class Liar:
    """Between whoever commits and the processes: what each of them is told is decided by chance."""

    def __init__(self, processes, seed):
        self._processes, self._random, self._timers = processes, random.Random(seed), []

    def publish(self, events):
        for process in self._processes:
            for _ in range(self._random.choice([0, 1, 1, 1, 2])):
                shuffled = self._random.sample(events, len(events))
                self._later(process.follow.take, shuffled)
            if self._random.random() < 0.2:
                self._later(*self._lie(process, events[-1]))

    def _lie(self, process, event):
        """Return what to call, and with what."""
        return self._random.choice([
            (process.follow.take, [Event(event.epoch, event.seq + 10**6, "t", "x", "{}")]),
            (process.follow.take, [Event("another", event.seq + 1, "t", "x", "{}"), Event("another", None, "t", "x", "{}")]),
            (process.follow.take_cursor, Cursor(event.epoch, event.seq + 10**6)),
            (process.follow.take_cursor, event.cursor),
            (process.follow.take_state, False),
            (process.follow.take_state, True)])

    def _later(self, act, *arguments):
        timer = threading.Timer(self._random.choice(DELAYS_S), act, arguments)
        self._timers.append(timer)
        timer.start()

    def wait(self):
        """Return when it has said all that it has to say."""
        for timer in self._timers:
            timer.join()


def test_whatever_a_broker_says_each_process_has_every_event_once_and_in_order(engine, log):
    with ExitStack() as ends:
        processes = [Process(engine, log, tail_interval_s=LONG_S) for _ in range(2)]
        for process in processes:
            ends.callback(process.follow.stop)
        liars = [Liar(processes, seed) for seed in range(WRITERS)]      # each writer's own: chance is no shared thing
        writers = [threading.Thread(target=write, args=(processes[0], liar)) for liar in liars]
        for each in writers:
            each.start()
        for each in [*writers, *liars]:
            (each.join if each in writers else each.wait)()
        for process in processes:
            process.follow.take_state(True)         # what was lost at the very end is found by the tail, which never comes here
            process.wait_for(COUNT)
    for process in processes:
        assert process.seen == [*range(1, COUNT + 1)]


def write(process, liar):
    for _ in range(COUNT // WRITERS // 4):
        liar.publish(process.append(4))
