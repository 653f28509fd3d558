"""Who asks, and what each role may do.

Until there is a sign-in, the only identity is that of `myapp.auto_login`: development on one's own machine.
"""
import ipaddress
import logging
import re

import sqlalchemy as sa
from pyramid.authorization import ALL_PERMISSIONS, ACLHelper, Allow, Everyone
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import RequestLocalCache

from .models import Role, User
from .settings import LOOPBACK_NAMES, is_loopback

log = logging.getLogger(__name__)

VIEW = "view"               # see users, and all else that is not public
EDIT_USERS = "edit_users"   # create, change and delete users; what only admins may do within that is in users.py


class Root:
    """The context of every view: who has which permission."""

    __acl__ = [
        (Allow, f"role:{Role.ADMIN}", ALL_PERMISSIONS),
        (Allow, f"role:{Role.EDITOR}", (VIEW, EDIT_USERS)),
        (Allow, f"role:{Role.MEMBER}", VIEW),
    ]

    def __init__(self, request):
        pass


class SecurityPolicy:
    """Pyramid's ISecurityPolicy: the identity is a User or None, found once a request."""

    def __init__(self, auto_login):
        """auto_login: name or e-mail of the account of requests from this machine, or None."""
        self._auto_login = auto_login
        self._identity = RequestLocalCache(self._find)
        self._acl = ACLHelper()

    def identity(self, request):
        return self._identity.get_or_create(request)

    def known_identity(self, request):
        """The identity if this request has asked for it already, else None: for error pages, which must not need the database."""
        return self._identity.get(request, None)

    def authenticated_userid(self, request):
        user = self.identity(request)
        return user and str(user.id)

    def permits(self, request, context, permission):
        return self._acl.permits(context, self._principals(request), permission)

    def remember(self, request, userid, **options):
        return []

    def forget(self, request, **options):
        return []

    def _principals(self, request):
        user = self.identity(request)
        return [Everyone] if user is None else [Everyone, f"user:{user.id}", f"role:{user.role}"]

    def _find(self, request):
        if self._auto_login is None or not comes_from_own_browser(request.environ):
            return None
        return request.dbsession.scalars(
            sa.select(User).where(sa.or_(User.name == self._auto_login, User.email == self._auto_login)).order_by(User.id).limit(1)).first()


def comes_from_own_browser(environ):
    """Tell whether a WSGI request was made on this machine, to this machine's own name, and not by another site's page.

    The Host is checked because a foreign name may resolve to 127.0.0.1 (DNS rebinding), Origin and Sec-Fetch-Site because
    a foreign page in one's own browser may send requests here.
    """
    host, scheme = environ.get("HTTP_HOST", ""), environ["wsgi.url_scheme"]
    return (
        _is_loopback_ip(environ.get("REMOTE_ADDR", ""))
        and _hostname(host) in LOOPBACK_NAMES
        and environ.get("HTTP_ORIGIN", f"{scheme}://{host}") == f"{scheme}://{host}"
        and environ.get("HTTP_SEC_FETCH_SITE", "none") in {"same-origin", "none"}
    )


def _is_loopback_ip(address):
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return is_loopback(address)


def _hostname(host):
    """The name in a Host header, None when there is more in it than a name and a port."""
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::[0-9]{1,5})?", host.lower(), re.ASCII)
    return match and (match[1] or match[2])


def carries_cookie(request):
    """Tell whether a request could act for somebody without his knowing: a browser adds cookies by itself, a program does not."""
    return "HTTP_COOKIE" in request.environ     # even one of which nothing was left: requests.py drops what is no cookie


def viewer(request):
    """Request property. What the layout needs to know of the person, plain values; None for the anonymous."""
    return _as_viewer(request, request.identity)


def known_viewer(request):
    """Request property. The viewer, or None where finding out would take the database."""
    return _as_viewer(request, request.registry.getUtility(ISecurityPolicy).known_identity(request))


def _as_viewer(request, user):
    return user and {"id": user.id, "name": user.name, "is_admin": user.role == Role.ADMIN,
                     "may_edit_users": bool(request.has_permission(EDIT_USERS, Root(request)))}


def includeme(config):
    auto_login = config.registry["myapp.settings"]["auto_login"]
    config.set_root_factory(Root)
    config.add_request_method(viewer, reify=True)
    config.add_request_method(known_viewer, property=True)
    config.add_request_method(lambda request: bool(auto_login), "is_auto_login", property=True)
    config.set_security_policy(SecurityPolicy(auto_login))
    # In a cookie of its own, so that an anonymous form leaves no row behind.
    config.set_csrf_storage_policy(CookieCSRFStoragePolicy(cookie_name="csrf_token", httponly=True, samesite="Lax"))
    config.set_default_csrf_options(require_csrf=True, callback=carries_cookie)
    if auto_login:
        log.warning("myapp.auto_login = %s: requests from this machine are signed in without a password; for development only", auto_login)
