"""Settings: typed tables of ini keys, read once at start-up, and all that is wrong with them reported together.

`config.include("myapp.realtime.settings")` adds two directives: `read_settings` and `add_start_up_check`. The only
place of the add-on where text from an ini file is understood; everybody else gets typed values as arguments.
"""
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import StartUpError, did_you_mean
from .secret import without_password

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
BYTES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
TRANSPORTS = "sse", "longpoll", "poll", "websocket"      # by which a page may have events
ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*)(:[0-9]{1,5})?")
CHECKS_ORDER = 10_000   # of Pyramid's configuration phases: after everything else, so that one run finds all


@dataclass(frozen=True)
class Setting:
    """One key of a table: its name after the prefix, how its text is read, its default as text ("" = not set), its meaning."""
    key: str
    cast: Callable[[str], Any]      # text -> value; raises ValueError("what is allowed")
    default: str
    meaning: str                    # one sentence, for the docs


# Casts

def text(value):
    return value


def boolean(value):
    """A cast to True or False."""
    if value.lower() not in {"true", "false"}:
        raise ValueError("true or false")
    return value.lower() == "true"


def integer(least=0, most=1 << 31):
    def cast(value):
        if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)
    return cast


def duration(least="0s", most="36500d"):
    """A cast to seconds, float: `15s`, `100ms`, `7d`; a bare number counts seconds."""
    def cast(value):
        seconds = _seconds(value)
        if seconds is None or not _seconds(least) <= seconds <= _seconds(most):
            raise ValueError(f"a duration from {least} to {most}, such as 500ms, 15s, 5m, 7d")
        return seconds
    return cast


def duration_range(least="0s", most="36500d"):
    """A cast to (low, high) seconds: `2s..5s`, or one duration for both."""
    one = duration(least, most)

    def cast(value):
        low, _, high = value.partition("..")
        try:
            pair = one(low.strip()), one((high or low).strip())
        except ValueError as error:
            raise ValueError(f"{error}, or a range such as 2s..5s") from None
        if pair[0] > pair[1]:
            raise ValueError("a range whose first part is the smaller, such as 2s..5s")
        return pair
    return cast


def size(least="0", most="1GiB"):
    """A cast to bytes, int: `64KiB`, `1MiB`; a bare number counts bytes."""
    def cast(value):
        count = _bytes(value)
        if count is None or not _bytes(least) <= count <= _bytes(most):
            raise ValueError(f"a size from {least} to {most}, such as 512B, 64KiB, 1MiB")
        return count
    return cast


def origins(value):
    """A cast to a frozenset of origins, as browsers send them, from text in which blanks part them."""
    if bad := [origin for origin in value.split() if not ORIGIN.fullmatch(origin)]:
        raise ValueError(f"origins parted by blanks, such as https://example.org or http://localhost:8080; {bad[0][:100]!r} is none")
    return frozenset(value.split())


def transports(value):
    """A cast to a tuple of names of transports, from text in which blanks part them."""
    names = tuple(value.split())
    allowed = f"some of {', '.join(TRANSPORTS)}, parted by blanks, best first"
    if not names:
        raise ValueError(f"{allowed}; there is none")
    if bad := [name for name in names if name not in TRANSPORTS]:
        raise ValueError(f"{allowed}; {bad[0][:100]!r} is none{did_you_mean(bad[0], TRANSPORTS)}")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{allowed}; {twice[0]} is there {names.count(twice[0])} times")
    return names


def _seconds(value):
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(ms|s|m|h|d)?", value)
    return float(match[1]) * SECONDS[match[2] or "s"] if match else None


def _bytes(value):
    match = re.fullmatch(r"([0-9]{1,12})\s*(B|KiB|MiB|GiB)?", value)
    return int(match[1]) * BYTES[match[2] or ""] if match else None


# Reading

def read_table(settings, prefix, table):
    """Return ({key: value}, [problem]): the settings under `prefix`, as `table` reads them.

    A key that is absent or empty has its default; a default of "" gives None. A key that is wrong has its default too,
    so that the start can go on to find what else is wrong.
    """
    known = {setting.key: setting for setting in table}
    # The value of an unknown key is not shown: it may be a password under a misspelt name.
    problems = [
        f"{name}: no such setting{did_you_mean(name, [prefix + key for key in known])}; settings under {prefix} are {', '.join(known)}"
        for name in settings if name.startswith(prefix) and name[len(prefix):] not in known]
    values = {}
    for key, setting in known.items():
        given = "" if settings.get(prefix + key) is None else str(settings[prefix + key]).strip()
        values[key] = setting.cast(setting.default) if setting.default else None
        try:
            values[key] = setting.cast(given) if given else values[key]
        except ValueError as error:
            problems.append(f"{prefix}{key} = {shown(key, given)}: must be {error}")
    return values, problems


