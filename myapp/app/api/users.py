"""/api/users: the users as JSON."""
import sqlalchemy as sa
from pyramid.response import Response
from pyramid.view import view_config, view_defaults

from myapp.app.contexts import EDIT_USERS, VIEW, UsersContext
from myapp.app.models import User
from myapp.app.users import Users, get_user, user_id

from .body import read_object
from .listing import listing


@view_defaults(route_name="api_users", renderer="json")
class ApiUsers:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return listing(self.request, sa.select(User))

    @view_config(request_method="POST", permission=EDIT_USERS)
    def create(self):
        user = Users.of(self.request).create(read_object(self.request))
        self.request.response.status_int = 201
        self.request.response.location = self.request.route_path("api_user", id=user.id)
        return user.as_dict()


@view_defaults(route_name="api_user", renderer="json")
class ApiUser:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return get_user(self.request).as_dict()

    @view_config(request_method="PUT", permission=EDIT_USERS)
    def change(self):
        return Users.of(self.request).change(user_id(self.request), read_object(self.request)).as_dict()

    @view_config(request_method="DELETE", permission=EDIT_USERS)
    def delete(self):
        Users.of(self.request).delete(get_user(self.request))
        return Response(status=204)


def includeme(config):
    config.add_route("api_users", "/api/users", factory=UsersContext)
    config.add_route("api_user", "/api/users/{id:[0-9]{1,18}}", factory=UsersContext)
    config.scan(__name__)
