"""Fixtures for every level of test: the servers and the databases. Those of one level lie in its own folder's conftest.py."""
import functools
import gc
import os
import uuid

import psycopg2
import pytest

from tests import servers

# Environment: the keepers of this test run's servers, made by xdist's controller for its workers.
SHARED = {servers.Postgres: "MYAPP_TEST_POSTGRESQL", servers.RabbitMQ: "MYAPP_TEST_RABBITMQ", servers.Redis: "MYAPP_TEST_REDIS"}


# Objects made before the collector looks: an application has a hundred thousand, and looking for garbage took a fifth of all the time.
gc.set_threshold(200_000, 20, 50)


def pytest_configure(config):
    """Make one keeper of each kind for all of xdist's workers: the server starts when one of them first asks for it."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        for kind, variable in SHARED.items():
            if variable not in os.environ:
                server = kind()
                server.keep()
                os.environ[variable] = server.address
                config.add_cleanup(server.stop)
                config.add_cleanup(functools.partial(os.environ.pop, variable))


@pytest.fixture(scope="session")
def postgresql_url():
    """The URL of the server's maintenance database: for making databases, not for tables."""
    with shared(servers.Postgres) as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_url():
    """The URL of the Redis that all tests of the run share: a test uses names of its own, and leaves the server as it is."""
    with shared(servers.Redis) as server:
        yield server.url


@pytest.fixture(scope="session")
def rabbitmq_url():
    """The URL of the RabbitMQ that all tests of the run share: a test uses names of its own, and leaves the server as it is."""
    with shared(servers.RabbitMQ) as server:
        yield server.url


def shared(kind):
    """Return the server that xdist's workers share; without xdist one for this process. A context manager, which starts it."""
    return kind(os.environ.get(SHARED[kind]))


@pytest.fixture
def own_postgres(postgres_of_the_module):
    """A servers.Postgres that the test may kill and freeze."""
    return in_order(postgres_of_the_module)


@pytest.fixture
def own_redis(redis_of_the_module):
    """A servers.Redis that the test may kill and freeze."""
    return in_order(redis_of_the_module)


@pytest.fixture
def own_rabbitmq(rabbitmq_of_the_module):
    """A servers.RabbitMQ that the test may kill and freeze."""
    return in_order(rabbitmq_of_the_module)


def in_order(server):
    """Return the server in a state to begin with, whatever the test before did to it."""
    server.thaw()
    server.start()
    return server


@pytest.fixture(scope="module")
def postgres_of_the_module():
    with servers.Postgres() as server:
        yield server


@pytest.fixture(scope="module")
def redis_of_the_module():
    with servers.Redis() as server:
        yield server


@pytest.fixture(scope="module")
def rabbitmq_of_the_module():
    with servers.RabbitMQ() as server:
        yield server


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
