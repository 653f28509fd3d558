"""What every request must be before a view, a permission or the CSRF check looks at it: readable, of bearable size, of a known type.

A request that is not is refused with 4xx here, so that nothing later has to expect bytes that are no text.
"""
import re

from pyramid.events import NewRequest
from pyramid.request import Request

from .errors import AddressTooLong, TooLarge, Unreadable, WrongType

MAX_ADDRESS_BYTES = 16 << 10    # of path and query; nginx takes 8 KiB
MAX_BODY_BYTES = 256 << 10      # of a request; the largest that is meant, a form, has some kilobytes
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
FORMS = {"", "application/x-www-form-urlencoded", "multipart/form-data"}     # "": an empty form, of a program
# Addresses are kept in logs, in histories and by proxies. What is a secret has no business there, whatever it is called.
SECRETS = {"token", "access_token", "api_key", "apikey", "password", "secret", "session", "authorization"}
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
    """Tell whether the body is larger than is taken, or comes in pieces of which nobody has told how many; our own server has counted."""
    length = request.content_length
    return "HTTP_TRANSFER_ENCODING" in request.environ if length is None else length > MAX_BODY_BYTES


def is_api(request):
    """Tell whether a program asks, that is told of errors by problem+json. Works for a path that cannot be decoded, too."""
    return is_below(request, "/api") or is_below(request, "/events")


def is_below(request, path):
    """Tell whether the request's path is `path` or below it. Works for a path that cannot be decoded, too."""
    return f"{request.environ.get('PATH_INFO', '')}/".startswith(f"{path}/")


def is_htmx(request):
    """Tell whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def check(event):
    """Subscriber of NewRequest. Raises Unreadable, AddressTooLong, TooLarge, WrongType."""
    request = event.request
    _drop_what_is_no_cookie(request.environ)
    _check_address(request)
    _check_text(request)
    _check_secrets(request)
    if request.method not in SAFE_METHODS:
        _check_size(request)
        _check_type(request)


def _drop_what_is_no_cookie(environ):
    """Keep of the Cookie header what is one by RFC 6265. WebOb's own reader takes minutes for 100 kB that are none."""
    if environ.get("HTTP_COOKIE"):
        environ["HTTP_COOKIE"] = "; ".join(part.strip() for part in environ["HTTP_COOKIE"].split(";") if COOKIE.fullmatch(part.strip()))


def _check_address(request):
    """How many topics an address may name is the add-on's to say: realtime.max_topics. The server takes 64 KiB."""
    size = len(request.environ.get("PATH_INFO", "")) + len(request.environ.get("QUERY_STRING", ""))
    if size > MAX_ADDRESS_BYTES and not is_below(request, "/events"):
        raise AddressTooLong(f"The address has {size} bytes; at most {MAX_ADDRESS_BYTES} are taken.")


def _check_text(request):
    try:
        path, _ = request.path_info, request.GET
    except UnicodeDecodeError:
        raise Unreadable("The address is not UTF-8; percent-encode it as UTF-8.") from None
    if not path.isprintable():      # a route's pattern would take a line feed at its end
        raise Unreadable("The address has control characters.")


def _check_secrets(request):
    for name in request.GET:
        if name.lower().replace("-", "_") in SECRETS:
            raise Unreadable("There is a secret in the address, where others may read it; send it in the Authorization header.")


def _check_size(request):
    if is_too_large(request):
        raise TooLarge(f"The body has {request.content_length or 'an untold number of'} bytes; at most {MAX_BODY_BYTES} are taken.")


def _check_type(request):
    """The API takes JSON alone, which no foreign page can send without the browser asking us first; pages take forms."""
    if is_below(request, "/api"):
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
    """Whether there is one, or a page of another site could send one unasked: a PUT or DELETE without a body is whole."""
    return request.method == "POST" or bool(request.content_length)


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
