"""Fixtures of the functional level: the application, whole, on a real database, asked by WebTest as from this machine's browser."""
import json
import re
import shutil
import uuid

import pytest
import sqlalchemy as sa
import webtest
from sqlalchemy.engine import make_url

from myapp import db, migration
from myapp.app.audit import audit_into
from myapp.app.credentials import Credentials
from myapp.app.identity import Identity
from myapp.app.models import Role, User
from myapp.app.users import Users
from myapp.realtime import session
from tests.conftest import run_statement

from .applications import Applications
from .databases import Databases
from .shop import Listener, Shop

LOCAL = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"}
CONSOLE = Identity(None, "the tests", Role.ADMIN)
CSRF_TOKEN = re.compile('<meta name="csrf-token" content="([^"]+)"')    # to read the whole page for it takes four times as long


class Client(webtest.TestApp):
    """The application as one viewer's browser, or program, meets it, and the database behind it."""

    @property
    def registry(self):
        return self.app.registry

    def elsewhere(self):
        """Return another browser or program of the same viewer, without this one's cookies."""
        return self.elsewhere_as(LOCAL)

    def elsewhere_as(self, environ):
        """The same, from where the WSGI variables `environ` say."""
        return Client(self.app, extra_environ=dict(environ))

    def add_user(self, name, role="member", **fields):
        """Make a user, without HTTP; returns him as the API shows him. His address is name@example.org unless told."""
        with session(self.registry) as rt:
            given = {"name": name, "email": f"{name.lower()}@example.org", "role": role, **fields}
            return Users.of(rt.request, CONSOLE).create(given).as_dict()

    def signed_in(self, user_id):
        """Return another browser, in which that user has signed in."""
        browser = self.elsewhere()
        browser.set_cookie("session", self.give(user_id, "session"))
        return browser

    def bearer(self, user_id, *scopes):
        """Return the headers of a program that has a token of that user, with these scopes if there are any."""
        return {"Authorization": "Bearer " + self.give(user_id, "token", scopes=list(scopes) or None)}

    def give(self, user_id, kind, **options):
        """Make a session or a token, without HTTP; returns its secret."""
        with session(self.registry) as rt:
            dbsession = rt.request.dbsession
            credentials = Credentials(dbsession, rt, self.registry["myapp.terms"], audit_into(dbsession, CONSOLE))
            make = {"session": credentials.start_session, "token": credentials.make_token}[kind]
            return make(dbsession.get(User, user_id), address="192.0.2.7", agent="the tests", **options)[1]

    def execute(self, statement, **values):
        """Change the database behind the application's back."""
        with self.registry["dbsession_factory"].begin() as dbsession:
            dbsession.execute(sa.text(statement), values)

    def rows(self, statement):
        with self.registry["dbsession_factory"]() as dbsession:
            return dbsession.execute(sa.text(statement)).all()

    def events(self):
        """Return the log as [(topic, type, key, data)]."""
        return [(*row[:3], json.loads(row[3])) for row in self.rows("SELECT topic, type, key, data FROM event_log ORDER BY seq")]

    def everything(self):
        """Return all that a request could have stored, to compare before with after."""
        tables = {"users": "id", "credentials": "id", "channels": "id", "channel_members": "channel_id, user_id", "updates": "id",
                  "read_marks": "user_id, channel_id", "number_rows": "id", "metrics": "id", "displays": "id",
                  "event_log": "seq"}
        return [self.rows(f"SELECT * FROM {table} ORDER BY {key}") for table, key in tables.items()]

    def audit(self):
        """Return the audit trail as [(name, action, subject)]."""
        return [tuple(row) for row in self.rows("SELECT user_name, action, subject FROM audit ORDER BY id")]

    def token(self):
        """Return the CSRF token, as a page that the browser has got carries it."""
        return CSRF_TOKEN.search(self.get("/").text)[1]


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory):
    """Settings by which the templates are compiled once, and not for each of a thousand applications."""
    return {"jinja2.bytecode_caching": "true", "jinja2.bytecode_caching_directory": str(tmp_path_factory.mktemp("templates"))}


