"""/api/sessions: where somebody is signed in, as JSON. One's own; admins also see and end those of others.

What holds for every credential is here, and used by tokens.py.
"""
from pyramid.response import Response
from pyramid.view import view_config

from myapp.app import fields
from myapp.app.contexts import MANAGE_CREDENTIALS, CredentialsContext
from myapp.app.credentials import Credentials, live
from myapp.app.errors import NotFound
from myapp.app.identity import SESSION
from myapp.app.models import Credential, Role

from .listing import listing

CASTS = {"user": fields.whole(1, 2**62)}


@view_config(route_name="api_sessions", request_method="GET", permission=MANAGE_CREDENTIALS, renderer="json")
def read(request):
    return list_credentials(request, SESSION)


@view_config(route_name="api_session", request_method="DELETE", permission=MANAGE_CREDENTIALS)
def end(request):
    return end_credential(request, SESSION)


def list_credentials(request, kind):
    """Return the list of the live credentials of a kind: one's own, or those of the user that the address names."""
    user_id = fields.read_known(request.GET, CASTS).get("user", request.identity.id)
    if not may_see(request.identity, user_id):
        raise NotFound("There is no such user, or no longer.")
    answer = listing(request, live(request.registry["myapp.terms"], user_id, kind), since=Credential.created)
    own = request.identity.credential
    return {**answer, "items": [{**item, "is_current": str(item["id"]) == own} for item in answer["items"]]}


def end_credential(request, kind):
    """End the credential that the path names. Raises NotFound, also when it is somebody else's."""
    credential = request.dbsession.get(Credential, int(request.matchdict["id"]))
    if credential is None or credential.kind != kind or not may_see(request.identity, credential.user_id):
        raise NotFound(f"There is no such {kind}, or no longer.")
    Credentials.of(request).end(credential)
    return Response(status=204)


def may_see(identity, user_id):
    """Tell whether an Identity may see and end the credentials of an account."""
    return identity.id == user_id or identity.role == Role.ADMIN


def includeme(config):
    config.add_route("api_sessions", "/api/sessions", factory=CredentialsContext)
    config.add_route("api_session", "/api/sessions/{id:[0-9]{1,18}}", factory=CredentialsContext)
    config.scan(__name__)
