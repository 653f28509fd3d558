"""The schema: which revision this release needs, and which the database has. The server only looks; it never migrates (migration.py).

It reads the migrations as text, and Alembic's table by itself: to import Alembic takes a third of the time in which a server starts.
"""
import ast
import re
from functools import cache
from pathlib import Path

import sqlalchemy as sa

FOLDERS = "alembic/versions", "realtime/migrations"     # in the package: of the branches `app` and `realtime`
REVISION = re.compile(r"^(revision|down_revision) = (.+)$", re.MULTILINE)


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


def present(connection):
    """Return the revisions that a database has, a frozenset; none where nobody has migrated it."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return frozenset()
    return frozenset(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))


@cache
def heads():
    """Return the newest revisions of all branches, a frozenset. They are files of this package, read once."""
    package = Path(__file__).parent
    files = [path.read_text() for folder in FOLDERS for path in (package / folder).glob("*.py")]
    links = [{name: ast.literal_eval(value) for name, value in REVISION.findall(text)} for text in files]
    return frozenset(link["revision"] for link in links) - {link["down_revision"] for link in links}


def reason(error):
    """Return the first line of what the driver says; drivers do not quote passwords."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


def _exists(url):
    if url.get_backend_name() != "sqlite" or url.query.get("uri"):
        return True
    return bool(url.database) and url.database != ":memory:" and Path(url.database).exists()


def _named(revisions):
    return ", ".join(sorted(revisions)) or "none"


def shown(url):
    """Return the URL as it may stand in a message: without its password, which may be in its query too."""
    return url.difference_update_query([key for key in url.query if "pass" in key.lower()]).render_as_string(hide_password=True)
