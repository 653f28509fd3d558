"""The pulse of a log: SQLite tells of each commit of another connection, however often it was asked; PostgreSQL has none."""
import sqlite3
from contextlib import closing
from pathlib import Path

from myapp.realtime.log import metadata
from myapp.realtime.pulse import MOST_ASKED


def commit(engine):
    """As another process does."""
    with closing(sqlite3.connect(engine.url.database)) as connection, connection:
        connection.execute("UPDATE event_log_head SET seq = seq + 1")


def test_each_commit_changes_it_and_silence_does_not(engine, log):
    if engine.dialect.name != "sqlite":
        assert log.pulse() is None
        return
    values = [log.pulse()]
    for _ in range(2 * MOST_ASKED + 3):
        commit(engine)
        values.append(log.pulse())
    assert len(set(values)) == len(values)
    assert len({log.pulse() for _ in range(MOST_ASKED)}) <= 2, "more than its new connection has changed it"


def test_a_file_that_takes_the_place_of_the_first_is_found_in_time(engine, log):
    if engine.dialect.name != "sqlite":
        return
    assert log.pulse()
    engine.dispose()
    Path(engine.url.database).unlink()
    metadata.create_all(engine)
    for _ in range(MOST_ASKED):
        log.pulse()
    before = log.pulse()
    commit(engine)
    assert log.pulse() != before
