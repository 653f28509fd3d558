"""All servers side by side: the figures of the first table.

All of them stand open at once and are measured in turn, round by round, so that a machine that is slower for a while is slower
for each; whoever is not measured is frozen.
"""
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field

from .measure import Calm, Opened, Subject
from .pages import PageTimes

SLOW_BURST_S = 8    # a server that takes longer for its first burst is asked for no other


@dataclass(frozen=True)
class Plan:
    """How much is measured. Rates are of a second."""
    streams: int = 10_000
    rounds: int = 3
    calm_events: int = 10       # a round; 30 events at 2 a second are 15 s
    calm_rate: int = 2          # so that a fan-out, 0.1 to 0.15 s of work, is long over before the next event
    burst_events: int = 100
    pages: int = 1000
    page_rate: int = 50         # a page takes 1 to 2 ms of CPU, and two servers share a core: far from being full


QUICK = Plan(streams=1000, rounds=2, calm_events=5, pages=200)


@dataclass
class Figures:
    """What was measured of one server; lists have an item a round."""
    name: str
    title: str
    opened: Opened
    calm: list[Calm] = field(default_factory=list)
    burst_per_s: list[float] = field(default_factory=list)
    pages: tuple[PageTimes, PageTimes] | None = None    # without streams, beside them
    faults: list[str] = field(default_factory=list)     # what it lost, refused, or did too late
    remarks: list[str] = field(default_factory=list)    # what else is to be known


def hold(kinds, machine, plan):
    """Measure the servers of `kinds` and return [Figures], in their order; without those that do not start."""
    with ExitStack() as ends:
        subjects = [subject for kind in kinds if (subject := _start(Subject(kind, machine, plan.streams), ends))]
        pairs = [(subject, _open(subject)) for subject in subjects]
        for round_number in range(plan.rounds):
            for subject, figures in pairs:
                _calm(subject, figures, plan, round_number)
        for subject, figures in pairs:
            _visit(subject, figures, plan)
        for round_number in range(plan.rounds):
            for subject, figures in pairs:
                _burst(subject, figures, plan, round_number)
        return [figures for _, figures in pairs]


def _start(subject, ends):
    try:
        return ends.enter_context(subject)
    except OSError as error:
        tell(f"left out: {subject.kind.title} does not start: {error}")
        return None


def _open(subject):
    tell(f"opening {subject.streams:,} streams: {subject.kind.title}")
    subject.warm()
    opened = subject.open_streams()
    subject.process.freeze()
    return Figures(subject.kind.name, subject.kind.title, opened, faults=subject.faults, remarks=subject.remarks)


def _calm(subject, figures, plan, round_number):
    tell(f"calm, round {round_number + 1} of {plan.rounds}: {subject.kind.title}")
    subject.process.thaw()
    figures.calm.append(subject.calm(plan.calm_events, plan.calm_rate))
    subject.process.freeze()


def _visit(subject, figures, plan):
    if subject.kind.has_pages:
        tell(f"pages without and beside the streams: {subject.kind.title}")
        subject.process.thaw()
        figures.pages = tuple(subject.pages(plan.pages, plan.page_rate))
        subject.process.freeze()


def _burst(subject, figures, plan, round_number):
    deliveries = plan.burst_events * figures.opened.streams
    if figures.burst_per_s and deliveries / max(figures.burst_per_s[0], 1) > SLOW_BURST_S:
        return
    tell(f"burst of {plan.burst_events} events, round {round_number + 1} of {plan.rounds}: {subject.kind.title}")
    subject.process.thaw()
    figures.burst_per_s.append(subject.burst(plan.burst_events))
    subject.process.freeze()


def tell(text):
    """Say what is going on, on stderr; stdout has the tables alone."""
    print(text, file=sys.stderr, flush=True)
