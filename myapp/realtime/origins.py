"""Origins: which pages may open a stream here, by the Origin header that browsers send and no script can forge.

An own page may, and so may those of `realtime.allowed_origins`, without cookies: no answer ever allows credentials. Programs send no
Origin. The check is made by every transport before anything else, for a browser asks nobody before it opens a WebSocket.
"""
from .problem import problem

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "Authorization, Cache-Control, Last-Event-ID",
    "Access-Control-Max-Age": "600"}


def check_origin(request, allowed):
    """Raise 403 when the request is of another site's page that is not among `allowed`; else let the answer say that it may be read."""
    if not is_of_another_origin(request):
        return
    origin = request.headers["Origin"]
    if origin not in allowed:
        raise problem(403, "pages of this origin may not read events here; see realtime.allowed_origins")
    request.add_response_callback(lambda request, response: response.headers.update(readable_by(origin)))


def is_of_another_origin(request):
    """Whether a page of another origin sends the request."""
    origin = request.headers.get("Origin")
    return origin is not None and origin != f"{request.scheme}://{request.host}"


def readable_by(origin):
    """Return the headers that let pages of `origin` read an answer, never one to a request with cookies."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
