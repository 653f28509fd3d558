"""Live pages for Pyramid: `config.include("myapp.realtime")`.

    config.add_topic("orders", permission="view")                       who may see what
    request.realtime.publish("orders", "order_paid", {"id": 7})         joins the request's transaction
    GET /events?topic=orders                                            every open page has it
"""
from contextlib import contextmanager
from pathlib import Path

from pyramid.request import Request
from pyramid.scripting import prepare

from . import assets, settings, topics, views
from .brokers import find_broker
from .errors import InvalidEvent, LogTrimmed, LogUnavailable, RealtimeError, StartUpError, TopicsRefused, UnknownTopic
from .event_source import event_source
from .problem import problem
from .publish import Realtime
from .runtime import Runtime
from .settings import Setting, boolean, choice, duration, duration_range, integer, size, text
from .transports.sse import ServerSentEvent

__all__ = [
    "InvalidEvent", "LogTrimmed", "LogUnavailable", "RealtimeError", "ServerSentEvent", "Setting", "StartUpError", "TopicsRefused",
    "UnknownTopic", "boolean", "choice", "duration", "duration_range", "event_source", "includeme", "integer", "problem", "session",
    "size", "text"]


@contextmanager
def session(registry):
    """A `realtime` outside a request, for scripts, jobs and cron: one transaction, committed at the end of the block, or aborted.

        with realtime.session(registry) as rt:
            rt.publish("orders", "order_paid", {"id": 7})

    `rt.request` is a blank request with the application's session, for what else belongs to the transaction.
    """
    with prepare(request=Request.blank("/", method="POST"), registry=registry) as env, env["request"].tm:
        yield env["request"].realtime


def includeme(config):
    """Put the parts together. Makes no thread, socket or connection: all of them start at first use."""
    for part in settings, topics, assets:
        config.include(part)
    values = config.read_settings("realtime.", settings.TABLE)
    registry, added = config.registry, {}
    registry.realtime = Runtime(
        registry, values, make_broker=lambda: find_broker(values["broker"], added), folders=_code_folders(config.root_package))
    config.add_request_method(lambda request: Realtime(request, registry.realtime), "realtime", reify=True)
    config.add_directive("add_broker", lambda config, scheme, factory: added.__setitem__(scheme, config.maybe_dotted(factory)))
    config.add_start_up_check(lambda: _broker_problems(values["broker"], added))
    config.add_assets("realtime", "myapp.realtime:static")
    config.include(views)


def _broker_problems(url, added):
    try:
        find_broker(url, added)
    except ValueError as error:
        return [f"realtime.broker = {settings.shown('broker', url)}: {error}"]
    return []


def _code_folders(root_package):
    """What the build is made of: the application's package and this one, each once. A single-file application counts by this one."""
    folders = [*getattr(root_package, "__path__", ()), *__path__]
    return tuple(folder for folder in folders if not any(Path(other) in Path(folder).parents for other in folders))
