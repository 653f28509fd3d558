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

from pyramid.interfaces import IRequest
from pyramid.response import Response
from pyramid.util import takes_one_arg

from .delivery import close_unless_answered
from .transports.sse import HEADERS, ServerSentEvent
from .views import full

logger = logging.getLogger(__name__)


def event_source():
    """Decorate a view, a function or a method, below `view_config`.

    The view yields, or returns an iterable of, ServerSentEvents or anything else that JSON can say, which becomes `data`. Or it
    returns Response(app_iter=such an iterable), whose status and headers are kept. The iterable runs after the request's
    transaction is over: what it needs of the database, the view reads before it returns it, or it opens a session of its own.
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
    runtime = request.registry.realtime
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    if not runtime.allowance.take(request.environ):
        raise full("every thread that streams may hold is in use (realtime.thread_streams)")
    try:
        result = call()
    except BaseException:
        runtime.allowance.give_back()
        raise
    response = result if isinstance(result, Response) else Response()
    events = response.app_iter if response is result else result
    del response.content_length
    response.headers.update(HEADERS)
    response.app_iter = EncodedEvents(events, runtime.allowance.give_back)
    close_unless_answered(request, response)
    return response


class EncodedEvents:
    """The app_iter: encodes what the view yields. Made and closed by any thread, iterated by one."""

    def __init__(self, events, done):
        self._source, self._events, self._done = events, iter(events), done

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
        """Give the thread back. The server calls it; twice is harmless."""
        done, self._done = self._done, None
        if done is not None:
            try:
                getattr(self._source, "close", bool)()
            finally:
                done()
