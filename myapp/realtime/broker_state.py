"""The state of the broker, as this process sees it: each change is one line of the log and one notice for the application."""
import logging
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from .events import BrokerLost, BrokerRestored

logger = logging.getLogger(__name__)

UNKNOWN, UP, DOWN = "unknown", "up", "down"


@dataclass(frozen=True)
class State:
    state: str = UNKNOWN
    since: str | None = None    # RFC 3339, of the last change
    reason: str = ""            # why it is down


class BrokerState:
    """Any thread."""

    def __init__(self, name, tell):
        """name: the broker's URL without a password. tell(notice) tells the application, and never raises."""
        self.name, self._tell = name, tell
        self._lock = threading.Lock()       # guards what follows while it changes
        self._now = State()

    @property
    def state(self):
        """UP, DOWN, or UNKNOWN as long as this process has not begun to listen."""
        return self._now.state

    def note(self, is_up, reason=""):
        """The broker works, or does not. Only a change is told of, before this returns."""
        with self._lock:
            before = self._now.state
            if before == (UP if is_up else DOWN):
                return
            self._now = State(UP if is_up else DOWN, datetime.now(UTC).isoformat(timespec="seconds"), reason)
        if not is_up:
            logger.warning("the broker %s is down: %s; events come from the log alone until it is back", self.name, reason)
            self._tell(BrokerLost(self.name, reason))
        elif before == DOWN:
            logger.warning("the broker %s is back", self.name)
            self._tell(BrokerRestored(self.name))
        else:
            logger.info("the broker %s is up", self.name)

    def as_dict(self):
        """Return it as JSON shows it."""
        return {"url": self.name, **asdict(self._now)}
