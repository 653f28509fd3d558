"""Migration: brings a database to the schema of this release. For commands; a server never does it."""
from alembic import command
from alembic.config import Config

OPTIONS = {
    "script_location": "myapp:alembic",
    "version_locations": "myapp:alembic/versions myapp:realtime/migrations",
    "path_separator": "space",
}


def upgrade(engine):
    """Bring the database to the newest revisions, in one transaction; nothing happens when it has them."""
    config = make_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def make_config():
    """Return Alembic's Config for the migrations of this package."""
    config = Config()
    for name, value in OPTIONS.items():
        config.set_main_option(name, value)
    return config
