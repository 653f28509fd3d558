"""Live pages for Pyramid: `config.include("myapp.realtime")`.

    config.add_topic("orders", permission="view")                       who may see what
    request.realtime.publish("orders", "order_paid", {"id": 7})         joins the request's transaction
    GET /events?topic=orders                                            every open page has it
"""
import logging
from importlib.util import find_spec
from pathlib import Path

from pyramid.interfaces import IRequestFactory
from pyramid.request import Request, apply_request_extensions

from . import assets, settings, sockets, topics, views
from .brokers import add_broker, find_broker
from .errors import InvalidEvent, LogUnavailable, NotSetUp, RealtimeError, StartUpError, TopicsRefused, UnknownTopic
from .event_source import event_source
from .events import BrokerLost, BrokerRestored, ClientConnected, ClientDisconnected, EventCommitted, PublishAsked
from .problem import problem
from .publish import Realtime, session
from .runtime import Runtime
from .server_sent_event import ServerSentEvent
from .settings import Setting, boolean, duration, duration_range, integer, origins, size, text
from .strict_json import read_json
from .topics import authorize
from .viewer import viewer_name

logger = logging.getLogger(__name__)

__all__ = [
    "BrokerLost", "BrokerRestored", "ClientConnected", "ClientDisconnected", "EventCommitted", "InvalidEvent", "LogUnavailable",
    "NotSetUp", "PublishAsked", "RealtimeError", "ServerSentEvent", "Setting", "StartUpError", "TopicsRefused",
    "UnknownTopic", "authorize", "boolean", "duration", "duration_range", "event_source", "includeme", "integer",
    "origins", "problem", "read_json", "session", "size", "text", "viewer_name"]


def includeme(config):
    """Put the parts together. Makes no thread, socket or connection: all of them start at first use."""
    for part in settings, topics, assets:
        config.include(part)
    registry, values = config.registry, config.read_settings("realtime.", settings.TABLE)
    registry.realtime_brokers = {}
    registry.realtime = Runtime(
        registry, values, make_broker=lambda: find_broker(values["broker"], registry.realtime_brokers),
        folders=_code_folders(config.root_package))
    config.add_request_method(lambda request: Realtime(request, registry.realtime), "realtime", reify=True)
    config.add_directive("add_broker", add_broker)
    config.add_start_up_check(lambda: _conflicts(values) + _broker_problems(values["broker"], registry.realtime))
    if not config.autocommit:       # there the attribute may be added after us, and nothing tells when all is said
        config.add_start_up_check(lambda: _session_problems(values["session"], registry))
    config.add_assets("realtime", "myapp.realtime:static")
    for part in views, sockets:
        config.include(part)


def _conflicts(values):
    problems = []
    if values["tape"] < 2 * values["max_event"]:
        problems.append(f"realtime.tape ({values['tape']} bytes) with realtime.max_event ({values['max_event']} bytes): one event would "
                        "cut whoever is not quick; make the tape at least twice as large")
    if values["pending_bytes"] < 4 * values["replay_bytes"]:
        problems.append(f"realtime.pending_bytes ({values['pending_bytes']} bytes) with realtime.replay_bytes ({values['replay_bytes']} "
                        "bytes): one client would keep the others from coming back; make pending_bytes at least four times as large")
    if "websocket" in values["transports"] and find_spec("wsproto") is None:
        problems.append("realtime.transports names websocket, which needs the package wsproto; install myapp[websocket]")
    return problems


def _broker_problems(url, runtime):
    name = settings.shown("broker", url)
    try:
        broker = runtime.make_broker()
        if engine := _engine(runtime):
            broker.attach(engine)
    except ValueError as error:
        return [f"realtime.broker = {name}: {error}"]
    if not broker.is_shared:
        logger.info("realtime.broker = %s carries events within this process; another one on the same database sees them when it looks "
                    "at the log, within %g s (realtime.tail_interval)", name, runtime.tail_interval_s)
    return []


def _engine(runtime):
    """The application's engine, or None where it has none yet, or none at all: others say so."""
    try:
        return runtime.engine()
    except (AttributeError, LookupError):
        return None


def _session_problems(name, registry):
    request = registry.queryUtility(IRequestFactory, default=Request).blank("/")
    request.registry = registry
    apply_request_extensions(request)
    if hasattr(type(request), name) or name in vars(request):
        return []
    return [f"realtime.session = {name!r}: requests have no such attribute; add it by config.add_request_method, or name the one that "
            "is the SQLAlchemy session"]


def _code_folders(root_package):
    """What the build is made of: the application's package and this one, each once. A single-file application counts by this one."""
    folders = [*getattr(root_package, "__path__", ()), *__path__]
    return tuple(folder for folder in folders if not any(Path(other) in Path(folder).parents for other in folders))
