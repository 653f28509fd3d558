"""Rights: whether those who have opened streams may still have them, asked of the application's security policy.

A policy that knows sessions is asked about hundreds of them at once. It has these methods besides those of ISecurityPolicy:

    session_id(request)                              text that names what the identity rests on; None for the anonymous
    identities(request, session_ids)                 {session id: identity}, None for one that has expired, without those that are no more
    identity_permits(identity, context, permission)  what `permits` says for a request of that identity, which may be None

Any other policy is asked with a request for each owner, made anew of the headers by which the opening one was identified.
"""
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from pyramid.interfaces import ISecurityPolicy

from .errors import TopicsRefused
from .publish import blank_request
from .topics import READ

# Of a WSGI environment, what identifies nobody and may differ from one request of a client to the next.
PASSING = {"HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE", "HTTP_CACHE_CONTROL", "HTTP_CONNECTION", "HTTP_LAST_EVENT_ID",
           "HTTP_PRAGMA", "HTTP_REFERER", "HTTP_SEC_WEBSOCKET_EXTENSIONS", "HTTP_SEC_WEBSOCKET_KEY", "HTTP_SEC_WEBSOCKET_VERSION",
           "HTTP_UPGRADE", "HTTP_USER_AGENT"}
KEPT = {"AUTH_TYPE", "REMOTE_ADDR", "REMOTE_USER", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme"}


class Owner(NamedTuple):
    """The credential behind streams, the same for all streams of one session."""
    userid: str | None                          # as `request.authenticated_userid` says it
    session: str | None = None                  # as the policy's `session_id` says it
    environ: tuple[tuple[str, str], ...] = ()   # by what a request of this owner is identified, where the policy knows no sessions


class Ending(NamedTuple):
    """Why an owner's streams must end: all of them, or those that see one of `topics`."""
    reason: str                     # revoked, expired
    topics: tuple[str, ...] = ()


def owner_of(request):
    """Return the Owner of what `request` opens. Reads the database as the policy does."""
    policy = request.registry.queryUtility(ISecurityPolicy)
    if policy is None:
        return Owner(None)
    if hasattr(policy, "session_id"):
        return Owner(request.authenticated_userid, policy.session_id(request))
    return Owner(request.authenticated_userid, None, identifying(request.environ))


class Rights:
    """Any thread."""

    def __init__(self, registry, topics):
        """topics: the Topics (topics.py)."""
        self._registry, self._topics = registry, topics

    def lost(self, owners):
        """Return {owner: Ending} of those of `owners`, {Owner: its topics}, that have lost their right, or a part of it.

        One transaction, which is rolled back. Raises what the policy and the contexts' factories raise.
        """
        policy = self._registry.queryUtility(ISecurityPolicy)
        if policy is None or not owners:
            return {}
        if hasattr(policy, "session_id"):
            with self._request() as request:
                endings = self._of_sessions(request, policy, owners)
        else:
            endings = {owner: self._of_request(owner, names) for owner, names in owners.items()}
        return {owner: ending for owner, ending in endings.items() if ending}

    def _of_sessions(self, request, policy, owners):
        identities = policy.identities(request, {owner.session for owner in owners if owner.session is not None})
        context_of = cache(lambda name: self._topics.context(request, name))    # one of each topic, however many see it
        return {owner: self._of_session(policy, owner, names, identities, context_of) for owner, names in owners.items()}

    def _of_session(self, policy, owner, names, identities, context_of):
        identity = identities.get(owner.session)
        if identity is None and owner.session is not None:
            return Ending("expired" if owner.session in identities else "revoked")
        unknown, forbidden = self._topics.refused(
            names, READ, context_of=context_of,
            permits=lambda context, permission: policy.identity_permits(identity, context, permission))
        return _ending(unknown + forbidden)

    def _of_request(self, owner, names):
        with self._request(owner.environ) as request:
            if request.authenticated_userid != owner.userid:
                return Ending("revoked")
            try:
                self._topics.authorize(request, READ, names)
            except TopicsRefused as refusal:
                return _ending(refusal.topics)
            return None

    @contextmanager
    def _request(self, environ=()):
        """A request in a transaction of its own, where there are any, which leaves nothing behind."""
        with blank_request(self._registry, environ=dict(environ)) as request:
            tm = getattr(request, "tm", None)
            if tm is None:
                yield request
                return
            tm.begin()
            try:
                yield request
            finally:
                tm.abort()


def _ending(topics):
    return Ending("revoked", tuple(sorted(topics))) if topics else None


def identifying(environ):
    """Return what of a WSGI environment a request of the same owner needs, pairs of texts."""
    return tuple(sorted((name, value) for name, value in environ.items()
                        if isinstance(value, str) and name not in PASSING and (name in KEPT or name.startswith("HTTP_"))))
