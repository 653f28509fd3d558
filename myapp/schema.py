"""The schema: which migrations there are, which the database has, and the way from one to the other.

Two branches make it up: the application's (`app`) and the add-on's (`realtime`). The server only looks; it never migrates.
"""
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

OPTIONS = {
    "script_location": "myapp:alembic",
    "version_locations": "myapp:alembic/versions myapp:realtime/migrations",
    "path_separator": "space",
}


def check(engine):
    """Start-up check. Return what is wrong with the database, [] when it can be reached and its schema is up to date."""
    url = f"sqlalchemy.url = {shown(engine.url)}"
    if not _exists(engine.url):     # connecting would create the file
        return [f"{url}: there is no such database file; run `myapp-init-db INI`, which creates it"]
    try:
        with engine.execution_options(reading=True).connect() as connection:    # no writer is waited for
            found = present(connection)
    except sa.exc.SQLAlchemyError as error:
        return [f"{url}: cannot be reached ({reason(error)}); start the database or correct the URL"]
    finally:
        engine.dispose()            # the server may fork later, and a connection is not to be shared
    if found != heads():
        return [f"{url}: its schema is not that of this release (it has {_named(found)}, this release needs {_named(heads())}); "
                "run `myapp-init-db INI`"]
    return []


def upgrade(engine):
    """Bring the database to the newest revisions, in one transaction; nothing happens when it has them."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def present(connection):
    """Return the revisions that a database has, a frozenset; none where nobody has migrated it."""
    return frozenset(MigrationContext.configure(connection).get_current_heads())


@cache
def heads():
    """Return the newest revisions of all branches, a frozenset. They are files of this package, read once."""
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def reason(error):
    """Return the first line of what the driver says; drivers do not quote passwords."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _config():
    config = Config()
    for name, value in OPTIONS.items():
        config.set_main_option(name, value)
    return config


def _exists(url):
    if url.get_backend_name() != "sqlite" or url.query.get("uri"):
        return True
    return bool(url.database) and url.database != ":memory:" and Path(url.database).exists()


def _named(revisions):
    return ", ".join(sorted(revisions)) or "none"


def shown(url):
    """Return the URL as it may stand in a message: without its password, which may be in its query too."""
    return url.difference_update_query([key for key in url.query if "pass" in key.lower()]).render_as_string(hide_password=True)
