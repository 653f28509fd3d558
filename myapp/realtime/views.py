"""GET /events: a stream of the events of some topics, by server-sent events. GET /events/poll: what is new, in one answer.

A view does what needs a thread and a database: it reads the request, asks for permission, waits for this process to be
as new as the client's page. From the moment it returns, the stream holds neither session nor transaction nor connection.
"""
import re
import time
from contextlib import contextmanager
from typing import NamedTuple

from pyramid.httpexceptions import HTTPServiceUnavailable
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from .allowance import NoPermit
from .core.event import MAX_NAME, TOPIC, Cursor
from .delivery import StreamResponse, ThreadDelivery, close_unless_answered
from .errors import HubFull, LogUnavailable, TooManyPolls, TooManyStreams, TopicsRefused
from .origins import PREFLIGHT, check_origin
from .problem import problem, too_many, unavailable
from .rights import owner_of
from .topics import READ
from .transports import Encoding
from .transports.poll import HEADERS as POLL_HEADERS
from .transports.sse import HEADERS
from .viewer import check_viewer

BEHIND = "this process has yet to read what the page shows, or the event log does not answer"
WAIT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?")
MOST_WAIT_S = 25    # below the 30 s after which many a proxy gives up on a silent upstream


def includeme(config):
    for name, pattern, view in ("realtime_events", "/events", events), ("realtime_poll", "/events/poll", poll):
        config.add_route(name, pattern)
        config.add_view(view, route_name=name, request_method="GET", permission=NO_PERMISSION_REQUIRED)
        config.add_view(preflight, route_name=name, request_method="OPTIONS", permission=NO_PERMISSION_REQUIRED)
        config.add_view(method_not_allowed, route_name=name, permission=NO_PERMISSION_REQUIRED, require_csrf=False)


class Wanted(NamedTuple):
    """What a request asks for: topics that its viewer may read, in an encoding, after a cursor, or from now on when that is None."""
    topics: list[str]
    encoding: Encoding
    cursor: Cursor | None


def events(request):
    """`?topic=T[&topic=U][&fragments=1][&last_event_id=C]`, header Last-Event-ID."""
    runtime = request.registry.realtime
    check_origin(request, runtime.allowed_origins)
    if not accepts_a_stream(request):
        raise problem(406, "this address answers with text/event-stream; accept that, or */*")
    wanted = read_wanted(request, parameters(request), runtime.encoding)
    return Response(headers=HEADERS) if request.method == "HEAD" else _open(request, wanted)


def poll(request):
    """`?topic=T[&topic=U][&fragments=1][&last_event_id=C][&wait=S]`, header Last-Event-ID."""
    runtime = request.registry.realtime
    check_origin(request, runtime.allowed_origins)
    query = parameters(request)
    wait_s, wanted = wanted_wait_s(query), read_wanted(request, query, runtime.poll_encoding)
    if request.method == "HEAD":
        return Response(headers=POLL_HEADERS)
    reach(runtime, wanted.cursor)
    waiting = _park(request, wanted, wait_s) if wait_s and wanted.cursor else None
    return waiting or _answer(runtime, wanted)


def preflight(request):
    """What a browser asks before a page of an allowed origin may send an Authorization header."""
    if "Origin" not in request.headers:
        return method_not_allowed(request)
    check_origin(request, request.registry.realtime.allowed_origins)
    return Response(status=204, headers=PREFLIGHT)


def method_not_allowed(request):
    raise problem(405, f"{request.method} is not allowed here; use GET", headers={"Allow": "GET, HEAD"})


# What the request asks for

def read_wanted(request, query, make_encoding):
    """Return what is Wanted. Raises 400, 401, 403 and 404."""
    topics, cursor = wanted_topics(query, request.registry.realtime.max_topics), wanted_cursor(request, query)
    check_viewer(request, query)
    authorize(request, topics)
    return Wanted(topics, make_encoding(has_fragments=query.get("fragments") == "1"), cursor)


def accepts_a_stream(request):
    """Whether the client takes text/event-stream. What EventSource and curl say is known without parsing it."""
    said = request.environ.get("HTTP_ACCEPT", "*/*")
    return said in ("text/event-stream", "*/*") or bool(request.accept.acceptable_offers(["text/event-stream"]))


def wanted_topics(query, most):
    """Return the topics of the query, each once. Raises 400."""
    return checked_topics(query.getall("topic"), most)


def checked_topics(names, most):
    """Return `names`, texts, each once. Raises 400 when there are none or too many, or when one is no name of a topic."""
    topics = list(dict.fromkeys(names))
    if not topics:
        raise problem(400, "no topic; name at least one, as in ?topic=users")
    if len(topics) > most:
        raise problem(400, f"{len(topics)} topics; at most {most} (realtime.max_topics)", max_topics=most)
    if bad := [topic for topic in topics if len(topic) > MAX_NAME or not TOPIC.fullmatch(topic)]:
        raise problem(400, f"{len(bad)} malformed topics; a topic is {TOPIC.pattern}, at most {MAX_NAME} characters")
    return topics


