"""A log on a real database, of either kind."""
import pytest

from myapp import db
from myapp.realtime.log import Log, metadata


@pytest.fixture
def engine(database_url):
    engine = db.create_engine({"sqlalchemy.url": database_url})
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def log(engine):
    log = Log(engine)
    yield log
    log.close()
