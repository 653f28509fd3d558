"""The figures of a broker: what it has done in this process."""
import threading


class Figures:
    """Counts since it was made. Any thread."""

    def __init__(self):
        self._lock = threading.Lock()       # guards what follows
        self.published = 0      # events carried to the broker
        self.dropped = 0        # events never carried: there was no room, no connection, or they are transient and too large or too old
        self.received = 0       # events
        self.unreadable = 0     # messages that no broker of this kind has sent

    def add(self, **counts):
        with self._lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def as_dict(self):
        return {name: getattr(self, name) for name in ("published", "dropped", "received", "unreadable")}
