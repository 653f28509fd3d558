"""Stats: what one process is doing, as a dict that JSON can say. Nothing is asked of the database, and nothing is started."""
import platform
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from resource import getpagesize

TRANSPORTS = "sse", "websocket", "poll"


def stats(parts, head, build):
    """Return the stats of a process that has `parts` (runtime.py) and knows the log's `head`.

    Of topics the part before the first colon counts: there may be one for each user.
    """
    listening = parts.listening
    hub, follow = (listening.hub, listening.follow) if listening else (None, None)
    feeds = hub.census() if hub else []
    seq = max(head.cursor.seq, hub.cursor.seq) if hub and hub.cursor.epoch == head.cursor.epoch else head.cursor.seq
    return {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "process": {"id": parts.id, "host": platform.node(), "pid": parts.pid, "build": build, "threads": threading.active_count(),
                    "memory_bytes": memory_bytes()},
        "broker": {**parts.broker_state.as_dict(), **parts.broker.figures.as_dict()},
        "log": {"head": str(head.cursor._replace(seq=seq)), "floor": head.floor, "events": seq - head.floor},
        "hub": {"cursor": hub and str(hub.cursor), "behind": hub and max(0, seq - hub.cursor.seq), "holes": follow.holes if hub else 0},
        "streams": hub.open_streams if hub else 0,
        "transports": {name: sum(count for _, transport, count in feeds if transport == name) for name in TRANSPORTS},
        "topics": dict(_by_topic(feeds)),
        "polls": hub.answered if hub else 0,
        "delays": parts.delays.as_dict(),
    }


def _by_topic(feeds):
    counts = Counter()
    for topics, _, count in feeds:
        for family in {topic.partition(":")[0] for topic in topics}:
            counts[family] += count
    return counts


def memory_bytes():
    """Return what the process has of the machine's memory; None where Linux does not say."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()
    return None