def wanted_cursor(request, query):
    """Return the Cursor that the client goes on from, UNREADABLE, or None to begin now. The header wins over the parameter."""
    text = request.headers.get("Last-Event-ID") or query.get("last_event_id")
    return Cursor.parse(text) if text else None


def wanted_wait_s(query):
    """Return for how many seconds the answer may be waited for. Raises 400."""
    text = query.get("wait", "0")
    if not WAIT.fullmatch(text) or float(text) > MOST_WAIT_S:
        raise problem(400, f"wait must be a number of seconds from 0 to {MOST_WAIT_S}")
    return float(text)


def parameters(request):
    """Return the query's parameters. Raises 400 when they are no text."""
    try:
        return request.GET
    except UnicodeDecodeError:
        raise problem(400, "the query is not UTF-8; percent-encode it as UTF-8") from None


def authorize(request, topics):
    """Raise 404 for unknown topics, else 401 or 403 for those that the viewer may not read; the answer names them."""
    try:
        request.registry.realtime.topics.authorize(request, READ, topics)
    except TopicsRefused as refusal:
        if refusal.unknown:
            raise problem(404, "there are no such topics", topics=refusal.topics) from None
        if request.authenticated_userid is None:
            raise problem(401, "sign in to see these topics", topics=refusal.topics) from None
        raise problem(403, "you may not see these topics", topics=refusal.topics) from None


# The answers

def _open(request, wanted):
    """Return the response that is a stream. Raises 503 and 429."""
    reach(request.registry.realtime, wanted.cursor)
    permit = _permit(request)
    return carried(request, join(request, permit, wanted, request.registry.realtime.stream_lifetime), permit, HEADERS)


def _park(request, wanted, wait_s):
    """Return the response of a poll that waits for news, or has some; None where there is no room to wait. Raises 429."""
    try:
        permit = _permit(request)
        stream = join(request, permit, wanted, wait_s)
    except (HTTPServiceUnavailable, TooManyPolls):
        return None
    if not stream.replay:
        return carried(request, stream, permit, POLL_HEADERS)
    answer = stream.next()
    stream.leave()
    permit.give_back()
    return _answered(answer)


def _permit(request):
    """Return the Permit of a thread, where one will be held. Raises 503."""
    return NoPermit() if "myapp.hand_over" in request.environ else request.registry.realtime.allowance.take(request.environ)


def join(request, permit, wanted, lasts_s, **options):
    """Take a place for a stream, and begin; else the permit is given back, too.

    lasts_s: until it ends by itself, 0 for ever. options: more of Stream's. Raises 503, 429 and TooManyPolls.
    """
    runtime, room = request.registry.realtime, request.environ.get("myapp.max_streams")
    try:
        with _refusals(runtime, "poll that would wait" if wanted.encoding.is_once else "stream"):
            deadline = time.monotonic() + lasts_s if lasts_s else None
            stream = runtime.hub.join(*wanted, deadline=deadline, room=room, **_holder(request, runtime), **options)
        runtime.note_listener(wanted.topics)
        return stream
    except BaseException:
        permit.give_back()
        raise


def _holder(request, runtime):
    """Return {owner, user, address}: by whose right it is, and in whose name it is counted.

    REMOTE_ADDR, for anybody may write an X-Forwarded-For.
    """
    owner = owner_of(request)
    return {
        "owner": owner, "user": owner.userid if runtime.counts_users else None,
        "address": request.remote_addr if runtime.counts_addresses else None}


def carried(request, stream, permit, headers, *, status=200):
    """Return the response that sends `stream`, and forgets it if it is never sent."""
    if at_shutdown := request.environ.get("myapp.at_shutdown"):
        at_shutdown(stream.feed.hub.end_all)
    response = StreamResponse(ThreadDelivery(stream, permit, request.environ), [*headers.items()], status=status)
    close_unless_answered(request, response)
    return response


def _answer(runtime, wanted):
    """Return the response of a poll that does not wait. Raises 503."""
    with _refusals(runtime):
        return _answered(runtime.hub.answer(*wanted))


def _answered(answer):
    return Response(answer, headerlist=[*POLL_HEADERS.items()])


def reach(runtime, cursor):
    """Let this process catch up with the page, whose cursor may be from the database or another process. Raises 503."""
    with _refusals(runtime):
        if cursor and cursor.epoch and not runtime.follow.reach(cursor):
            runtime.refusals.warning("refused a stream or a poll: %s", BEHIND)
            raise unavailable(BEHIND)


@contextmanager
def _refusals(runtime, kind="stream"):
    """Turns what the hub and the log raise into what the client is told."""
    try:
        yield
    except LogUnavailable as error:
        raise unavailable("the event log does not answer") from error
    except (HubFull, TooManyStreams) as error:
        runtime.refusals.warning("refused a %s: %s", kind, error)
        raise (unavailable if isinstance(error, HubFull) else too_many)(str(error)) from error
