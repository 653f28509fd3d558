"""The viewer: who a page was made for, as a name that the page may carry, for it tells nothing to whoever reads it there.

Pages of one viewer share a connection; and what a page asks for, it asks for in the name of its viewer, so that a page of
somebody who has signed out is not answered with the rights of the next one who uses the browser.

A security policy that has this method, besides those of ISecurityPolicy, decides what is one sign-in:

    sign_in_id(request)     text that is another one for each sign-in, and hard to guess; None for the anonymous

Of any other policy it is the userid, and what `session_id` (rights.py) says where it has that.
"""
import hashlib
import json

from pyramid.interfaces import ISecurityPolicy

from .problem import problem

DIGITS = 32     # hex digits: 128 bits, no two sign-ins meet


def viewer_of(request):
    """Return the name of the sign-in that `request` rests on; None for the anonymous, of whom nobody knows whether two are one.

    Where there is no security policy, all are one. Reads the database as the policy does.
    """
    policy = request.registry.queryUtility(ISecurityPolicy)
    sign_in = "everybody" if policy is None else _sign_in(policy, request)
    return sign_in and viewer_name(sign_in)


def viewer_name(sign_in: str) -> str:
    """Return the name of a sign-in, as the parameter `viewer` has it, of what `sign_in_id` says."""
    return hashlib.sha256(f"viewer {sign_in}".encode()).hexdigest()[:DIGITS]


def check_viewer(request, query):
    """Raise 401 when the page that asks, by its parameter `viewer`, was made for somebody who is not signed in here any more."""
    claimed = query.get("viewer")
    if claimed is not None and claimed != viewer_of(request):
        raise problem(401, "the page was made for a sign-in that has ended; reload it")


def _sign_in(policy, request):
    if hasattr(policy, "sign_in_id"):
        return policy.sign_in_id(request)
    known = request.authenticated_userid, policy.session_id(request) if hasattr(policy, "session_id") else None
    return None if known == (None, None) else json.dumps(known, default=str)
