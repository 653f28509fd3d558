"""Another ISecurityPolicy in the place of ours: a proxy has signed the user in, and says who he is by REMOTE_USER."""
import pytest
import sqlalchemy as sa
from pyramid.authorization import ACLHelper
from pyramid.config import Configurator
from pyramid.interfaces import ISecurityPolicy
from zope.interface import implementer

from myapp.app.identity import Identity, principals
from myapp.app.models import User

from .conftest import LOCAL, PASSWORD, Client


@implementer(ISecurityPolicy)
class RemoteUserPolicy:
    """What a shop with single sign-on writes, and no more. A form signs one in, too, by a cookie of its own."""

    def identity(self, request):
        name = request.environ.get("REMOTE_USER") or request.cookies.get("sso")
        user = name and request.dbsession.scalar(sa.select(User).where(User.name == name))
        return Identity(user.id, user.name, user.role) if user else None

    def authenticated_userid(self, request):
        identity = self.identity(request)
        return identity and str(identity.id)

    def permits(self, request, context, permission):
        return ACLHelper().permits(context, principals(self.identity(request)), permission)

    def remember(self, request, userid, **options):
        return [("Set-Cookie", f"sso={request.dbsession.get(User, int(userid)).name}")]

    def forget(self, request, **options):
        return [("Set-Cookie", "sso=; Max-Age=0")]


@pytest.fixture
def shop(migrated_sqlite):
    """shop(name): a Client whose proxy says that it is that user; None says nothing. There are admin (1) and Ada (2)."""
    with Configurator(settings={"sqlalchemy.url": migrated_sqlite, "sqlalchemy.pool_size": "5"}) as config:
        for part in "myapp.db", "myapp.realtime", "myapp.app":
            config.include(part)
        config.set_security_policy(RemoteUserPolicy())
    app = config.make_wsgi_app()
    client = Client(app, extra_environ=dict(LOCAL))
    client.add_user("admin", "admin", email="admin@localhost")
    client.add_user("Ada", password=PASSWORD)
    yield lambda name: client.elsewhere_as({**LOCAL, **({"REMOTE_USER": name} if name else {})})
    client.registry.realtime.close()
    client.registry["dbsession_factory"].kw["bind"].dispose()


def test_pages_and_api_know_who_it_is(shop):
    admin, ada, nobody = shop("admin"), shop("Ada"), shop(None)
    admin.post_json("/api/users", {"name": "x", "email": "x@example.org"}, status=201)
    ada.post_json("/api/users", {"name": "y", "email": "y@example.org"}, status=403)
    assert "Ada" in ada.get("/users").text and "admin" in admin.get("/users").html.find(class_="viewer-name").text
    assert ada.get("/api/me").json == {
        "id": 2, "name": "Ada", "role": "member", "credential": None, "scopes": None, "email": "ada@example.org"}
    for url in ("/users", "/api/users", "/api/me"):
        nobody.get(url, status=401)
    assert admin.audit()[-2:] == [("admin", "user_created", "user 3 (x)"), ("Ada", "refused", "POST /api/users")]


def test_streams_and_their_rights_follow_it(shop):
    shop("Ada").head("/events?topic=users", status=200)
    shop(None).head("/events?topic=users", status=401)
    shop("Ada").head("/events?topic=user:1", status=403)


def test_error_pages_and_forms_work_without_our_own_methods(shop):
    ada, admin = shop("Ada"), shop("admin")
    assert ada.get("/nothing", status=404).html and ada.get("/users/new", status=403).html
    admin.post("/users/new", {"name": "x", "email": "x@example.org"}, status=303)     # no cookie, nothing that a browser adds by itself
    token = admin.token()
    admin.post("/users/new", {"name": "y", "email": "y@example.org"}, status=400)
    admin.post("/users/new", {"name": "y", "email": "y@example.org", "csrf_token": token}, status=303)


def test_the_form_signs_in_by_what_it_remembers_and_out_by_what_it_forgets(shop):
    browser = shop(None)
    answer = browser.post("/login", {"username": "Ada", "password": PASSWORD, "csrf_token": browser.token()}, status=303)
    assert answer.headers["Set-Cookie"] == "sso=Ada" and browser.get("/api/me").json["id"] == 2
    browser.post("/logout", {"csrf_token": browser.token()}, status=303)
    browser.get("/api/me", status=401)
    assert browser.rows("SELECT * FROM credentials") == []


def test_a_bearer_token_of_ours_is_nobody_there_and_still_not_a_fault(shop):
    headers = shop(None).bearer(2)
    shop(None).get("/api/me", headers=headers, status=401)
    assert shop("Ada").get("/api/tokens").json["total"] == 1
    shop("Ada").delete("/api/tokens/1", status=204)
    shop("Ada").delete("/api/tokens/current", status=409)


def test_a_change_of_the_password_asks_for_no_session_of_ours(shop):
    shop("admin").put_json("/api/users/1", {"password": "another one"}, status=200)
