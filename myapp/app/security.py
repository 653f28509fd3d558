"""The security policy: who asks, and whether he may.

An identity is found by a bearer token, by the session of a cookie, or by `myapp.auto_login`; that of a display by the key in a cookie
of its own, and only for the display's page and the events that this page asks for: a person may use the same browser. For a request
that may write it is read in a transaction of its own that is over at once: on SQLite such a request must not hold the only lock
while it does something else first.
"""
import logging
from contextlib import contextmanager
from functools import partial

import sqlalchemy as sa
from pyramid.authorization import ACLDenied, ACLHelper
from pyramid.interfaces import ISecurityPolicy
from pyramid.request import RequestLocalCache
from sqlalchemy.exc import SQLAlchemyError
from webob.cookies import make_cookie

from myapp.db import READING_METHODS
from myapp.realtime import viewer_name

from . import identity_queries, scopes
from .audit import Action
from .auto_login import comes_from_own_browser
from .contexts import EDIT_ROWS, EDIT_USERS, Root, RowsContext, UserContext
from .credentials import Credentials, lock_account
from .errors import NotAllowed, NotSignedIn, SignInRefused
from .identity import AUTO, DISPLAY, SESSION, TOKEN, principals
from .models import Role
from .requests import is_below

log = logging.getLogger(__name__)

COOKIE, DISPLAY_COOKIE = "session", "display"
BEARER = "bearer "


class SecurityPolicy:
    """Pyramid's ISecurityPolicy: the identity is an Identity or None, found once a request. And what myapp.realtime asks of one."""

    def __init__(self, terms, auto_login):
        """terms: the Terms of credentials; auto_login: name or e-mail of the account of requests from this machine, or None."""
        self._terms, self._auto_login = terms, auto_login
        self._identity = RequestLocalCache(self._find)
        self._acl = ACLHelper()

    def identity(self, request):
        return self._identity.get_or_create(request)

    def known_identity(self, request):
        """The identity if this request has asked for it already, else None: for error pages, which must not need the database."""
        return self._identity.get(request, None)

    def authenticated_userid(self, request):
        identity = self.identity(request)
        return identity and identity.userid

    def permits(self, request, context, permission):
        return self.identity_permits(self.identity(request), context, permission)

    def remember(self, request, userid, **options):
        """Start a session of the account, always a new one: what the browser had before ends. Raises SignInRefused."""
        user = lock_account(request.dbsession, int(userid))
        if user is None:    # deleted while its password was looked at
            raise SignInRefused()
        self._end_session(request)
        _, secret = Credentials.of(request).start_session(user, address=request.remote_addr, agent=request.user_agent)
        request.audit(Action.SIGN_IN, user=user)
        return _set_cookie(request, secret)

    def forget(self, request, **options):
        """End the session of this browser."""
        self._end_session(request)
        return _set_cookie(request, None)

    def sign_in_id(self, request):
        """Return what names the sign-in, a text to be hashed, for pages; None for the anonymous."""
        identity = self.identity(request)
        return identity and _sign_in_id(identity)

    # For the re-check of open streams

    def session_id(self, request):
        """Return what names the credential that the request rests upon, a text; None for the anonymous."""
        identity = self.identity(request)
        return identity and identity.credential

    def identities(self, request, session_ids):
        """Return {session id: Identity, or None when it has expired}, without those that are no more.

        One statement, and another one when there are displays. That these are looked at is written down.
        """
        connection = request.dbsession.connection()
        displays, due = identity_queries.of_displays(connection, session_ids)
        found = self._present(connection, session_ids) | displays
        request.present_users = {identity.id for identity in found.values() if identity}    # see contexts.is_account
        request.present_displays = {identity.slug for identity in displays.values()}
        if due:
            _write_afterwards(request, "displays were seen", identity_queries.write_displays_seen, due)
        return found

    def identity_permits(self, identity, context, permission):
        """Return what `permits` does for a request of this identity, which may be None."""
        if identity is not None and scopes.is_limited(identity.scopes):
            if not scopes.permit(identity.scopes, getattr(context, "topic", None), permission):
                return ACLDenied("<scopes>", None, permission, list(identity.scopes), context)
        return self._acl.permits(context, principals(identity) + _local_principals(context, identity), permission)

    # How an identity is found, and its session ended

    def _present(self, connection, credentials):
        """As `identities`, of the ids of credentials."""
        found = identity_queries.of_credentials(connection, self._terms, credentials)
        if AUTO in credentials and self._auto_login and (identity := identity_queries.of_account(connection, self._auto_login)):
            found[AUTO] = identity
        return found

    def _find(self, request):
        identity, dbsession = self._look_for(request), request.dbsession
        if identity is not None and request.method not in READING_METHODS and not dbsession.in_transaction():
            # A request that writes may have waited for the writes of others, that took away the right to do so.
            sa.event.listen(dbsession, "after_begin", lambda session, begun, connection: self._confirm(connection, identity), once=True)
        return identity

    def _confirm(self, connection, identity):
        """Raise NotSignedIn or NotAllowed when an Identity is not any more what it was."""
        present = self._present(connection, {identity.credential}).get(identity.credential)
        if present is None:
            raise NotSignedIn()
        if (present.role, present.scopes) != (identity.role, identity.scopes):
            raise NotAllowed("Your role was changed at this very moment.")

    def _look_for(self, request):
        if is_bearer(request):      # then it alone counts: who sends a token means to act as its account, or as nobody
            return self._find_by_secret(request, TOKEN, request.headers["Authorization"][len(BEARER):].strip())
        if identity := self._find_display(request):
            return identity
        if secret := request.cookies.get(COOKIE):
            if identity := self._find_by_secret(request, SESSION, secret):
                return identity
        if self._auto_login and comes_from_own_browser(request.environ):
            with reading(request) as connection:
                return identity_queries.of_account(connection, self._auto_login)
        return None

    def _find_by_secret(self, request, kind, secret):
        with reading(request) as connection:
            identity, is_use_due = identity_queries.of_secret(connection, self._terms, kind, secret)
        if is_use_due and not _is_stream(request):
            _write_afterwards(request, f"credential {identity.credential} was used", identity_queries.write_seen, int(identity.credential))
        return identity

    def _find_display(self, request):
        """The display whose key the browser has, where it is the display that asks."""
        key = request.cookies.get(DISPLAY_COOKIE)
        if not key or request.method not in READING_METHODS or not (_is_stream(request) or is_below(request, "/displays")):
            return None
        with reading(request) as connection:
            identity, is_use_due = identity_queries.of_display_key(connection, self._terms, key)
        if identity is None or not _asks(identity, request):
            return None
        if is_use_due:
            number = int(identity.credential.split(":")[1])
            _write_afterwards(request, "a display was seen", identity_queries.write_displays_seen, [number])
        return identity

    def _end_session(self, request):
        """End that of the cookie, unless the request was made by a token: then the cookie counts for nothing."""
        if is_bearer(request):
            return
        credentials = Credentials.of(request)
        if session := credentials.of_secret(SESSION, request.cookies.get(COOKIE, "")):
            credentials.forget(session)


