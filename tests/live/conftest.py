"""Fixtures of the live level: databases with their schema, and web processes on them."""
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.conftest import run_statement

from .server import Server, run


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A database file as myapp-init-db makes it, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    initialise(folder, f"sqlite:///{folder}/myapp.sqlite")
    return folder / "myapp.sqlite"


@pytest.fixture
def migrated_sqlite(sqlite_template, tmp_path):
    """The URL of an SQLite database with schema and admin."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path)}"


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url, tmp_path_factory):
    """The name of such a database on PostgreSQL."""
    with new_database(postgresql_url) as (name, url):
        initialise(tmp_path_factory.mktemp("template"), url)
        yield name


@pytest.fixture
def migrated_postgresql(postgresql_url, postgresql_template):
    """The URL of a PostgreSQL database with schema and admin."""
    with new_database(postgresql_url, f"TEMPLATE {postgresql_template} STRATEGY FILE_COPY") as (_, url):
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request):
    """The URL of a database with schema and admin, once for each kind."""
    return request.getfixturevalue(f"migrated_{request.param}")


@pytest.fixture
def start_server(tmp_path):
    """start_server(url, {settings}, threads=4): a Server that serves. It is ended with the test.

    It must not have logged an error then, unless it was started with may_complain=True.
    """
    servers, quiet = [], []

    def start(url, settings=None, *, may_complain=False, **options):
        server = Server(tmp_path, url, settings, name=f"server-{len(servers)}", **options)
        servers.append(server)
        quiet.extend([] if may_complain else [server])
        return server.start()

    yield start
    for server in servers:
        server.end()
    assert_quiet(*quiet)


@pytest.fixture(scope="session")
def server(sqlite_template, tmp_path_factory):
    """One web process for all tests that do not mind what others left in it: on SQLite."""
    folder = tmp_path_factory.mktemp("server")
    server = Server(folder, f"sqlite:///{shutil.copy(sqlite_template, folder)}", {"realtime.max_streams_per_user": 0})
    try:
        yield server.start()
    finally:
        server.end()
    assert_quiet(server)


@contextmanager
def new_database(server_url, options=""):
    """Within, there is one more database on the server: (name, URL)."""
    name = f"test_{uuid.uuid4().hex}"
    run_statement(server_url, f"CREATE DATABASE {name} {options}")
    yield name, server_url.rpartition("/")[0] + f"/{name}"
    run_statement(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def initialise(folder, url):
    done = run("myapp-init-db", Server(folder, url, name="init").ini)
    assert done.returncode == 0, done.stderr


def assert_quiet(*servers):
    """A test that goes well while its server logs errors does not go well."""
    for server in servers:
        assert "Traceback" not in server.log, server.log
        assert "ERROR" not in server.log, server.log


@pytest.fixture
def run_together():
    """run_together(*acts): call each in a thread of its own, all at once. Returns their results; raises what the first of them raised."""
    def run(*acts):
        with ThreadPoolExecutor(len(acts)) as pool:
            return [future.result() for future in [pool.submit(act) for act in acts]]
    return run
