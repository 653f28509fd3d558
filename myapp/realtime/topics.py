"""Topics: what one may subscribe to, who may, and how an event of it looks as HTML. Declared by `config.add_topic`.

The one place where a topic is authorised: every transport, live and replay alike, comes through `authorize`.
"""
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import IRootFactory
from pyramid.request import Request
from pyramid.traversal import DefaultRootFactory

from .core.event import CONTROLS, MAX_NAME, ORDERS, TOPIC, TYPE
from .errors import TopicsRefused, UnknownTopic

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
ONE_PART = r"[A-Za-z0-9_.-]+"
READ, PUBLISH = "read", "publish"       # what one may do with a topic


@dataclass(frozen=True)
class Topic:
    """What `config.add_topic` declared; see there."""
    pattern: str
    factory: Callable | None
    permission: str | None
    publish_permission: str | None
    fragments: Mapping[str, str | None]
    validate: Callable | None
    keep: Callable | None
    regex: re.Pattern = field(repr=False)

    def context(self, request, name):
        """Return the context of the topic `name`, for permissions. Raises UnknownTopic when the factory knows no such object."""
        if self.factory is None:
            return request.registry.queryUtility(IRootFactory, default=DefaultRootFactory)(request)
        try:
            return self.factory(request, **self.regex.fullmatch(name).groupdict())
        except LookupError as error:
            raise UnknownTopic(f"topic {name!r}: there is no such {self.pattern}") from error


class Topics:
    """The declared topics of an application. Written at configuration, then read by any thread."""

    def __init__(self):
        self._topics = []       # those with fewer placeholders first: `updates:general` wins over `updates:{channel}`
        self.of_stats = None    # the name of the one on which processes tell what they are doing

    def add(self, topic):
        self._topics.append(topic)
        self._topics.sort(key=lambda topic: len(PLACEHOLDER.findall(topic.pattern)))

    def find(self, name):
        """Return the Topic that `name` belongs to. Raises UnknownTopic."""
        for topic in self._topics:
            if topic.regex.fullmatch(name) and name != ORDERS:
                return topic
        raise UnknownTopic(f"topic {name!r}: no config.add_topic declares it; declared are "
                           f"{', '.join(topic.pattern for topic in self._topics) or 'none'}")

    def authorize(self, request, action, names):
        """Raise TopicsRefused unless the viewer may do `action` with every one of `names` and all of them exist.

        action: READ or PUBLISH. Reads the database as factories do.
        """
        unknown, forbidden = self.refused(
            names, action, context_of=lambda name: self.context(request, name),
            permits=lambda context, permission: request.has_permission(permission, context))
        if unknown or forbidden:
            raise TopicsRefused(unknown or forbidden, unknown=bool(unknown))

    def refused(self, names, action, *, context_of, permits):
        """Return (those of `names` that do not exist, those with which `action` is not permitted), two lists.

        context_of(name)              the context of a topic, as `context` returns it
        permits(context, permission)  whether somebody has the permission there
        """
        unknown, forbidden = [], []
        for name in names:
            try:
                topic, context = self.find(name), context_of(name)
            except UnknownTopic:
                unknown.append(name)
                continue
            permission = topic.permission if action == READ else topic.publish_permission
            if not (action == READ if permission is None else permits(context, permission)):
                forbidden.append(name)
        return unknown, forbidden

    def context(self, request, name):
        """Return the context of the topic `name`. Raises UnknownTopic."""
        return self.find(name).context(request, name)


def authorize(request: Request, action: str, topics: Iterable[str]) -> None:
    """Raise TopicsRefused unless whoever asks may do `action`, "read" or "publish", with all of `topics`.

    The one place where a topic is authorised, for streams and for views of one's own alike.
    """
    if action not in (READ, PUBLISH):
        raise ValueError(f"action {action!r}: must be {READ} or {PUBLISH}")
    request.registry.realtime_topics.authorize(request, action, topics)


def includeme(config):
    config.registry.realtime_topics = Topics()
    config.add_directive("add_topic", add_topic)
    config.add_directive("report_stats", report_stats)


def add_topic(config, pattern: str, *, factory: Callable[..., Any] | None = None, permission: str | None = None,
              publish_permission: str | None = None, fragments: Mapping[str, str | None] | None = None,
              validate: Callable[[str, dict[str, Any]], dict[str, Any]] | None = None,
              keep: Callable[[Request, str, str, Mapping[str, Any]], None] | None = None) -> None:
    """Directive. Declare a topic, or a family of them.

    pattern             `users`, or with placeholders `updates:{channel}`, each for one part between colons
    factory             factory(request, **placeholders) -> the context for permissions; raises LookupError when there is no such
                        object; the application's root factory when None
    permission          what reading it takes; None lets everybody
    publish_permission  what publishing to it from outside takes; None: nobody may
    fragments           {event type: renderer name, or None when the event removes its element}
    validate            validate(type, data) -> the data, clean; raises InvalidEvent. Asked for every event, whoever publishes it
    keep                keep(request, topic, type, data) stores what is to outlive the log, such as the last value. Called for every event
                        that is logged, whoever publishes it, at the end of its transaction, those of one topic in their order, topics
                        by their names: so transactions never wait for each other. `request` may be nobody's, of a script or a socket

    Declaring a pattern twice is a configuration conflict; an including package is overridden by the application, as usual.
    """
    factory, validate, keep = (config.maybe_dotted(given) for given in (factory, validate, keep))
    topic = Topic(pattern, factory, permission, publish_permission, dict(fragments or {}), validate, keep, _regex(pattern))
    if bad := [type for type in topic.fragments if type in CONTROLS or not TYPE.fullmatch(type)]:
        raise ConfigurationError(f"topic {pattern!r}: event type {bad[0]!r} must be {TYPE.pattern}, and not {', '.join(sorted(CONTROLS))}")
    introspectable = config.introspectable("realtime topics", pattern, pattern, "realtime topic")
    introspectable.update(topic=topic, permission=permission, publish_permission=publish_permission, fragments=topic.fragments)
    config.action(("realtime topic", pattern), lambda: config.registry.realtime_topics.add(topic), introspectables=[introspectable])


def report_stats(config, topic: str) -> None:
    """Directive. Have each process tell what it is doing, as `request.realtime.stats()` says it, on `topic`, a name that is declared.

    It does so by transient events of the type `stats`, one a second, as long as somebody listens to `topic`, to whatever process.
    """
    config.action("realtime stats", lambda: setattr(config.registry.realtime_topics, "of_stats", topic))


def _regex(pattern):
    """The names that a pattern stands for."""
    example = PLACEHOLDER.sub("x", pattern)
    if len(pattern) > MAX_NAME or not TOPIC.fullmatch(example) or pattern == ORDERS:
        raise ConfigurationError(f"topic {pattern!r}: must be {TOPIC.pattern}, with {{placeholders}} for whole or partial parts, "
                                 f"at most {MAX_NAME} characters, and not {ORDERS}, which processes use among themselves")
    parts = PLACEHOLDER.split(pattern)
    if len(set(parts[1::2])) < len(parts[1::2]):
        raise ConfigurationError(f"topic {pattern!r}: each placeholder needs a name of its own")
    return re.compile("".join(f"(?P<{part}>{ONE_PART})" if place % 2 else re.escape(part) for place, part in enumerate(parts)))
