"""The tables as text: of the contest, of ours alone, of the brokers, of the targets. The only place that knows how a figure is written."""
from itertools import zip_longest

from .measure import median
from .targets import ratio

DASH = "-"


def contest(figures):
    """Return the rows of the first table, the heading first. Ratios are to ours, the first of `figures` when it is ours."""
    ours = next((one for one in figures if one.name == "myapp"), None)
    heading = [
        "server", "streams", "memory\na stream", "CPU-us\na delivery", "calm\np50 ms", "calm\np99 ms", "burst\ndeliveries/s", "connects/s",
        "CPU-us\na connect", "page p50 ms\nwithout > beside", "page p99 ms\nwithout > beside"]
    return [heading, *(_row(one, ours) for one in figures)]


def _row(one, ours):
    if ours is one:
        ours = None
    equal = ours if ours and ours.opened.streams == one.opened.streams else None     # of latencies, which depend on how many there are
    return [
        f"{one.title}{' (!)' if one.faults else ''}", f"{one.opened.streams:,}",
        _bytes(one.opened.memory_bytes) + _times([one.opened.memory_bytes], ours and [ours.opened.memory_bytes]),
        _rounds("cpu_us", "{:.1f}", one, ours), _rounds("p50_ms", "{:.0f}", one, equal), _rounds("p99_ms", "{:.0f}", one, equal),
        _count(median(one.burst_per_s)) + _times(one.burst_per_s, ours and ours.burst_per_s),
        _count(one.opened.per_s) + _times([one.opened.per_s], ours and [ours.opened.per_s]),
        f"{one.opened.cpu_us:.0f}" + _times([one.opened.cpu_us], ours and [ours.opened.cpu_us]),
        *([DASH, DASH] if one.pages is None else [_change(*one.pages, "p50_ms"), _change(*one.pages, "p99_ms")])]


def _rounds(name, form, one, ours):
    numbers = [getattr(window, name) for window in one.calm]
    return form.format(median(numbers)) + _times(numbers, ours and [getattr(window, name) for window in ours.calm])


def _times(numbers, of):
    """The ratio to ours; none for our own row, nor where ours or theirs is too little to be told from nothing."""
    if of is None or min(*numbers, *of) <= 0:
        return ""
    times = ratio(numbers, of)
    return f" ({times:,.0f}x)" if times >= 10 else f" ({times:.2f}x)" if times >= 0.1 else f" ({times:.1g}x)"


def _change(without, beside, name):
    return f"{getattr(without, name):.1f} > {getattr(beside, name):.1f}"


def _bytes(count):
    return f"{count / 1024:.1f} KB" if count >= 1000 else f"{max(count, 0):.0f} B"


def _count(number):
    return f"{number / 1e6:.2f} M" if number >= 1e6 else f"{number / 1e3:.0f} k" if number >= 1e4 else f"{number:,.0f}"


def alone(figures):
    """Return the rows of the second table. figures: Alone."""
    calm, page = figures.busy.calm, figures.busy.pages
    opened = [(figures.anonymous, "anonymous"), (figures.sessions, "each a session of its own"), (figures.private, "each a private topic")]
    event, resume = figures.private_event, figures.resume
    return [
        ["ours alone", "figure"],
        *([f"{one.streams:,} streams, {who}: memory a stream", _bytes(one.memory_bytes)] for one, who in opened),
        *([f"{one.streams:,} streams, {who}: CPU-us a connect", f"{one.cpu_us:.0f}"] for one, who in opened),
        ["the smallest view, on a connection of its own: CPU-us a request", f"{figures.view_us:.0f}"],
        ["streams' p50 without, with one request computing", f"{calm[0].p50_ms:.0f}, {calm[1].p50_ms:.0f} ms"],
        ["streams' p99 without, with one request computing", f"{calm[0].p99_ms:.0f}, {calm[1].p99_ms:.0f} ms"],
        ["pages' p50 without, with one request computing", f"{page[0].p50_ms:.1f}, {page[1].p50_ms:.1f} ms"],
        ["an event to one private topic: CPU-us beyond publishing it", f"{event.cpu_us:.0f}"],
        ["an event to one private topic: latency p50, p99, commit included", f"{event.p50_ms:.1f}, {event.p99_ms:.1f} ms"],
        [f"{resume.clients:,} clients resume at once, 1,000 events behind", f"{resume.took_s:.1f} s"],
        ["resuming: CPU-us a client, all of its events included", f"{resume.cpu_us:,.0f}"],
        ["resuming: SQL statements in all", f"{resume.statements:,}"],
        [f"{figures.recheck.sessions:,} sessions authorised again every 5 s", f"{figures.recheck.share:.1%} of a core"],
    ]


