"""Brokers: they carry event messages between processes, as a doorbell that may carry the message. One file per implementation.

A broker is found by the scheme of `realtime.broker`: `config.add_broker`, or the entry point group `myapp.brokers`.
"""
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import entry_points

from ..core.event import Event
from ..errors import did_you_mean

GROUP = "myapp.brokers"


class Broker(ABC):
    """The interface. It promises little: a message may be lost, doubled, late or out of order; the log repairs all of it.

    Made with its URL when the application starts; makes no connection and no thread before `subscribe` or `publish`, so that
    a process may be forked in between.
    """

    def __init__(self, url: str):
        self.url = url

    @abstractmethod
    def publish(self, events: Sequence[Event]) -> None:
        """Carry `events` to every process that has subscribed, this one included. Any thread. Never blocks, never raises."""

    @abstractmethod
    def subscribe(self, on_events: Callable[[Sequence[Event]], None], on_state: Callable[[bool], None]) -> None:
        """Have `on_events(events)` called with what comes, from a thread of the broker's own or of a publisher.

        `on_state(True)` is called after every (re)subscription and `on_state(False)` on every loss. Once per process.
        """

    @abstractmethod
    def close(self) -> None:
        """End threads and connections, within 4 s. Afterwards nothing is carried."""


def add_broker(config, scheme: str, factory: Callable[[str], Broker]) -> None:
    """Directive. Have `realtime.broker = {scheme}://…` made by `factory(url)`; it wins over an installed one of that scheme."""
    factory = config.maybe_dotted(factory)
    introspectable = config.introspectable("realtime brokers", scheme, scheme, "realtime broker")
    introspectable["factory"] = factory
    config.action(("realtime broker", scheme), lambda: config.registry.realtime_brokers.__setitem__(scheme, factory),
                  introspectables=[introspectable])


@cache
def _installed():
    """What the installed packages offer, {scheme: entry point}: a look at all of them, so it is taken once."""
    return {point.name: point for point in entry_points(group=GROUP)}


def find_broker(url, added):
    """Return the broker for `url`: `added` ({scheme: factory}) wins over entry points. Raises ValueError("what is allowed")."""
    scheme = url.partition(":")[0]
    installed = _installed()
    known = sorted(installed.keys() | added.keys())
    if scheme in added:
        return added[scheme](url)
    if scheme not in installed:
        raise ValueError(f"no such broker; use {', '.join(f'{name}://' for name in known)}{did_you_mean(scheme, known)}")
    return installed[scheme].load()(url)