@pytest.fixture(scope="session")
def applications():
    return Applications()


@pytest.fixture
def make_client(compiled_templates, applications):
    """make_client(url, auto_login="admin@localhost", **more settings): a Client on the database `url`, which has its schema.

    The application may be one that was configured for an earlier test. With is_new=True it starts here and now.
    """
    def make(url, auto_login="admin@localhost", is_new=False, **settings):
        given = {"sqlalchemy.pool_size": "5", "myapp.auto_login": auto_login or "", "realtime.tail_interval": "50ms"}
        app = applications.lend(url, {**given, **compiled_templates, **settings}, is_new)
        return Client(app, extra_environ=dict(LOCAL))

    yield make
    applications.take_back()


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request):
    """The URL of a database of each kind, with the schema and nobody in it."""
    return request.getfixturevalue(f"migrated_{request.param}")


@pytest.fixture
def migrated_sqlite(sqlite_database, sqlite_template):
    """For what has nothing to do with the kind of database."""
    shutil.copy(sqlite_template, make_url(sqlite_database).database)
    return sqlite_database


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_url, postgresql_template):
    databases = Databases(postgresql_url, postgresql_template)
    yield databases
    databases.drop()


@pytest.fixture
def migrated_postgresql(postgresql_databases):
    url = postgresql_databases.lend()
    yield url
    postgresql_databases.take_back(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """The path of a migrated database that tests copy: a migration takes ten times as long."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url):
    """The name of such a database on PostgreSQL."""
    name = f"template_{uuid.uuid4().hex}"
    run_statement(postgresql_url, f"CREATE DATABASE {name}")
    migrate(database_of(postgresql_url, name))
    yield name
    run_statement(postgresql_url, f"DROP DATABASE {name} WITH (FORCE)")


def database_of(server_url, name):
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def migrate(url):
    engine = db.create_engine({"sqlalchemy.url": url})
    migration.upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def make_shop(migrated):
    """make_shop(configure, **views): a Shop on a database of each kind, and the Listener of its broker."""
    shops = []

    def make(configure=None, **views):
        shops.append(Shop(migrated, configure, **views))
        return shops[-1], Listener(shops[-1])
    yield make
    for shop in shops:
        shop.close()


@pytest.fixture
def client(migrated, make_client):
    """A Client whose viewer is the only user: an admin, id 1."""
    return with_admin(make_client(migrated))


@pytest.fixture
def sqlite_client(migrated_sqlite, make_client):
    """The same, on SQLite alone."""
    return with_admin(make_client(migrated_sqlite))


PASSWORD = "correct horse"


@pytest.fixture
def visitor(migrated_sqlite, make_client):
    """A Client, on SQLite, whose viewer is nobody yet. Users: admin (1), Ada, a member (2), Eve, an editor without a password (3)."""
    client = make_client(migrated_sqlite, None)
    client.add_user("admin", "admin", email="admin@localhost")
    client.add_user("Ada")
    client.add_user("Eve", "editor")
    client.execute("UPDATE users SET password_hash = :hash WHERE id < 3", hash=client.registry["myapp.passwords"].hash(PASSWORD))
    return client


def with_admin(client):
    client.add_user("admin", "admin", email="admin@localhost")
    return client


@pytest.fixture
def as_role(make_client):
    """as_role(client, role): another Client on the same database, whose viewer has the role; "anonymous" has none."""
    def make(client, role):
        viewer = None if role == "anonymous" else client.add_user(f"the-{role}", role)
        return make_client(url_of(client), viewer and viewer["email"])
    return make


def url_of(client):
    return client.registry["dbsession_factory"].kw["bind"].url.render_as_string(hide_password=False)

