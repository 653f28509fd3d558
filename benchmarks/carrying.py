"""A broker alone: how many events a second it carries from one process to another, with no table and no web server about."""
import multiprocessing
import time
from contextlib import contextmanager

from myapp import db
from myapp.realtime.brokers import find_broker
from myapp.realtime.core.event import Event

from .content import Numbers, to_json

AT_ONCE = 10        # events of one publish(), as of one transaction
ANSWER_S = 30       # for a process to start, and for all events to come


def carry(machine, broker, database, *, events, rounds):
    """Return events a second, one figure a round. broker, database: URLs. Raises OSError when some of them never come."""
    context = multiprocessing.get_context("spawn")
    with _child(context, receive, machine.client_core, machine, broker, database, events) as received, \
            _child(context, send, machine.server_core, machine, broker, database, events) as sent:
        return [_round(sent, received, number, events) for number in range(rounds + 1)][1:]      # the first one connects


def _round(sent, received, number, events):
    sent.send(number)
    begin, end = _answer(sent), _answer(received)
    return events / ((end - begin) / 1e9)


@contextmanager
def _child(context, act, core, machine, *arguments):
    ours, theirs = context.Pipe()
    with machine.on_core(core):
        process = context.Process(target=act, args=(theirs, *arguments))
        process.start()
    try:
        _answer(ours)
        yield ours
    finally:
        ours.send(None)
        process.join()


def _answer(pipe):
    if not pipe.poll(ANSWER_S):
        raise OSError(f"not all was carried within {ANSWER_S} s")
    return pipe.recv()


# The two processes

def send(pipe, url, database, count):
    """For each number that comes through `pipe`, publish `count` events and answer with the moment at which that began."""
    numbers, broker = Numbers(), _made(url, database)
    pipe.send("up")
    while (number := pipe.recv()) is not None:
        events = [Event(_epoch(number), seq, "bench", "tick", to_json(numbers.event())) for seq in range(1, count + 1)]
        begin = time.monotonic_ns()
        for start in range(0, count, AT_ONCE):
            broker.publish(events[start:start + AT_ONCE])
        pipe.send(begin)
    broker.close()


def receive(pipe, url, database, count):
    """Answer with the moment at which the last of each round's events had come."""
    broker = _made(url, database)
    broker.subscribe(Counter(pipe, count))
    pipe.recv()
    broker.close()


def _made(url, database):
    broker = find_broker(url, {})
    broker.attach(db.create_engine({"sqlalchemy.url": database}))
    return broker


def _epoch(number):
    return f"{number:08x}"


class Counter:
    """A Subscriber (myapp/realtime/brokers) that counts the events of each epoch."""

    def __init__(self, pipe, count):
        self._pipe, self._count, self._counts = pipe, count, {}

    def take(self, events):
        for event in events:
            self._counts[event.epoch] = self._counts.get(event.epoch, 0) + 1
            if self._counts[event.epoch] == self._count:
                self._pipe.send(time.monotonic_ns())

    def take_cursor(self, cursor):
        pass

    def take_state(self, is_up, reason=""):
        if is_up:
            self._pipe.send("up")
