"""Brokers: they carry event messages between processes, as a doorbell that may carry the message. One file per implementation.

A broker is found by the scheme of `realtime.broker`: `config.add_broker`, or the entry point group `myapp.brokers`.
"""
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Protocol

from ..core.event import Cursor, Event
from ..errors import did_you_mean
from .figures import Figures

GROUP = "myapp.brokers"


class Subscriber(Protocol):
    """Who is told what a broker brings: follow.py. Any thread of the broker's may call it; it never raises, and hardly waits."""

    def take(self, events: Sequence[Event]) -> None:
        """Events have come, in any order, some perhaps twice."""

    def take_cursor(self, cursor: Cursor) -> None:
        """The log has an event at `cursor` that was too large to be carried."""

    def take_state(self, is_up: bool, reason: str = "") -> None:
        """The broker has just subscribed, again perhaps, or is lost; `reason` says why, without a password."""


class Broker(ABC):
    """The interface. It promises little: a message may be lost, doubled, late or out of order; the log repairs all of it.

    Made with its URL when the application starts, then told of the application's database; makes no connection and no thread
    before `subscribe` or `publish`, so that a process may be forked in between. Raises ValueError("what is allowed") for a URL
    that it cannot use. One that is reached over a network has most of its work done by brokers/networked.py.
    """
    is_shared = True    # whether other processes hear what is published here
    ring = None         # SQL by which an event is carried within the transaction that writes it; for those `publish` is not called.
    #                     Of a broker that is the application's own database alone: see log.append, which evaluates it for each row.

    def __init__(self, url: str):
        self.url, self.figures = url, Figures()

    def attach(self, engine: Any) -> None:
        """Learn of the application's SQLAlchemy Engine, before anything else. Raises ValueError as the constructor does."""
        return None     # most have nothing to do with it

    @abstractmethod
    def publish(self, events: Sequence[Event]) -> None:
        """Carry `events` to every process that has subscribed, this one included. Any thread. Never blocks, never raises."""

    @abstractmethod
    def subscribe(self, subscriber: Subscriber) -> None:
        """Have `subscriber` told of what comes, of every (re)subscription and of every loss."""

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
    scheme, is_url, _ = url.partition("://")
    scheme = scheme.partition(":")[0].lower()
    installed = _installed()
    known = sorted(installed.keys() | added.keys())
    if not is_url and scheme in known:
        raise ValueError(f"must be a URL that begins with {scheme}://")
    if scheme in added:
        return added[scheme](url)
    if scheme not in installed:
        raise ValueError(f"no such broker; use {', '.join(f'{name}://' for name in known)}{did_you_mean(scheme, known)}")
    return _load(installed[scheme])(url)


def _load(point):
    """Return the factory of an entry point. Its extras are what the package must be installed with."""
    try:
        return point.load()
    except ModuleNotFoundError as error:
        package = f"{point.dist.name}[{','.join(point.extras)}]" if point.extras else point.dist.name
        raise ValueError(f"its driver, the Python package {error.name}, is not installed; pip install '{package}'") from error
    except ImportError as error:
        raise ValueError(f"its driver cannot be loaded: {error}; install it anew") from error
