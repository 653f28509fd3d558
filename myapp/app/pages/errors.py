"""Errors as an answer: a page for people, problem+json for programs; never a word about the inside.

It reads nothing from the database, which may be what is broken.
"""
import logging

from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken, PredicateMismatch
from pyramid.httpexceptions import HTTPException, status_map
from pyramid.renderers import render_to_response
from pyramid.view import exception_view_config
from pyramid_retry import is_error_retryable, is_last_attempt
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError
from transaction.interfaces import NoTransaction

from myapp.app.errors import NotSignedIn, Refusal
from myapp.realtime import LogUnavailable, problem

from . import login

log = logging.getLogger(__name__)

ERROR = "myapp.app:templates/error.jinja2"

RETRY_AFTER_S = "5"     # seconds: a restart of the database or a queue of writers is mostly over by then
PROBLEM = "application/problem+json"
OWN_HEADERS = {"content-type", "content-length"}    # of the answer itself, not to be taken over from an exception

SENTENCES = {
    400: "The server could not understand this request.",
    401: "Sign in to see this.",
    403: "Your role does not allow this.",
    404: "There is nothing at this address, or no longer.",
    405: "This address cannot be used in this way.",
    500: "Something went wrong on the server. It has been logged; nothing was changed.",
    503: "The server cannot do this just now. Nothing was changed; try again in a moment.",
}


@exception_view_config(context=HTTPException)
def http_exception(exc, request):
    if exc.status_code < 400 or exc.content_type == PROBLEM:
        return exc
    headers = {name: value for name, value in exc.headers.items() if name.lower() not in OWN_HEADERS}
    return answer(request, exc.status_code, headers=headers)


@exception_view_config(context=Refusal)
def refusal(exc, request):
    return answer(request, exc.status, str(exc), headers=exc.headers, **exc.members)


@exception_view_config(context="pyramid.httpexceptions.HTTPForbidden")
def forbidden(exc, request):
    if exc.content_type == PROBLEM:     # said by a view that knows more, such as which topics
        return exc
    if request.is_authenticated:
        return answer(request, 403)
    return refusal(NotSignedIn(), request)


@exception_view_config(context=PredicateMismatch)
def method_not_allowed(exc, request):
    """The address exists, but no view of it wants this request: all that our views ask for is a method."""
    methods = set(_methods(request))
    return answer(request, 405, headers={"Allow": ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))})


@exception_view_config(context=BadCSRFToken)
@exception_view_config(context=BadCSRFOrigin)
def bad_csrf(exc, request):
    return answer(request, 400, "The form's security token is missing or too old. Reload the page and try again.")


@exception_view_config(context=OperationalError)
@exception_view_config(context=InterfaceError)
@exception_view_config(context=PoolTimeoutError)
@exception_view_config(context=StaleDataError)
@exception_view_config(context=LogUnavailable)
def unavailable(exc, request):
    """The database is away, locked or contended."""
    if not will_be_retried(request, exc):
        # One line, for there is one for each request while it lasts; the first line of the driver's is what tells.
        cause = str(getattr(exc, "orig", None) or exc).strip().partition("\n")[0]
        log.error("%s %s: %s: %s", request.method, _path(request), type(exc).__name__, cause)
    return answer(request, 503, headers={"Retry-After": RETRY_AFTER_S})


@exception_view_config(context=Exception)
def unexpected(exc, request):
    if not will_be_retried(request, exc):
        log.error("%s %s", request.method, _path(request), exc_info=exc)
    return answer(request, 500)


def answer(request, status, detail=None, *, headers=(), **members):
    """Return the response of an error. `detail` is a sentence for the person, `members` are for programs."""
    detail = detail or SENTENCES.get(status) or status_map[status].explanation
    if request.is_api:
        return problem(status, detail, headers=headers, **members)
    if status == 401:       # the way in, at the very address that was asked for
        response = render_to_response(login.LOGIN, login.form(login.page_asked_for(request)), request=request)
    else:
        response = render_to_response(ERROR, {"status": status, "title": status_map[status].title, "detail": detail}, request=request)
    response.status_int = status
    response.headers.update(headers)
    return response


def will_be_retried(request, exc):
    """Tell whether pyramid_retry will throw the answer away and run the request again."""
    if is_last_attempt(request):
        return False
    try:
        return is_error_retryable(request, exc) or request.tm.get().isRetryableError(exc)
    except NoTransaction:       # after the commit, where tm.TransactionManager has marked what is retryable
        return False


def _methods(request):
    """The methods that the views of the matched route take."""
    views = request.registry.introspector.get_category("views") or ()
    wanted = [view["introspectable"] for view in views if view["introspectable"].get("route_name") == request.matched_route.name]
    for methods in (view.get("request_methods") or () for view in wanted):
        yield from [methods] if isinstance(methods, str) else methods


def _path(request):
    return ascii(request.environ.get("PATH_INFO", ""))[1:-1]


def includeme(config):
    config.scan(__name__)
