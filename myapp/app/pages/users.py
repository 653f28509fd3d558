"""/users: the live table, and the forms New, Edit and Delete; in a dialog with JavaScript, as plain pages without."""
import sqlalchemy as sa
from pyramid.view import view_config, view_defaults

from myapp.app.contexts import EDIT_USERS, VIEW
from myapp.app.errors import Refusal
from myapp.app.models import Role, User
from myapp.app.topics import USERS
from myapp.app.users import Users, get_user, user_id

from .forms import done, typed_fields

MOST_ROWS = 200     # of the table: some 100 kB of HTML
FORM = "myapp.app:templates/users/form.jinja2"
DELETE = "myapp.app:templates/users/delete.jinja2"
FIELDS = ("name", "email", "role", "password", "version")


@view_config(route_name="users", request_method="GET", permission=VIEW, renderer="myapp.app:templates/users/list.jinja2")
def read(request):
    cursor = request.realtime.cursor()      # before the rows: an event may then come twice, never not at all
    users = request.dbsession.scalars(sa.select(User).order_by(User.id.desc()).limit(MOST_ROWS))
    total = request.dbsession.scalar(sa.select(sa.func.count(User.id)))
    return {"topic": USERS, "cursor": cursor, "items": [user.as_dict() for user in users], "total": total}


@view_defaults(route_name="users_new", permission=EDIT_USERS, renderer=FORM)
class NewUser:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET")
    def show(self):
        return form(self.request, None, {"role": Role.MEMBER})

    @view_config(request_method="POST")
    def create(self):
        typed = typed_fields(self.request, FIELDS)
        try:
            Users.of(self.request).create(typed)
        except Refusal as refusal:
            return form(self.request, None, typed, refusal)
        return done(self.request, "users")


@view_defaults(route_name="users_edit", permission=EDIT_USERS, renderer=FORM)
class EditUser:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET")
    def show(self):
        user = get_user(self.request)
        return form(self.request, user, user.as_dict())

    @view_config(request_method="POST")
    def change(self):
        typed = typed_fields(self.request, FIELDS)
        try:
            Users.of(self.request).change(user_id(self.request), typed)
        except Refusal as refusal:
            return form(self.request, get_user(self.request), typed, refusal)
        return done(self.request, "users")


@view_defaults(route_name="users_delete", permission=EDIT_USERS, renderer=DELETE)
class DeleteUser:
    def __init__(self, request):
        self.request = request
        self.user = get_user(request)

    @view_config(request_method="GET")
    def show(self):
        return {"user": self.user.as_dict(), "problem": None}

    @view_config(request_method="POST")
    def delete(self):
        user = self.user.as_dict()
        try:
            Users.of(self.request).delete(self.user)
        except Refusal as refusal:
            self.request.response.status_int = refusal.status
            return {"user": user, "problem": str(refusal)}
        return done(self.request, "users")


def form(request, user, typed, refusal=None):
    """Return the values of the form's template. A refused form keeps what was typed, and says what is wrong, field by field.

    user   the User being edited, None for a new one; typed: {field: text}
    """
    if refusal is not None:
        request.response.status_int = refusal.status
    present = getattr(refusal, "present", None)
    return {
        "user": user and user.as_dict(),
        "typed": {field: typed.get(field, "") for field in FIELDS if field != "password"},
        "version": (present or typed).get("version", ""),
        "errors": getattr(refusal, "errors", {}),
        "problem": refusal and str(refusal),
        "present": {field: present[field] for field in ("name", "email", "role") if present[field] != typed.get(field)} if present else {},
        "roles": list(Role),
        "may_set_role": request.viewer["is_admin"],
        "may_set_password": request.viewer["is_admin"] or (user is not None and user.id == request.viewer["id"]),
    }


def includeme(config):
    config.add_route("users", "/users")
    config.add_route("users_new", "/users/new")
    config.add_route("users_edit", "/users/{id:[0-9]{1,18}}/edit")
    config.add_route("users_delete", "/users/{id:[0-9]{1,18}}/delete")
    config.scan(__name__)
