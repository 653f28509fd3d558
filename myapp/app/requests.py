"""What every request must be before a view, a permission or the CSRF check looks at it: readable, of bearable size, of a known type.

A request that is not is refused with 4xx here, so that nothing later has to expect bytes that are no text.
"""
import re

from pyramid.events import NewRequest
from pyramid.request import Request

from .errors import TooLarge, Unreadable, WrongType

MAX_BODY_BYTES = 256 << 10      # of a request; the largest that is meant, a form, has some kilobytes
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
FORMS = {"", "application/x-www-form-urlencoded", "multipart/form-data"}     # "": an empty form, of a program
UNREADABLE = "\ufffd"            # what WebOb makes of bytes in a form that are not UTF-8
JSON = "application/json"
COOKIE = re.compile(r"""[\w!#$%&'*+.^`|~-]{1,200}="?[!#-+\--:<-\[\]-~]*"?""", re.ASCII)


class AppRequest(Request):
    """A request whose body, as far as it is taken, stays in memory: WebOb leaves the closing of its files to the garbage collector."""
    request_body_tempfile_limit = MAX_BODY_BYTES


def attempts(request):
    """pyramid_retry's hook. A body that will be refused for its size is not copied for a second attempt."""
    return 1 if is_too_large(request) else None


def is_too_large(request):
    return (request.content_length or 0) > MAX_BODY_BYTES


def is_api(request):
    """Tell whether a program asks, that is told of errors by problem+json. Works for a path that cannot be decoded, too."""
    path = request.environ.get("PATH_INFO", "")
    return path.startswith(("/api/", "/events/")) or path in {"/api", "/events"}


def is_htmx(request):
    """Tell whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def check(event):
    """Subscriber of NewRequest. Raises Unreadable, TooLarge, WrongType."""
    request = event.request
    _drop_what_is_no_cookie(request.environ)
    _check_text(request)
    if request.method not in SAFE_METHODS:
        _check_size(request)
        _check_type(request)


def _drop_what_is_no_cookie(environ):
    """Keep of the Cookie header what is one by RFC 6265. WebOb's own reader takes minutes for 100 kB that are none."""
    if environ.get("HTTP_COOKIE"):
        environ["HTTP_COOKIE"] = "; ".join(part.strip() for part in environ["HTTP_COOKIE"].split(";") if COOKIE.fullmatch(part.strip()))


def _check_text(request):
    try:
        path, _ = request.path_info, request.GET
    except UnicodeDecodeError:
        raise Unreadable("The address is not UTF-8; percent-encode it as UTF-8.") from None
    if not path.isprintable():      # a route's pattern would take a line feed at its end
        raise Unreadable("The address has control characters.")


def _check_size(request):
    if is_too_large(request):
        raise TooLarge(f"The body has {request.content_length} bytes; at most {MAX_BODY_BYTES} are taken.")


def _check_type(request):
    """The API takes JSON alone, which no foreign page can send without the browser asking us first; pages take forms."""
    if request.environ["PATH_INFO"].startswith("/api/"):
        if _has_body(request) and _media_type(request) != JSON:
            raise WrongType(f"Send {JSON}.")
    elif not is_api(request):
        if _media_type(request) not in FORMS or request.charset != "UTF-8":
            raise WrongType("Send a form in UTF-8.")
        _check_form(request)


def _check_form(request):
    try:
        text = "".join(_texts(request.POST.items()))
        text.encode()
    except (ValueError, LookupError, RecursionError):   # no boundary, no such charset, bytes that are no text, a file, parts within parts
        raise Unreadable("The form cannot be read; send its fields as UTF-8 text.") from None
    if UNREADABLE in text:
        raise Unreadable("The form has bytes that are not UTF-8; send its fields as UTF-8 text.")


def _has_body(request):
    return request.method in {"POST", "PUT", "PATCH"} or bool(request.content_length)


def _media_type(request):
    return request.content_type.strip().lower()


def _texts(items):
    for name, value in items:
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValueError("a file, or a part of a form that is one itself")
        yield name
        yield value


def includeme(config):
    config.set_request_factory(AppRequest)
    config.registry.settings["retry.activate_hook"] = attempts
    config.add_subscriber(check, NewRequest)
    config.add_request_method(is_htmx, property=True)
    config.add_request_method(is_api, property=True)
