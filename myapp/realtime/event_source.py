"""@event_source: a view's own stream. The view yields, and the client gets proper server-sent events.

    @view_config(route_name="progress", permission="view")
    @event_source()
    def progress(request):
        for percent in work():
            yield {"percent": percent}

It holds a thread of the server while it runs, on every server, within the same allowance as streams (`realtime.thread_streams`).
"""
import functools
import logging
from collections.abc import Callable, Iterable, Mapping

from pyramid.interfaces import IRequest
from pyramid.response import Response
from pyramid.util import takes_one_arg

from .delivery import close_unless_answered
from .server_sent_event import ServerSentEvent
from .transports.sse import HEADERS

logger = logging.getLogger(__name__)


def event_source() -> Callable[[Callable], Callable]:
    """Decorate a view, a function or a method, below `view_config`.

    The view yields, or returns an iterable of, ServerSentEvents or anything else that JSON can say, which becomes `data`. Or it
    returns Response(app_iter=such an iterable), whose status and headers are kept; one that is no success is answered as it is.
    The iterable runs after the request's transaction is over: what it needs of the database, the view reads before it returns
    it, or it opens a session of its own.
    """
    def decorate(view):
        @functools.wraps(view)
        def wrapper(*args):
            request, call = _call(view, args)
            return _respond(request, call)
        return wrapper
    return decorate


def _call(view, args):
    """Return (request, a function of nothing that calls the view), for the ways in which Pyramid calls views and tests do."""
    if IRequest.providedBy(args[-1]) or hasattr(args[-1], "environ"):
        request = args[-1]
        wanted = args[-1:] if len(args) == 1 or takes_one_arg(view, argname="request") else args
        return request, lambda: view(*wanted)
    return args[0].request, lambda: view(*args)     # a method of a view class


def _respond(request, call):
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    permit = request.registry.realtime.allowance.take(request.environ)
    try:
        result = call()
        response = result if isinstance(result, Response) else Response()
        if response.status_int >= 300:
            permit.give_back()
            return response
        events = EncodedEvents(response.app_iter if response is result else result, permit)
    except BaseException:
        permit.give_back()
        raise
    del response.content_length
    response.headers.update(HEADERS)
    response.app_iter = events
    close_unless_answered(request, response)
    return response


class EncodedEvents:
    """The app_iter: encodes what the view yields. Made and closed by any thread, iterated by one."""

    def __init__(self, source, permit):
        """source: what the view gave. Raises TypeError when it is no iterable of events. permit: given back at the end."""
        self._source, self._permit = source, permit
        if isinstance(source, str | bytes | Mapping) or not isinstance(source, Iterable):
            raise TypeError(f"an @event_source view gave {type(source).__name__}: it must yield events, or return an iterable of them")
        self._events = iter(source)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            event = next(self._events)
            return (event if isinstance(event, ServerSentEvent) else ServerSentEvent(data=event)).encode()
        except StopIteration:
            self.close()
            raise
        except Exception:       # the top of a view that has answered already: nothing is left but to log it and to end the stream
            logger.exception("an @event_source view failed; its stream ends")
            self.close()
            raise StopIteration from None

    def close(self):
        """Close what the view gave and give the thread back. The server calls it; twice is harmless."""
        try:
            source, self._source = self._source, None
            close = getattr(source, "close", None)
            if close is not None:
                close()
        finally:
            self._permit.give_back()

    # The last resort, where not even the server came to know of it. An app_iter that nobody holds is over.
    __del__ = close
