"""What was wanted of ours, and whether this run has it."""
from dataclasses import dataclass

from .measure import median

KB = 1024
CONNECT_GOAL_US = 250


@dataclass(frozen=True)
class Target:
    """A figure, what it should be, and what it is."""
    what: str
    wanted: str
    measured: str
    is_met: bool


def judge(figures, alone):
    """Return [Target] for all that could be measured. figures: of the contest, [Figures]; alone: Alone, or None when it was not run."""
    by_name = {one.name: one for one in figures}
    ours = by_name.get("myapp")
    targets = [] if ours is None else [
        *_of_ours(ours), *_against_nchan(ours, by_name.get("nchan")), *_against_raw(ours, by_name.get("raw"))]
    return targets + ([] if alone is None else _of_alone(alone))


def ratio(numbers, others):
    """Return the median of the rounds' ratios: what was measured one after the other is compared, not what lies minutes apart."""
    return median([number / other for number, other in zip(numbers, others, strict=False)])


def _of_ours(ours):
    burst = median(ours.burst_per_s)
    without, beside = ours.pages
    return [
        _at_most("memory, an anonymous stream", ours.opened.memory_bytes, KB, "{:,.0f} bytes"),
        _at_most(f"connecting, permission included (goal {CONNECT_GOAL_US})", ours.opened.cpu_us, 350, "{:,.0f} CPU-us"),
        Target("burst of 100 events", "1.0 M deliveries/s or more", f"{burst / 1e6:.2f} M deliveries/s", burst >= 1e6),
        _at_most("pages' p99 beside the streams, to that without", beside.p99_ms / without.p99_ms, 1.3, "{:.2f} x"),
    ]


def _against_nchan(ours, nchan):
    if nchan is None:
        return []
    return [
        _at_most("CPU of a delivery, to nchan's", ratio(*_each("cpu_us", ours, nchan)), 1.0, "{:.2f} x"),
        _at_most("calm p99, to nchan's", ratio(*_each("p99_ms", ours, nchan)), 1.0, "{:.2f} x"),
    ]


def _against_raw(ours, raw):
    return [] if raw is None else [
        _at_most("CPU of a delivery, to that of the bare loop", ratio(*_each("cpu_us", ours, raw)), 1.25, "{:.2f} x")]


def _of_alone(alone):
    calm, busy_calm = alone.busy.calm
    page, busy_page = alone.busy.pages
    return [
        _at_most("memory, a stream of a session of its own", alone.sessions.memory_bytes, KB, "{:,.0f} bytes"),
        _at_most("streams' p50 with one request computing, to that without", busy_calm.p50_ms / calm.p50_ms, 3, "{:.2f} x"),
        _at_most("pages' p50 with one request computing, to that without", busy_page.p50_ms / page.p50_ms, 3, "{:.2f} x"),
        _at_most("an event to one private topic", alone.private_event.cpu_us, 100, "{:.0f} CPU-us"),
        _at_most("the rights of all, each a session, checked every 5 s", alone.recheck.share * 100, 5, "{:.1f} % of a core"),
        _at_most("SQL statements while all clients resume", alone.resume.statements, 100, "{:,}"),
    ]


def _each(name, *of):
    return [[getattr(window, name) for window in one.calm] for one in of]


def _at_most(what, measured, most, form):
    return Target(what, f"{form.format(most)} or less", form.format(measured), measured <= most)
