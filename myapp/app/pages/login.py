"""/login and /logout: the form that signs somebody in, and the way out.

Any ISecurityPolicy will do: what a browser is given to keep, and what is taken from it, is the policy's to say.
"""
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.security import NO_PERMISSION_REQUIRED, forget, remember
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.audit import Action
from myapp.app.errors import Refusal
from myapp.app.identity import AUTO
from myapp.app.redirects import safe_next
from myapp.app.requests import SAFE_METHODS
from myapp.app.sign_in import SignIn

LOGIN = "myapp.app:templates/login.jinja2"


@view_defaults(route_name="login", permission=NO_PERMISSION_REQUIRED, renderer=LOGIN)
class Login:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET")
    def show(self):
        next = next_address(self.request, self.request.GET.get("next"))
        return HTTPSeeOther(next) if has_signed_in(self.request) else form(next)

    @view_config(request_method="POST")
    def sign_in(self):
        typed = {field: self.request.POST.get(field, "") for field in ("username", "password", "next")}
        next = next_address(self.request, typed["next"])
        try:
            user = SignIn.of(self.request).check(typed["username"], typed["password"])
        except Refusal as refusal:
            self.request.response.status_int = refusal.status
            self.request.response.headers.update(refusal.headers)
            return form(next, typed["username"], refusal)
        return HTTPSeeOther(next, headers=remember(self.request, str(user.id)))


@view_config(route_name="logout", request_method="POST", permission=NO_PERMISSION_REQUIRED)
def sign_out(request):
    if request.identity is not None:
        request.audit(Action.SIGN_OUT)
    return HTTPSeeOther(request.route_path("login"), headers=forget(request))


def form(next, username="", refusal=None):
    """Return the values of the form's template. A refused form keeps the name, as much of it as can be one, and never the password.

    next: where the browser goes afterwards, a path of next_address()
    """
    return {"next": next, "username": username[:fields.EMAIL_MAX], "problem": refusal and str(refusal),
            "retry_after_s": getattr(refusal, "retry_after_s", None)}


def next_address(request, text):
    """Return where to go after the sign-in: the path `text`, from anywhere, or the dashboard when it is none, or leads back here."""
    path = (safe_next(text) or "").partition("?")[0].partition("#")[0]
    own = {"", request.route_path("login"), request.route_path("logout")}
    return request.route_path("dashboard") if path in own else text


def page_asked_for(request):
    """Return where to go after the sign-in that stands in for the answer to `request`: to what was asked for, if it can be again."""
    return next_address(request, request.path_qs if request.method in SAFE_METHODS else None)


def has_signed_in(request):
    """Tell whether the viewer signed in, and is not one whom auto_login made somebody; he may want to be another."""
    return request.identity is not None and request.identity.credential != AUTO


def includeme(config):
    config.add_route("login", "/login")
    config.add_route("logout", "/logout")
    config.scan(__name__)
