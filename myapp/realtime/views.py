"""GET /events: a stream of the events of some topics, by server-sent events.

The view does what needs a thread and a database: it reads the request, asks for permission, waits for this process to be
as new as the client's page. From the moment it returns, the stream holds neither session nor transaction nor connection.
"""
import time

from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from .allowance import NoPlace, unavailable
from .core.event import MAX_NAME, TOPIC, Cursor
from .delivery import StreamResponse, ThreadDelivery, close_unless_answered
from .errors import LogUnavailable, TopicsRefused
from .problem import problem
from .transports.sse import HEADERS


def includeme(config):
    config.add_route("realtime_events", "/events")
    config.add_view(events, route_name="realtime_events", request_method="GET", permission=NO_PERMISSION_REQUIRED)
    config.add_view(method_not_allowed, route_name="realtime_events", permission=NO_PERMISSION_REQUIRED, require_csrf=False)


def events(request):
    """`?topic=T[&topic=U][&fragments=1][&last_event_id=C]`, header Last-Event-ID."""
    if not request.accept.acceptable_offers(["text/event-stream"]):
        raise problem(406, "this address answers with text/event-stream; accept that, or */*")
    runtime = request.registry.realtime
    topics, cursor = wanted_topics(request, runtime.max_topics), wanted_cursor(request)
    authorize(request, topics)
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    return _open(request, runtime, topics, cursor)


def method_not_allowed(request):
    raise problem(405, f"{request.method} is not allowed here; use GET", headers={"Allow": "GET, HEAD"})


# What the request asks for

def wanted_topics(request, most):
    """Return the topics of the request, each once. Raises 400."""
    topics = list(dict.fromkeys(parameters(request).getall("topic")))
    if not topics:
        raise problem(400, "no topic; name at least one, as in ?topic=users")
    if len(topics) > most:
        raise problem(400, f"{len(topics)} topics; at most {most} (realtime.max_topics)")
    if bad := [topic for topic in topics if len(topic) > MAX_NAME or not TOPIC.fullmatch(topic)]:
        raise problem(400, f"{len(bad)} malformed topics; a topic is {TOPIC.pattern}, at most {MAX_NAME} characters")
    return topics


def wanted_cursor(request):
    """Return the Cursor that the client goes on from, UNREADABLE, or None to begin now. The header wins over the parameter."""
    text = request.headers.get("Last-Event-ID") or parameters(request).get("last_event_id")
    return Cursor.parse(text) if text else None


def parameters(request):
    """Return the query's parameters. Raises 400 when they are no text."""
    try:
        return request.GET
    except UnicodeDecodeError:
        raise problem(400, "the query is not UTF-8; percent-encode it as UTF-8") from None


def authorize(request, topics):
    """Raise 404 for unknown topics, else 401 or 403 for those that the viewer may not read; the answer names them."""
    try:
        request.registry.realtime.topics.authorize(request, topics)
    except TopicsRefused as refusal:
        if refusal.unknown:
            raise problem(404, "there are no such topics", topics=refusal.topics) from None
        if request.authenticated_userid is None:
            raise problem(401, "sign in to see these topics", topics=refusal.topics) from None
        raise problem(403, "you may not see these topics", topics=refusal.topics) from None


# The stream

def _open(request, runtime, topics, cursor):
    place = NoPlace() if "myapp.hand_over" in request.environ else runtime.allowance.take(request.environ)
    try:
        stream = _join(runtime, topics, runtime.encoding(has_fragments=parameters(request).get("fragments") == "1"), cursor)
    except BaseException:
        place.give_back()
        raise
    if at_shutdown := request.environ.get("myapp.at_shutdown"):
        at_shutdown(stream.feed.hub.end_all)
    response = StreamResponse(ThreadDelivery(stream, place, request.environ), headers=HEADERS)
    close_unless_answered(request, response)
    return response


def _join(runtime, topics, encoding, cursor):
    """Let this process catch up with the page, whose cursor may be from the database or another process; then begin."""
    try:
        if cursor and cursor.epoch and not runtime.follow.reach(cursor):
            raise unavailable("the event log does not answer")
        deadline = time.monotonic() + runtime.stream_lifetime if runtime.stream_lifetime else None
        return runtime.hub.join(topics, encoding, cursor, deadline=deadline)
    except LogUnavailable as error:
        raise unavailable("the event log does not answer") from error
