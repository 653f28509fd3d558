"""The security policy: who asks, and whether he may.

Until there is a sign-in, the only identity is that of `myapp.auto_login`: development on one's own machine.
"""
import sqlalchemy as sa
from pyramid.authorization import ACLHelper
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import RequestLocalCache

from .auto_login import comes_from_own_browser
from .contexts import EDIT_USERS, Root
from .identity import Identity, principals
from .models import Role, User


class SecurityPolicy:
    """Pyramid's ISecurityPolicy: the identity is an Identity or None, found once a request."""

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
        identity = self.identity(request)
        return identity and str(identity.id)

    def permits(self, request, context, permission):
        return self._acl.permits(context, principals(self.identity(request)), permission)

    def remember(self, request, userid, **options):
        return []

    def forget(self, request, **options):
        return []

    def _find(self, request):
        if self._auto_login is None or not comes_from_own_browser(request.environ):
            return None
        user = request.dbsession.scalars(
            sa.select(User).where(sa.or_(User.name == self._auto_login, User.email == self._auto_login)).order_by(User.id).limit(1)).first()
        return user and Identity(user.id, user.name, user.role, "auto")


def carries_cookie(request):
    """Tell whether a request could act for somebody without his knowing: a browser adds cookies by itself, a program does not."""
    return "HTTP_COOKIE" in request.environ     # even one of which nothing was left: requests.py drops what is no cookie


def viewer(request):
    """Request property. What the layout needs to know of the person, plain values; None for the anonymous."""
    return _as_viewer(request, request.identity)


def known_viewer(request):
    """Request property. The viewer, or None where finding out would take the database."""
    return _as_viewer(request, request.registry.getUtility(ISecurityPolicy).known_identity(request))


def _as_viewer(request, identity):
    return identity and {"id": identity.id, "name": identity.name, "is_admin": identity.role == Role.ADMIN,
                         "may_edit_users": bool(request.has_permission(EDIT_USERS, Root(request)))}


def includeme(config):
    config.set_root_factory(Root)
    config.add_request_method(viewer, reify=True)
    config.add_request_method(known_viewer, property=True)
    config.set_security_policy(SecurityPolicy(config.registry["myapp.settings"]["auto_login"]))
    # In a cookie of its own, so that an anonymous form leaves no row behind.
    config.set_csrf_storage_policy(CookieCSRFStoragePolicy(cookie_name="csrf_token", httponly=True, samesite="Lax"))
    config.set_default_csrf_options(require_csrf=True, callback=carries_cookie)
