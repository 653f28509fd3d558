"""/api/sessions: where somebody is signed in, as JSON. One's own; admins also see and end those of others.

What holds for every credential is here, and used by tokens.py.
"""
import sqlalchemy as sa
from pyramid.response import Response
from pyramid.view import view_config

from myapp.app import fields
from myapp.app.contexts import MANAGE_CREDENTIALS, CredentialsContext
from myapp.app.credentials import SESSION, Credentials
from myapp.app.errors import NotFound
from myapp.app.identities import is_live
from myapp.app.models import Credential, Role, now

from .listing import listing

CASTS = {"user": fields.whole(1, 2**62)}


@view_config(route_name="api_sessions", request_method="GET", permission=MANAGE_CREDENTIALS, renderer="json")
def read(request):
    return credentials(request, SESSION)


@view_config(route_name="api_session", request_method="DELETE", permission=MANAGE_CREDENTIALS)
def end(request):
    return end_credential(request, SESSION)


def credentials(request, kind):
    """Return the list of the live credentials of a kind: one's own, or those of the user that the address names."""
    given = fields.read_fields({name: request.GET[name] for name in CASTS if name in request.GET}, CASTS)
    owner = given.get("user", request.identity.id)
    if not may_see(request.identity, owner):
        raise NotFound("There is no such user, or no longer.")
    terms = request.registry["myapp.terms"]
    wanted = sa.select(Credential).where(Credential.user_id == owner, Credential.kind == kind, is_live(terms, now()))
    answer = listing(request, wanted, since=Credential.created)
    own = getattr(request.identity, "credential", None)
    return {**answer, "items": [{**item, "is_current": str(item["id"]) == own} for item in answer["items"]]}


def end_credential(request, kind):
    """End the credential that the path names. Raises NotFound, also when it is somebody else's."""
    credential = request.dbsession.get(Credential, int(request.matchdict["id"]))
    if credential is None or credential.kind != kind or not may_see(request.identity, credential.user_id):
        raise NotFound(f"There is no such {kind}, or no longer.")
    Credentials.of(request).end(credential)
    return Response(status=204)


def may_see(identity, owner):
    return identity.id == owner or identity.role == Role.ADMIN


def includeme(config):
    config.add_route("api_sessions", "/api/sessions", factory=CredentialsContext)
    config.add_route("api_session", "/api/sessions/{id:[0-9]{1,18}}", factory=CredentialsContext)
    config.scan(__name__)
