"""/api/tokens: the tokens by which programs sign in, as JSON. The secret of one is shown once, in the answer that makes it."""
from pyramid.httpexceptions import HTTPForbidden
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.contexts import MANAGE_CREDENTIALS, CredentialsContext
from myapp.app.credentials import Credentials, lock_account
from myapp.app.errors import NotAToken, NotSignedIn
from myapp.app.identity import TOKEN
from myapp.app.models import Credential
from myapp.app.sign_in import SignIn

from .body import read_object
from .sessions import end_credential, list_credentials


def unread(value):
    """A cast for what SignIn and Credentials read themselves: here it is only said which fields there are."""
    return value


CASTS = dict.fromkeys(("username", "password", "name", "scopes"), unread)


@view_defaults(route_name="api_tokens", renderer="json")
class ApiTokens:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=MANAGE_CREDENTIALS)
    def read(self):
        return list_credentials(self.request, TOKEN)

    @view_config(request_method="POST", permission=NO_PERMISSION_REQUIRED)
    def make(self):
        """For the account whose name and password the body has, or else for whoever is signed in."""
        given = fields.read_fields(read_object(self.request), CASTS)
        user = self.user(given)
        token, secret = Credentials.of(self.request).make_token(
            user, name=given.get("name"), scopes=given.get("scopes"), address=self.request.remote_addr, agent=self.request.user_agent)
        self.request.response.status_int = 201
        return {"id": token.id, "token": secret, "name": token.name, "scopes": token.scopes}

    def user(self, given):
        """Return the User for whom, locked. Raises what SignIn does; HTTPForbidden or NotSignedIn when nobody may be meant."""
        if "username" in given or "password" in given:
            return SignIn.of(self.request).check(given.get("username"), given.get("password"))
        if not self.request.has_permission(MANAGE_CREDENTIALS):
            raise HTTPForbidden()
        user = lock_account(self.request.dbsession, self.request.identity.id)
        if user is None:
            raise NotSignedIn()
        return user


@view_config(route_name="api_token", request_method="DELETE", permission=MANAGE_CREDENTIALS)
def end(request):
    return end_credential(request, TOKEN)


@view_config(route_name="api_token_current", request_method="DELETE", permission=NO_PERMISSION_REQUIRED)
def end_current(request):
    """The token with which the request was made, whatever its scopes."""
    if request.identity is None:
        raise NotSignedIn()
    if request.identity.kind != TOKEN:
        raise NotAToken()
    token = request.dbsession.get(Credential, int(request.identity.credential))
    if token is not None:       # else somebody else was quicker
        Credentials.of(request).end(token)
    return Response(status=204)


def includeme(config):
    config.add_route("api_tokens", "/api/tokens", factory=CredentialsContext)
    config.add_route("api_token_current", "/api/tokens/current", factory=CredentialsContext)
    config.add_route("api_token", "/api/tokens/{id:[0-9]{1,18}}", factory=CredentialsContext)
    config.scan(__name__)
