"""That tests which are lent the same application or database, one after another, know nothing of each other."""
import contextlib
import shutil

import psycopg2
import pytest

from .applications import LIVING, SETTLED, Applications
from .conftest import LOCAL, Client
from .databases import Databases

SETTINGS = {"myapp.auto_login": "", "myapp.rate_limit.sign_in": "1 per 10 days", "myapp.rate_limit.api_writes": "1 per 10 days"}


@pytest.fixture
def borrow(sqlite_template, tmp_path, compiled_templates):
    """borrow(): a Client on a new database and the application that is free, once the one before is given back."""
    applications, number = Applications(), iter(range(10))

    def borrow():
        applications.take_back()
        path = shutil.copy(sqlite_template, tmp_path / f"{next(number)}.sqlite")
        return Client(applications.lend(f"sqlite:///{path}", {**SETTINGS, **compiled_templates}), extra_environ=dict(LOCAL))

    yield borrow
    applications.take_back()


@pytest.fixture
def databases(postgresql_url, postgresql_template):
    databases = Databases(postgresql_url, postgresql_template)
    yield databases
    databases.drop()


def sign_in(client, status):
    client.post_json("/api/tokens", {"username": "admin", "password": "not it at all"}, status=status)


def write(client, status):
    client.post_json("/api/users", {}, status=status)


def everything_living(registry):
    realtime = registry.realtime
    return [registry[name] for name in LIVING] + [
        realtime, realtime.hub, realtime.log, realtime.broker, realtime.fragments, realtime.refusals, realtime.encoding(has_fragments=True),
        registry["dbsession_factory"].kw["bind"]]


def test_an_application_has_nothing_of_what_it_did_for_the_test_before(borrow):
    before = borrow()
    before.add_user("Ada")
    for act, status in [(sign_in, 401), (sign_in, 429), (write, 401), (write, 429)]:
        act(before, status)
    living = everything_living(before.registry)
    before.registry.realtime.allowance.take({})
    client = borrow()
    assert client.app is before.app and client.rows("SELECT name FROM users") == []
    assert client.registry.realtime.allowance.taken == 0
    sign_in(client, 401)
    write(client, 401)
    assert set(map(id, living)).isdisjoint(map(id, everything_living(client.registry)))


def test_whatever_an_application_keeps_is_made_anew_or_never_changes(borrow):
    """What is new here must be named in applications.py: among LIVING, and be renewed there, if anything is counted or cached in it."""
    registry = borrow().registry
    assert registry.keys() == LIVING | SETTLED
    own = {name for name, value in vars(registry).items() if type(value).__module__.startswith("myapp")}
    assert own == {"realtime", "realtime_topics"}
    utilities = [type(utility.component) for utility in registry.registeredUtilities()]
    assert {each.__name__ for each in utilities if each.__module__.startswith("myapp")} == {"SecurityPolicy", "StoragePolicy"}


@pytest.mark.parametrize("change", [
    lambda registry: registry.settings.update({"myapp.public_read": "true"}),
    lambda registry: registry["myapp.settings"].update({"public_read": True}),
    lambda registry: registry.__setitem__("something", 1),
    lambda registry: setattr(registry, "something", 1),
    lambda registry: registry.registerHandler(print, [None]),
], ids=["setting", "value", "item", "attribute", "subscriber"])
def test_an_application_that_was_configured_otherwise_is_not_lent_again(borrow, change):
    before = borrow()
    change(before.registry)
    assert borrow().app is not before.app


def test_a_database_has_nothing_of_what_was_written_for_the_test_before(databases, make_client):
    before = databases.lend()
    make_client(before).add_user("Ada")
    with contextlib.closing(psycopg2.connect(before)) as left_open:
        databases.take_back(before)
        with pytest.raises(psycopg2.OperationalError):
            left_open.cursor().execute("DELETE FROM event_log_head")
    assert databases.lend() == before
    client = make_client(before)
    assert not any(client.everything()) and client.audit() == []
    assert client.add_user("Eve")["id"] == 1 and [row.seq for row in client.rows("SELECT seq FROM event_log")] == [1]
