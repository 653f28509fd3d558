"""Ours alone: what depends on who listens and on what else the process does. The figures of the second table."""
import threading
from contextlib import contextmanager
from dataclasses import dataclass

from . import rights
from .contest import tell
from .load import Load
from .measure import Calm, Opened, Subject, median
from .pages import PageTimes, visit
from .rights import Recheck
from .servers import Ours

SESSION = "Cookie: session={i}"
PRIVATE = "/events?topic=private:{i}"
VIEWS = 1000                    # requests to the smallest view
BUSY_S = 1                      # of one request that computes; the next one follows at once
PRIVATE_POSTS = 20              # a block of events to private topics
PRIVATE_EVENTS = 100            # a POST, so one transaction; each to a topic of its own
PRIVATE_SINGLES = 40            # events whose latency is measured, one a transaction
NOBODY = 10_000_000             # from here on no private topic has a listener
MISSED = 1000                   # events that those who resume have missed
RESUME_S = 180                  # for all of them to have all of it
DELIVERY_S = 30


@dataclass(frozen=True)
class Busy:
    """The same without and with one request that computes all the time."""
    calm: tuple[Calm, Calm]
    pages: tuple[PageTimes, PageTimes]


@dataclass(frozen=True)
class PrivateEvent:
    """An event to one of many private topics."""
    cpu_us: float       # of it, less what publishing it costs when nobody listens
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Resume:
    """All clients coming back at once, MISSED events behind."""
    clients: int
    took_s: float       # from the first connect until the last of them had the last event
    cpu_us: float       # a client
    statements: int     # SQL, of the whole process


@dataclass(frozen=True)
class Alone:
    """All of the second table."""
    view_us: float      # CPU of a request to the smallest view, on a connection of its own, to set connecting against
    anonymous: Opened
    sessions: Opened
    private: Opened
    busy: Busy
    private_event: PrivateEvent
    resume: Resume
    recheck: Recheck
    faults: list[str]


def measure(machine, plan):
    """Return Alone. Each of its parts has a server of its own."""
    faults = []
    with _fresh(machine, plan, faults) as subject:
        tell(f"alone: {plan.streams:,} anonymous streams, then one request that computes")
        view_us = _view(subject)
        anonymous = subject.open_streams()
        busy = _busy(subject, plan)
    with _fresh(machine, plan, faults) as subject:
        tell(f"alone: {plan.streams:,} distinct sessions")
        sessions = subject.open_streams(headers=[SESSION])
    with _fresh(machine, plan, faults) as subject:
        tell(f"alone: {plan.streams:,} private topics")
        private = subject.open_streams(PRIVATE, [SESSION])
        private_event = _private_event(subject, plan)
    with _fresh(machine, plan, faults) as subject:
        tell(f"alone: {plan.streams:,} clients come back, {MISSED:,} events behind")
        resume = _resume(subject)
    recheck = rights.measure(machine, plan)
    return Alone(view_us, anonymous, sessions, private, busy, private_event, resume, recheck, faults + recheck.faults)


@contextmanager
def _fresh(machine, plan, faults):
    with Subject(Ours, machine, plan.streams) as subject:
        subject.warm()
        yield subject
        faults += subject.faults


def _view(subject):
    subject.process.wait_until_quiet()
    cpu = subject.process.cpu_s()
    for _ in range(VIEWS):
        _statements(subject)
    return (subject.process.cpu_s() - cpu) * 1e6 / VIEWS


# One request that computes

def _busy(subject, plan):
    """In turn, round by round, with and without."""
    calm, busy_calm, pages, busy_pages = [], [], [], []
    for _ in range(plan.rounds):
        calm.append(subject.calm(plan.calm_events, plan.calm_rate))
        pages += _pages(subject, plan)
        with _computing(subject.server):
            busy_calm.append(subject.calm(plan.calm_events, plan.calm_rate))
            busy_pages += _pages(subject, plan)
        subject.process.wait_until_quiet()
    return Busy((_middle(calm), _middle(busy_calm)), (_middle(pages), _middle(busy_pages)))


def _pages(subject, plan):
    rate = plan.page_rate / 4   # a page takes longer beside the one that computes, and must not wait for the page before
    return visit([subject.server.port], count=plan.pages // (4 * plan.rounds), rate=rate)


def _middle(rounds):
    """Return the rounds' median, field by field."""
    kind = type(rounds[0])
    return kind(**{name: median([getattr(one, name) for one in rounds]) for name in kind.__dataclass_fields__})


@contextmanager
def _computing(server):
    """Within, the server always has one request that computes."""
    is_over = threading.Event()

    def ask():
        while not is_over.is_set():
            server.ask("GET", f"/busy?seconds={BUSY_S}")
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        is_over.set()
        asking.join()


# An event to one of many private topics

def _private_event(subject, plan):
    differences = []
    for _ in range(plan.rounds):
        nobody = _cpu_of_posts(subject, NOBODY, listeners=0)
        differences.append(_cpu_of_posts(subject, 0, listeners=1) - nobody)
    subject.load.reset()
    for place in range(PRIVATE_SINGLES):
        subject.server.ask("POST", f"/pub?count=1&private={place % subject.streams}")
        subject.load.report(place + 1, DELIVERY_S)
    report = subject.load.report()
    subject.note("private", report.faults(PRIVATE_SINGLES))
    return PrivateEvent(median(differences), report.p50_ms, report.p99_ms)


def _cpu_of_posts(subject, first, listeners):
    """Return CPU-us an event, of PRIVATE_POSTS transactions of events to private topics from `first` on."""
    each = min(PRIVATE_EVENTS, subject.streams)
    events = PRIVATE_POSTS * each
    subject.load.reset()
    cpu = subject.process.cpu_s()
    for post in range(PRIVATE_POSTS):
        topic = first + post * each % (subject.streams - each + 1)
        subject.server.ask("POST", f"/pub?count={each}&private={topic}")
    report = subject.load.report(events * listeners, DELIVERY_S)
    subject.note("private", report.faults(events * listeners))
    subject.process.wait_until_quiet()
    return (subject.process.cpu_s() - cpu) * 1e6 / events


# All clients coming back at once

def _resume(subject):
    cursor = subject.server.ask("GET", "/cursor")
    for _ in range(MISSED // 100):
        subject.server.publish(100)
    subject.process.wait_until_quiet()
    statements, cpu = _statements(subject), subject.process.cpu_s()
    subject.load = Load(port=subject.server.port, streams=subject.streams, path=subject.server.events, headers=[f"Last-Event-ID: {cursor}"])
    expected = subject.streams * MISSED
    report = subject.load.report(expected, RESUME_S)
    cpu = subject.process.cpu_s() - cpu
    subject.note("resume", report.faults(expected))
    if report.first_least != report.first_most:
        subject.note("resume", [f"the first event was not the same for all: from {report.first_least} to {report.first_most}"])
    return Resume(report.open, report.connect_to_last_s, cpu * 1e6 / max(report.open, 1), _statements(subject) - statements)


def _statements(subject):
    return int(subject.server.ask("GET", "/sql"))
