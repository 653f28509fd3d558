"""/account: who I am, my password, where I am signed in, and my tokens. Each only one's own; of others the API tells admins.

Plain forms that work without JavaScript. What is done is said on the page that follows; a new token is shown once, in the answer.
"""
from functools import cached_property

import sqlalchemy as sa
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config, view_defaults
from webob.multidict import MultiDict

from myapp.app.agents import agent_name
from myapp.app.contexts import MANAGE_CREDENTIALS, CredentialsContext
from myapp.app.credentials import Credentials, lock_account
from myapp.app.errors import InvalidFields, NotFound, NotSignedIn, Refusal, SignInRefused
from myapp.app.identity import SESSION, TOKEN
from myapp.app.models import User, rfc3339
from myapp.app.sign_in import SignIn
from myapp.app.users import Users

from .forms import refused

ACCOUNT = "myapp.app:templates/account.jinja2"
DONE = {    # what the address of the page that follows may say
    "password": "Your password has been changed, and your other sessions have been ended.",
    "session": "The session has been ended.",
    "others": "All other sessions have been ended.",
    "token": "The token has been revoked.",
}
OFFERED_SCOPES = {"read:*": "Read everything", "publish:metric:*": "Publish metrics"}


@view_defaults(permission=MANAGE_CREDENTIALS, renderer=ACCOUNT)
class Account:
    def __init__(self, request):
        self.request = request
        self.credentials = Credentials.of(request)

    @cached_property
    def user(self):
        return insist_on_account(self.request.dbsession.get(User, self.request.identity.id))

    @view_config(route_name="account", request_method="GET")
    def show(self):
        return self.page(done=DONE.get(self.request.GET.get("done")))

    @view_config(route_name="account_password", request_method="POST")
    def change_password(self):
        typed = {field: self.request.POST.get(field, "") for field in ("present", "password")}
        try:
            self.insist_on_password(typed["present"])
            if not typed["password"]:
                raise InvalidFields({"password": "This is needed."})
            Users.of(self.request).change(self.request.identity.id, {"password": typed["password"]})
        except Refusal as refusal:
            return self.refused("password", refusal)
        return self.done("password")

    @view_config(route_name="account_password", request_method="GET")
    @view_config(route_name="account_tokens", request_method="GET")
    def go_back(self):
        """Forms that were refused, and a new token, stand at these addresses; whoever asks for one anew wants the page."""
        return HTTPSeeOther(self.request.route_path("account"))

    @view_config(route_name="account_end", request_method="POST")
    def end(self):
        wanted = int(self.request.matchdict["id"])
        credential = next((each for each in self.credentials.of_user(self.user.id) if each.id == wanted), None)
        if credential is None:
            raise NotFound("There is no such session or token of yours, or no longer.")
        self.credentials.end(credential)
        return self.done(credential.kind)

    @view_config(route_name="account_end_others", request_method="POST")
    def end_others(self):
        self.credentials.end_sessions(self.user.id, keep=self.request.identity.session_id)
        return self.done("others")

    @view_config(route_name="account_tokens", request_method="POST")
    def make_token(self):
        form, user = self.request.POST, insist_on_account(lock_account(self.request.dbsession, self.request.identity.id))
        given = {"name": form.get("name", "").strip() or None, "scopes": typed_scopes(form)}
        try:
            token, secret = self.credentials.make_token(user, **given, address=self.request.remote_addr, agent=self.request.user_agent)
        except Refusal as refusal:
            return self.refused("token", refusal)
        return self.page(made={"name": token.name, "secret": secret})

    def insist_on_password(self, typed):
        """Raises InvalidFields when it is not the present password, TooManyAttempts as a sign-in does."""
        own = self.request.identity.id
        with self.request.registry["dbsession_readers"]() as dbsession:     # no lock is held while the password is looked at
            email = dbsession.scalar(sa.select(User.email).where(User.id == own))
        try:
            is_own = SignIn.of(self.request).verify(email, typed).id == own
        except SignInRefused:
            is_own = False
        if not is_own:
            raise InvalidFields({"present": "This is not your present password."})

    def done(self, what):
        return HTTPSeeOther(self.request.route_path("account", _query={"done": what}))

    def refused(self, form, refusal):
        return self.page(form=form, **refused(self.request, refusal))

    def page(self, form=None, **given):
        """Return the values of the template. form: the one that was refused, which keeps what was typed; made: a token just made."""
        mine, own = self.credentials.of_user(self.user.id), self.request.identity.session_id
        return {
            "user": self.user.as_dict(), "has_password": self.user.password_hash is not None,
            "sessions": [shown(each, own) for each in mine if each.kind == SESSION],
            "tokens": [shown(each, own) for each in mine if each.kind == TOKEN],
            "offered_scopes": OFFERED_SCOPES,
            "form": form, "typed": typed_token(self.request.POST if form == "token" else MultiDict()),
            "done": None, "errors": {}, "problem": None, "made": None, **given,
        }


def insist_on_account(user):
    """Return the User. Raises NotSignedIn when there is none: the account was deleted a moment ago."""
    if user is None:
        raise NotSignedIn()
    return user


def typed_token(form):
    texts = {field: form.get(field, "") for field in ("name", "access", "other")}
    return {**texts, "scopes": form.getall("scope")}


def typed_scopes(form):
    """Return the scopes that the form asks for, None for all that the account may do."""
    return None if form.get("access") == "all" else [*form.getall("scope"), *form.get("other", "").split()]


def shown(credential, own):
    """Return a Credential as the page shows it; own: the id of the present one."""
    return {
        "id": credential.id, "name": credential.name, "scopes": credential.scopes, "address": credential.address,
        "agent": agent_name(credential.agent or ""), "is_own": credential.id == own,
        "created": rfc3339(credential.created), "seen": rfc3339(credential.seen), "is_used": credential.seen > credential.created,
    }


def includeme(config):
    config.add_route("account", "/account", factory=CredentialsContext)
    config.add_route("account_password", "/account/password", factory=CredentialsContext)
    config.add_route("account_end_others", "/account/sessions/end", factory=CredentialsContext)
    config.add_route("account_end", "/account/credentials/{id:[0-9]{1,18}}/end", factory=CredentialsContext)
    config.add_route("account_tokens", "/account/tokens", factory=CredentialsContext)
    config.scan(__name__)
