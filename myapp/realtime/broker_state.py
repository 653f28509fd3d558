"""The state of the broker, as this process sees it: each change is one line of the log and one event for the application."""
import logging
from datetime import UTC, datetime

from .events import BrokerLost, BrokerRestored

logger = logging.getLogger(__name__)


class BrokerState:
    """Written by the follow thread, read by any."""

    def __init__(self, name, tell):
        """name: the broker's URL without a password. tell(notice) tells the application, and never raises."""
        self.name, self._tell = name, tell
        self.is_up = None       # None until it is known
        self.reason = ""        # why it is down
        self.since = None       # aware datetime of the last change

    def note(self, is_up, reason=""):
        """The broker works, or does not."""
        if is_up == self.is_up:
            return
        was_known, self.is_up, self.reason, self.since = self.is_up is not None, is_up, reason, datetime.now(UTC)
        if not is_up:
            logger.warning("the broker %s is down: %s; events come from the log alone until it is back", self.name, reason)
            self._tell(BrokerLost(self.name, reason))
        elif was_known:
            logger.warning("the broker %s is back", self.name)
            self._tell(BrokerRestored(self.name))
        else:
            logger.info("the broker %s is up", self.name)

    def as_dict(self):
        """Return it as JSON shows it."""
        state = {None: "unknown", True: "up", False: "down"}[self.is_up]
        return {"url": self.name, "state": state, "since": self.since and self.since.isoformat(timespec="seconds"), "reason": self.reason}