def brokers(measured):
    """Return the rows of the broker table. What a request costs is set against the memory broker's, all else against Redis'."""
    memory, redis = (next((one for one in measured.figures if one.kind.title == title), None) for title in ("memory", "Redis"))
    heading = [
        "broker", "wall us\na request", "CPU-us,\nthe writer", "CPU-us, data-\nbase, broker", "CPU-us, the\nother process",
        "seen after\np50 ms", "seen after\np99 ms", "burst\nevents/s", "behind at\nits end ms", "broker alone\nevents/s"]
    return [heading, *(_broker(one, memory, redis) for one in measured.figures)]


def _broker(one, memory, redis):
    return [
        f"{one.kind.title}{' (!)' if one.faults else ''}",
        _beyond(one, memory, lambda figures: figures.walls_us),
        *(_beyond(one, memory, lambda figures, name=name: [getattr(cost, name) for cost in figures.costs])
          for name in ("writer_us", "servers_us")),
        # The memory broker's reads the table now and then, many events at once, so hardly ever while a block is measured.
        _to_redis("{:,.0f}", one, redis, lambda figures: [cost.listener_us for cost in figures.costs]) if one.kind.is_shared else DASH,
        *(_to_redis("{:,.2f}", one, redis, lambda figures, share=share: figures.percentiles(share)) for share in (0.5, 0.99)),
        _to_redis("{:,.0f}", one, redis, lambda figures: [burst.per_s for burst in figures.bursts]),
        _to_redis("{:,.1f}", one, redis, lambda figures: [burst.behind_ms for burst in figures.bursts]),
        _to_redis("{:,.0f}", one, redis, lambda figures: figures.carried_per_s)]


def _beyond(one, memory, of):
    """What it costs more than with the memory broker, which has the whole of it."""
    numbers, least = of(one), of(memory or one)
    if one is memory:
        return f"{median(numbers):,.0f}"
    more = median([number - of for number, of in zip(numbers, least, strict=True)])
    return f"{more:+,.0f} ({ratio(numbers, least):.2f}x)"


def _to_redis(form, one, redis, of):
    if not (numbers := of(one)):
        return DASH
    is_set_against = redis and one is not redis and one.kind.is_shared and of(redis)
    return form.format(median(numbers)) + (_times(numbers, of(redis)) if is_set_against else "")


def targets(judged):
    """Return the rows of the third table. judged: [Target]."""
    rows = [[one.what, one.wanted, one.measured, "ok" if one.is_met else "MISSED"] for one in judged]
    return [["target", "wanted", "measured", ""], *rows]


def notes(figures, alone, brokers):
    """Return sentences that belong beneath the tables: faults, and how far the rounds lie apart."""
    faults = [f"(!) {one.title}: {fault}" for one in figures for fault in one.faults]
    faults += [f"(!) ours alone: {fault}" for fault in (alone.faults if alone else ())]
    remarks = [f"{one.title}: {remark}" for one in figures for remark in one.remarks]
    windows = [("cpu_us", "CPU-us a delivery"), ("p99_ms", "calm p99 ms")] if figures else []
    return [*faults, *remarks, *(_spread(figures, name, what) for name, what in windows), *(_of_brokers(brokers) if brokers else ())]


def _of_brokers(measured):
    faults = [f"(!) {one.kind.title}: {fault}" for one in measured.figures for fault in one.faults]
    rounds = [(one.kind.title, one.percentiles(0.99)) for one in measured.figures if one.kind.is_shared]
    return [*faults, *measured.remarks, *([_least_to_most("seen after, p99 ms", rounds, "{:.1f}")] if rounds else [])]


def _spread(figures, name, what):
    rounds = [(one.title, [getattr(window, name) for window in one.calm]) for one in figures]
    return _least_to_most(what, rounds, "{:.1f}")


def _least_to_most(what, rounds, form):
    return f"{what}, least to most of the rounds: " + ", ".join(
        f"{title} {form.format(min(numbers))} to {form.format(max(numbers))}" for title, numbers in rounds if numbers)


def as_text(rows):
    """Return rows in columns, a ruler below the heading, whose cells may have two lines."""
    heading, body, widths = _laid_out(rows)
    return _lines([*heading, ["-" * width for width in widths], *body], widths)


def as_rst(rows):
    """Return rows as a simple table of reStructuredText."""
    heading, body, widths = _laid_out(rows)
    ruler = ["=" * width for width in widths]
    return _lines([ruler, *heading, ruler, *body, ruler], widths)


def _laid_out(rows):
    """Return (lines of the heading, the other rows, widths of the columns)."""
    heading = [list(line) for line in zip_longest(*(cell.split("\n") for cell in rows[0]), fillvalue="")]
    lines = [*heading, *rows[1:]]
    return heading, rows[1:], [max(len(line[column]) for line in lines) for column in range(len(rows[0]))]


def _lines(rows, widths):
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