def shown(name, value):
    """A value fit for a message: never a secret, never a whole page."""
    return "(not shown)" if re.search(r"secret|password|token", name) else repr(without_password(str(value))[:100])


TABLE = [
    Setting("broker", text, "memory://", "Where events travel between processes: a URL whose scheme names the broker."),
    Setting("session", text, "dbsession", "The request attribute that is the SQLAlchemy session."),
    Setting("transports", transports, "sse longpoll poll",
            "How pages connect, best first: sse, websocket, longpoll, poll; where one does not come through the next is tried."),
    Setting("hot_reload", boolean, "false",
            "Development: open pages reload themselves as soon as the server runs other code, templates or static files than before."),
    Setting("heartbeat", duration("100ms", "5m"), "15s", "Silence after which a stream is sent a heartbeat."),
    Setting("retry", duration_range("0s", "10m"), "2s..5s", "Range in which each client is told to wait before it connects again."),
    Setting("stream_lifetime", duration(), "0s", "How long a stream may last before the client must connect again; 0s is for ever."),
    Setting("max_streams", integer(1, 1_000_000), "10000",
            "Streams that one process may have open, fewer where its limit on open files is low; past it 503."),
    Setting("max_streams_per_user", integer(0, 1_000_000), "50",
            "Streams that one user may have open in one process, 0 for any number; past it 429."),
    Setting("max_streams_per_address", integer(0, 1_000_000), "0",
            "Streams that one address may have open, 0 for any number; past it 429. Behind a proxy it needs trusted_proxy."),
    Setting("max_waiting_polls", integer(0, 1_000_000), "1000",
            "Polls that may wait for news at once in one process, among its streams; those past it are answered at once."),
    Setting("thread_streams", integer(1, 10_000), "",
            "Threads that streams may hold where no loop takes them, never the server's last 2; not set: all others, or 2 if unknown."),
    Setting("recheck", duration("100ms", "1h"), "5s", "How soon a stream ends whose client has lost the right to it, at the latest."),
    Setting("max_topics", integer(1, 1000), "50", "Topics that one stream may ask for."),
    Setting("max_event", size("1KiB", "1MiB"), "64KiB", "Size of an event's data as JSON."),
    Setting("allowed_origins", origins, "",
            "Origins whose pages may read events without cookies, such as https://example.org; own pages always may."),
    Setting("tape", size("64KiB", "64MiB"), "1MiB",
            "How much of what is new a client may have yet to read before it is cut and resumes from the log."),
    Setting("window", integer(256, 1_000_000), "1024", "Events kept in memory for clients that come back."),
    Setting("replay_limit", integer(0, 10_000_000), "10000", "Events that a client may have missed before it is told to reload instead."),
    Setting("replay_bytes", size("64KiB", "1GiB"), "16MiB", "Size of what a client may have missed before it is told to reload instead."),
    Setting("pending_bytes", size("1MiB", "64GiB"), "256MiB",
            "Memory for what clients that come back have missed, all of them together; past it 503."),
    Setting("drain_timeout", duration("1s", "1h"), "10s", "How long the process may take to end once it is told to, on egg:myapp#server."),
    Setting("tail_interval", duration("50ms", "1m"), "3s", "How often the event log is looked at for what the broker did not bring."),
    Setting("retention", duration("1m"), "7d", "How long myapp-prune keeps events."),
    Setting("retention_rows", integer(1), "", "How many events myapp-prune keeps at most; not set: any number."),
]


# Directives

def includeme(config):
    config.add_directive("read_settings", read_settings)
    config.add_directive("add_start_up_check", add_start_up_check)


def read_settings(config, prefix, table):
    """Directive. Return the typed values under `prefix`, a dict; what is wrong fails the start, with all else that is."""
    values, problems = read_table(config.registry.settings, prefix, table)
    config.add_start_up_check(lambda: problems)
    return values


def add_start_up_check(config, check):
    """Directive. `check()` returns a list of sentences, [] when all is well. All checks run once, last of all at commit."""
    registry = config.registry
    due = registry.start_up_checks = [*getattr(registry, "start_up_checks", ()), check]
    if len(due) == 1:
        config.action(None, lambda: _run(registry), order=CHECKS_ORDER)


def _run(registry):
    due, registry.start_up_checks = registry.start_up_checks, []    # an application may commit more than once
    if problems := [problem for check in due for problem in check()]:
        raise StartUpError(problems)
