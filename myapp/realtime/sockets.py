"""GET /events/socket: a stream of the events of some topics by WebSocket, whose client may change the topics, and publish.

Only a server that takes streams over can carry one. Nobody is asked before a browser opens a WebSocket, so the origin is checked
here as everywhere; and cookies of other origins' pages, which a browser sends along unasked, are not looked at.
"""
from pyramid.security import NO_PERMISSION_REQUIRED

from .allowance import NoPermit
from .conversation import Conversation
from .errors import HandshakeRefused
from .origins import check_origin, is_of_another_origin
from .problem import problem
from .rights import identifying, owner_of
from .transports.websocket import accept
from .views import carried, join, method_not_allowed, parameters, reach, read_wanted

NO_LOOP = "this server cannot carry WebSockets; serve the application with egg:myapp#server on Linux, or use /events"
NO_READER = "WebSockets need the package wsproto; install myapp[websocket], or use /events"


def includeme(config):
    config.add_route("realtime_socket", "/events/socket")
    config.add_view(socket, route_name="realtime_socket", request_method="GET", permission=NO_PERMISSION_REQUIRED)
    config.add_view(method_not_allowed, route_name="realtime_socket", permission=NO_PERMISSION_REQUIRED, require_csrf=False)


def socket(request):
    """`?topic=T[&topic=U][&fragments=1][&last_event_id=C]`, header Last-Event-ID, and the headers of a WebSocket."""
    runtime = request.registry.realtime
    check_origin(request, runtime.allowed_origins)
    if is_of_another_origin(request):
        request.environ.pop("HTTP_COOKIE", None)
    headers, make_reader = handshake(request), reader(request)
    wanted = read_wanted(request, parameters(request), runtime.socket_encoding)
    reach(runtime, wanted.cursor)
    owner, permit = owner_of(request), NoPermit()
    dialogue = Conversation(request.registry, owner, owner.environ or identifying(request.environ), wanted.topics, make_reader)
    stream = join(request, permit, wanted, runtime.stream_lifetime, dialogue=dialogue)
    return carried(request, stream, permit, headers, status=101)


def reader(request):
    """Return the class that reads what a client says. Raises 501 where there can be no WebSocket."""
    if "myapp.hand_over" not in request.environ:
        raise problem(501, NO_LOOP)
    try:
        from .transports.websocket_reader import Reader
    except ImportError:
        raise problem(501, NO_READER) from None
    return Reader


def handshake(request):
    """Return the headers of the answer. Raises 400 and 426 for what is none."""
    try:
        return accept(request.environ)
    except HandshakeRefused as refusal:
        raise problem(refusal.status, str(refusal), headers=refusal.headers) from None
