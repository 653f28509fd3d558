"""Fixtures for every level of test: the databases. Those of one level lie in its own folder's conftest.py."""
import gc
import os
import uuid

import psycopg2
import pytest

from tests import services

URL = "MYAPP_TEST_POSTGRESQL_URL"   # environment: the server of this test run, made by xdist's controller for its workers


# Objects made before the collector looks: an application has a hundred thousand, and looking for garbage took a fifth of all the time.
gc.set_threshold(200_000, 20, 50)


def pytest_configure(config):
    """Start one PostgreSQL for all of xdist's workers. Without xdist the fixture starts it, when a test asks for it."""
    is_controller = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if is_controller and URL not in os.environ:
        server = services.Postgres()
        try:
            server.start()
        except services.ServiceError as error:
            raise pytest.UsageError(str(error)) from error   # else a page of pluggy's frames hides the message
        os.environ[URL] = server.url
        config.add_cleanup(lambda: (os.environ.pop(URL), server.stop()))


@pytest.fixture(scope="session")
def postgresql_url():
    """The URL of the server's maintenance database: for making databases, not for tables."""
    if URL in os.environ:
        yield os.environ[URL]
    else:
        with services.Postgres() as server:
            yield server.url


@pytest.fixture
def postgresql_database(postgresql_url):
    """The URL of a fresh empty PostgreSQL database, dropped afterwards, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    run_statement(postgresql_url, f"CREATE DATABASE {name}")
    yield postgresql_url.rpartition("/")[0] + f"/{name}"
    run_statement(postgresql_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_database(tmp_path):
    """The URL of an SQLite database in a file that does not exist yet."""
    return f"sqlite:///{tmp_path}/myapp.sqlite"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    """The URL of an empty database, once for each kind that is supported."""
    return request.getfixturevalue(f"{request.param}_database")


def run_statement(url, statement):
    """Run one statement outside a transaction, as CREATE and DROP DATABASE want it."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        connection.cursor().execute(statement)
    finally:
        connection.close()
