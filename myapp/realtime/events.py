"""What the add-on tells an application, by `registry.notify`: subscribe with `config.add_subscriber` or `@subscriber`.

A subscriber is to return soon: a request, or the broker's own thread, waits for it.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class EventCommitted:
    """An event that this process has published is committed. Notified after the commit, in the thread of the transaction."""
    topic: str
    type: str
    data: str           # JSON text
    key: str | None
    id: str | None      # of Last-Event-ID; None for a transient event


@dataclass(frozen=True)
class BrokerLost:
    """The broker does not work any more, or not yet. Nothing is lost, but events come later. Notified once, in a thread of the broker."""
    broker: str         # its URL, without a password
    reason: str


@dataclass(frozen=True)
class BrokerRestored:
    """The broker works again. Notified once, in a thread of the broker."""
    broker: str         # its URL, without a password
