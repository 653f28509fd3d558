"""Alembic's environment: run the migrations on a connection that was given, or on the database of an ini's [app:main]."""
import sqlalchemy as sa
from alembic import context
from pyramid.paster import get_appsettings, setup_logging

from myapp import db
from myapp.realtime import log

LOCK = 4917_2026    # any number that nobody else takes as an advisory lock: two that migrate at once go one after the other


def migrate(connection):
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))      # a large table takes its time
        connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        # From here on a lock that does not come ends the migration: who waits for a table makes all others wait behind him.
        connection.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
    context.configure(connection=connection, target_metadata=[db.Base.metadata, log.metadata], transactional_ddl=True)
    context.run_migrations()


def engine_of_ini():
    setup_logging(context.config.config_file_name)
    return db.create_engine(get_appsettings(context.config.config_file_name))


if given := context.config.attributes.get("connection"):
    migrate(given)
else:
    with engine_of_ini().begin() as own:
        migrate(own)
