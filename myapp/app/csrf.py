"""CSRF: what a browser sends by itself, it must not send for a page of somebody else.

The token of a session is in its row. Where there is no session it is in a cookie of its own, so that a form for the anonymous
leaves no row behind.
"""
import hmac

from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.exceptions import BadCSRFOrigin
from pyramid.interfaces import ICSRFStoragePolicy
from zope.interface import implementer

from .security import is_bearer, known_identity

# Routes that need the token from everybody, or another site could sign a browser in as somebody it knows.
ALWAYS_CHECKED = {"login"}
OWN_SITES = {"same-origin", "none"}


@implementer(ICSRFStoragePolicy)
class StoragePolicy:
    """Pyramid's ICSRFStoragePolicy. Any security policy: only of ours does an identity have a token."""

    def __init__(self):
        self._by_https = {is_https: CookieCSRFStoragePolicy(cookie_name="csrf_token", httponly=True, samesite="Lax", secure=is_https)
                          for is_https in (True, False)}

    def new_csrf_token(self, request):
        """Return a new token, or that of the session, which is new with each sign-in."""
        return _of_session(request) or self._cookie(request).new_csrf_token(request)

    def get_csrf_token(self, request):
        return _of_session(request) or self._cookie(request).get_csrf_token(request)

    def check_csrf_token(self, request, supplied_token):
        expected = _of_session(request)
        if expected is None:
            return self._cookie(request).check_csrf_token(request, supplied_token)
        return hmac.compare_digest(expected.encode(), supplied_token.encode(errors="backslashreplace"))

    def _cookie(self, request):
        return self._by_https[request.scheme == "https"]


def needs_token(request):
    """Callback of the check of unsafe requests. Raises BadCSRFOrigin when a browser says that another site's page sends it."""
    if is_bearer(request):
        return False
    _insist_on_own_site(request)
    # A cookie of any kind, even one of which nothing was left: requests.py drops what is no cookie.
    return "HTTP_COOKIE" in request.environ or request.matched_route.name in ALWAYS_CHECKED


def _insist_on_own_site(request):
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is not None and origin.lower() != request.host_url.lower():
        raise BadCSRFOrigin("the Origin is not this application's own")
    if site is not None and site not in OWN_SITES:
        raise BadCSRFOrigin("Sec-Fetch-Site tells of another site")


def _of_session(request):
    """The token in the row of the session; None where there is none. An error page asks nobody who the viewer is."""
    identity = known_identity(request) if getattr(request, "exception", None) is not None else request.identity
    return identity and identity.csrf_token


def includeme(config):
    config.set_csrf_storage_policy(StoragePolicy())
    config.set_default_csrf_options(require_csrf=True, check_origin=False, callback=needs_token)
