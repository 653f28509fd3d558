"""/api/me: who one is, and upon what that rests."""
import sqlalchemy as sa
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from myapp.app.errors import NotSignedIn
from myapp.app.models import User
from myapp.app.scopes import is_limited


@view_config(route_name="api_me", request_method="GET", permission=NO_PERMISSION_REQUIRED, renderer="json")
def read(request):
    """A token with scopes is not told the e-mail."""
    identity = request.identity
    if identity is None:
        raise NotSignedIn()
    me = {"id": identity.id, "name": identity.name, "role": identity.role, "credential": identity.kind, "scopes": identity.scopes}
    if not is_limited(identity.scopes):
        me["email"] = request.dbsession.scalar(sa.select(User.email).where(User.id == identity.id))
    return me


def includeme(config):
    config.add_route("api_me", "/api/me")
    config.scan(__name__)