def is_bearer(request):
    """Tell whether a program says by a header who it is. No page of another site can make a browser send one."""
    return request.headers.get("Authorization", "").lower().startswith(BEARER)


@contextmanager
def reading(request):
    """Gives a connection to read from: that of the request's transaction if it only reads or has begun, else one for this alone."""
    own = request.dbsession
    if request.method in READING_METHODS or own.in_transaction():   # a second connection might have to wait for who waits for ours
        yield own.connection()
        return
    with request.registry["dbsession_readers"]() as dbsession:
        yield dbsession.connection()


def _is_stream(request):
    """An open stream or a poll is no activity, or a page left open would never be signed out."""
    return is_below(request, "/events")


def note_display(request, id, build):
    """Write down, once the request is over, that the display of this id has got a page of this build."""
    _write_afterwards(request, "a display was seen", partial(identity_queries.write_displays_seen, build=build), [id])


def _sign_in_id(identity):
    return f"{identity.id} {identity.credential} {identity.key_hash if identity.kind == DISPLAY else identity.csrf_token}"


def _asks(display, request):
    """Whether a request of the browser that has the key is the display's own, and not that of a person who is signed in there."""
    if not _is_stream(request):
        return request.environ.get("PATH_INFO") == f"/displays/{display.slug}"
    claimed = request.GET.get("viewer")     # in whose name the page asks
    return COOKIE not in request.cookies if claimed is None else claimed == viewer_name(_sign_in_id(display))


def _write_afterwards(request, what, write, *arguments):
    """Call write(session, *arguments) in a transaction of its own, once the request is over."""
    session_factory = request.registry["dbsession_factory"]
    request.add_finished_callback(lambda request: _write(session_factory, what, write, arguments))


def _write(session_factory, what, write, arguments):
    try:
        with session_factory.begin() as dbsession:
            write(dbsession, *arguments)
    except SQLAlchemyError as error:
        log.warning("that %s cannot be written (%s); it may count as gone too early", what, type(error).__name__)


def _local_principals(context, identity):
    find = getattr(context, "local_principals", None)
    return find(identity) if find else []


def _set_cookie(request, secret):
    """The headers that set the cookie, or delete it when there is no secret. It lasts as long as the browser runs."""
    return [("Set-Cookie", make_cookie(COOKIE, secret, path="/", secure=request.scheme == "https", httponly=True, samesite="Lax"))]


# What pages need to know of the viewer, whichever policy there is

def viewer(request):
    """Request property. What the layout needs to know of the person, plain values; None for the anonymous."""
    return _as_viewer(request, request.identity)


def known_viewer(request):
    """Request property. The viewer, or None where finding out might take the database."""
    return _as_viewer(request, known_identity(request))


def known_identity(request):
    """The identity, if the policy can say without asking anybody; else None."""
    policy = request.registry.queryUtility(ISecurityPolicy)
    return policy.known_identity(request) if hasattr(policy, "known_identity") else None


def _as_viewer(request, identity):
    if identity is not None and identity.kind == DISPLAY:   # is no person, to whom a page could tell anything
        return None
    return identity and {"id": identity.id, "name": identity.name, "topic": UserContext.pattern.format(id=identity.id),
                         "is_admin": identity.role == Role.ADMIN, "is_auto": identity.kind == AUTO,
                         "may_edit_users": bool(request.has_permission(EDIT_USERS, Root(request))),
                         "may_edit_rows": bool(request.has_permission(EDIT_ROWS, RowsContext(request)))}


def includeme(config):
    config.set_root_factory(Root)
    config.add_request_method(viewer, reify=True)
    config.add_request_method(known_viewer, property=True)
    config.set_security_policy(SecurityPolicy(config.registry["myapp.terms"], config.registry["myapp.settings"]["auto_login"]))
