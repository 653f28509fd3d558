"""PostgreSQL databases with the schema, lent to one test after another: to make one takes thirty times as long as to clear it.

It knows no table: what a database has when it is new is read from it.
"""
import io
import uuid
from contextlib import closing

import psycopg2
from sqlalchemy.engine import make_url

from tests.conftest import run_statement

LOCK_TIMEOUT_S = 2      # for what a transaction that a test left open still holds; then the database is dropped, which waits for nobody

# All that DDL could have touched: each of its objects in a catalogue, and the transaction that wrote it last.
SCHEMA = " UNION ALL ".join(
    f"SELECT '{catalogue}' AS catalogue, {key}::text AS key, {part} AS part, xmin::text AS writer FROM {catalogue} WHERE {key} >= 16384"
    for catalogue, key, part in [
        ("pg_class", "oid", 0), ("pg_attribute", "attrelid", "attnum"), ("pg_attrdef", "oid", 0), ("pg_constraint", "oid", 0),
        ("pg_trigger", "oid", 0), ("pg_proc", "oid", 0), ("pg_type", "oid", 0), ("pg_namespace", "oid", 0)])
FINGERPRINT = f"SELECT md5(string_agg(found::text, ',' ORDER BY catalogue, key, part)) FROM ({SCHEMA}) AS found"
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
SEQUENCES = "SELECT setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences WHERE schemaname = 'public'"


class Databases:
    """Those of one server. Each is as new when it is lent, however the test before has left it."""

    def __init__(self, server_url, template):
        """template: the name of the database, with the schema and nobody connected, that the others are copies of."""
        self._server_url, self._template = server_url, template
        self._free = {}         # name -> Clean
        self._lent = {}

    def lend(self):
        """Return the URL of a database."""
        name, clean = self._free.popitem() if self._free else self._make()
        self._lent[self.url(name)] = name, clean
        return self.url(name)

    def take_back(self, url):
        """End whoever is still connected, and forget what was written there."""
        name, clean = self._lent.pop(url)
        if clean.restore(url):
            self._free[name] = clean
        else:
            self._drop(name)

    def drop(self):
        """Remove all that were made."""
        for name in [*self._free, *(name for name, _ in self._lent.values())]:
            self._drop(name)

    def url(self, name):
        return make_url(self._server_url).set(database=name).render_as_string(hide_password=False)

    def _make(self):
        name = f"test_{uuid.uuid4().hex}"
        run_statement(self._server_url, f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY FILE_COPY")
        return name, Clean(self.url(name))

    def _drop(self, name):
        run_statement(self._server_url, f"DROP DATABASE {name} WITH (FORCE)")


class Clean:
    """What a database has when it is new."""

    def __init__(self, url):
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            self._schema = _fetch(cursor, FINGERPRINT)
            self._rows = {table: _copied(cursor, table) for table in _fetch(cursor, TABLES)}

    def restore(self, url):
        """Make the database of `url` so again. Returns False when its schema is another one, or when it is not to be had."""
        try:
            with closing(psycopg2.connect(url, options=f"-c lock_timeout={LOCK_TIMEOUT_S}s")) as connection, connection.cursor() as cursor:
                cursor.execute(OTHERS)
                if _fetch(cursor, FINGERPRINT) != self._schema:
                    return False
                self._write(cursor)
                connection.commit()
        except psycopg2.Error:
            return False
        return True

    def _write(self, cursor):
        cursor.execute("SET session_replication_role = replica;"    # neither order nor trigger matters: all is replaced
                       + "".join(f"DELETE FROM {table};" for table in self._rows) + SEQUENCES)
        for table, rows in self._rows.items():
            if rows:
                cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(rows))


def _fetch(cursor, statement):
    cursor.execute(statement)
    return [value for value, in cursor.fetchall()]


def _copied(cursor, table):
    """The table's rows, in COPY's text."""
    text = io.StringIO()
    cursor.copy_expert(f"COPY {table} TO STDOUT", text)
    return text.getvalue()
