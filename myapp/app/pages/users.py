"""The forms of users: New, Edit and Delete; in a dialog with JavaScript, as plain pages without. Their table: user_list.py."""
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.acts import VERSION
from myapp.app.contexts import EDIT_USERS
from myapp.app.errors import NotFound, Refusal, Stale
from myapp.app.models import Role
from myapp.app.users import Users, get_user, user_id

from .forms import done, refused, typed_fields

FORM = "myapp.app:templates/users/form.jinja2"
DELETE = "myapp.app:templates/users/delete.jinja2"
FIELDS = ("name", "email", "role", "password", "version")


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


@view_defaults(route_name="users_meanwhile", permission=EDIT_USERS)
class Meanwhile:
    """What has become of a user since somebody opened the form: a line that says so, and the form with both values."""

    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", renderer="myapp.app:templates/users/meanwhile.jinja2")
    def tell(self):
        version = fields.read_fields(self.request.GET, {"version": VERSION}, required=("version",))["version"]
        try:
            user = get_user(self.request)
        except NotFound:
            return {"user": None}
        return {"user": user.as_dict(), "by": user.changed_by, "is_changed": user.version != version}

    @view_config(request_method="POST", renderer=FORM)
    def show(self):
        """As if the form had been saved and refused; nothing is."""
        user = get_user(self.request)
        values = form(self.request, user, typed_fields(self.request, FIELDS), Stale(user.as_dict()))
        self.request.response.status_int = 200
        return values


@view_defaults(route_name="users_delete", permission=EDIT_USERS, renderer=DELETE)
class DeleteUser:
    def __init__(self, request):
        self.request = request
        self.user = get_user(request)

    @view_config(request_method="GET")
    def show(self):
        return self.form(self.user.as_dict())

    @view_config(request_method="POST")
    def delete(self):
        user = self.user.as_dict()
        try:
            Users.of(self.request).delete(self.user)
        except Refusal as refusal:
            return self.form(user, refusal)
        return done(self.request, "users")

    def form(self, user, refusal=None):
        return {"user": user, **refused(self.request, refusal)}


def form(request, user, typed, refusal=None):
    """Return the values of the form's template. A refused form keeps what was typed, and says what is wrong, field by field.

    user   the User being edited, None for a new one; typed: {field: text}
    """
    present = getattr(refusal, "present", None)
    return {
        "user": user and user.as_dict(),
        "typed": {field: typed.get(field, "") for field in FIELDS if field != "password"},
        "version": (present or typed).get("version", ""),
        **refused(request, refusal),
        "present": {field: present[field] for field in ("name", "email", "role") if present[field] != typed.get(field)} if present else {},
        "by": user.changed_by if present else "",
        "roles": list(Role),
        "may_set_role": request.viewer["is_admin"],
        "may_set_password": request.viewer["is_admin"] or (user is not None and user.id == request.viewer["id"]),
    }


def includeme(config):
    config.add_route("users_new", "/users/new")
    config.add_route("users_edit", "/users/{id:[0-9]{1,18}}/edit")
    config.add_route("users_meanwhile", "/users/{id:[0-9]{1,18}}/meanwhile")
    config.add_route("users_delete", "/users/{id:[0-9]{1,18}}/delete")
    config.scan(__name__)
