"""The event log on real databases: order, gaps, epochs, pruning."""
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from myapp import db
from myapp.realtime import log as log_module
from myapp.realtime.core.event import Cursor, Event
from myapp.realtime.core.window import PAGE
from myapp.realtime.errors import LogUnavailable
from myapp.realtime.log import Log, head_table, log_table

from .writer import write

ROOT = Path(__file__).parents[2]


def events(count, topic="t"):
    return [Event(None, None, topic, "x", f'{{"n": {number}}}', f"k-{number}") for number in range(count)]


def append(engine, log, *new):
    with engine.begin() as connection:
        return log.append(connection, list(new))[0]


def test_an_empty_log_begins_at_zero(log):
    head = log.head()
    assert head.cursor.seq == 0 and head.floor == 0 and head.cursor.epoch.isalnum()
    assert log.read_after(0) == [] and log.read_page(0) == []


def test_events_come_back_as_they_were_written_in_their_order(engine, log):
    written = append(engine, log, *events(3)) + append(engine, log, Event(None, None, "ü:x", "y", '{"a": "\\u0000é😀"}'))
    read = log.read_after(0)
    assert [event.seq for event in read] == [1, 2, 3, 4]
    for one, other in zip(written, read, strict=True):
        assert (one.cursor, one.topic, one.type, one.data, one.key) == (other.cursor, other.topic, other.type, other.data, other.key)
    assert log.head().cursor == read[-1].cursor


def test_a_transaction_that_is_rolled_back_leaves_neither_event_nor_hole(engine, log):
    append(engine, log, *events(2))
    with pytest.raises(KeyError), engine.begin() as connection:
        log.append(connection, events(5))
        raise KeyError
    append(engine, log, *events(1))
    assert [event.seq for event in log.read_after(0)] == [1, 2, 3]


def test_a_page_is_what_its_number_says(engine, log):
    append(engine, log, *events(PAGE + 3))
    assert [event.seq for event in log.read_page(0)] == list(range(1, PAGE + 1))
    assert [event.seq for event in log.read_page(1)] == list(range(PAGE + 1, PAGE + 4))
    assert [event.seq for event in log.read_after(PAGE - 1, limit=2)] == [PAGE, PAGE + 1]


def test_appending_many_events_is_one_statement_on_postgresql_and_two_elsewhere(engine, log):
    log.head()
    statements = []
    sa.event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    append(engine, log, *events(50))
    begins = [statement for statement in statements if statement.startswith("BEGIN")]
    assert len(statements) - len(begins) == (1 if engine.dialect.name == "postgresql" else 2)


def test_the_cursor_is_that_of_the_transaction_which_reads_it(engine, log):
    with engine.begin() as connection:
        assert log.cursor(connection) == log.head().cursor
        (written,), _ = log.append(connection, events(1))
        assert log.cursor(connection) == written.cursor
        assert log.head().cursor.seq == 0, "nothing uncommitted is seen"
    assert log.head().cursor == written.cursor


def test_reading_takes_no_connection_of_the_applications_pool(engine, log):
    checked_out = []
    sa.event.listen(engine, "checkout", lambda *args: checked_out.append(1))
    log.head(), log.read_after(0), log.prune(keep_rows=1)
    assert not checked_out and engine.pool.checkedout() == 0


# Lives

def test_a_new_epoch_makes_every_old_cursor_a_stranger(engine, log):
    append(engine, log, *events(1))
    before = log.head()
    with engine.begin() as connection:
        log_module.new_epoch(connection)
    after = log.head()
    assert after.cursor.epoch != before.cursor.epoch and after.cursor.seq == 1
    assert log.read_after(0)[0].cursor == after.cursor


def test_of_all_who_find_the_log_shortened_one_begins_a_new_epoch(engine, log):
    seen = log.head()
    log.renew(seen)
    first = log.head().cursor.epoch
    log.renew(seen)
    assert log.head().cursor.epoch == first != seen.cursor.epoch


def test_on_postgresql_the_epoch_names_the_server_too(engine, log):
    stored = log.head().stored
    assert (log.head().cursor.epoch == stored) == (engine.dialect.name != "postgresql")


def test_a_database_that_does_not_answer_is_said_in_one_sentence(tmp_path):
    url = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"
    with pytest.raises(LogUnavailable) as caught:
        Log(db.create_engine({"sqlalchemy.url": url})).head()
    assert "hunter2" not in str(caught.value)


# Pruning

def test_pruning_keeps_the_newest_rows_and_moves_the_floor_first(engine, log, monkeypatch):
    monkeypatch.setattr(log_module, "PRUNE_BATCH", 7)
    append(engine, log, *events(50))
    assert log.prune(keep_rows=12) == 38
    assert log.head().floor == 38 and log.head().cursor.seq == 50
    assert [event.seq for event in log.read_after(0)] == list(range(39, 51))
    assert log.prune(keep_rows=12) == 0


def test_pruning_by_age_goes_by_seq_and_leaves_no_hole(engine, log):
    append(engine, log, *events(10))
    long_ago = datetime.now(UTC) - timedelta(days=30)
    with engine.begin() as connection:      # created is a transaction's start: it need not rise with seq
        connection.execute(sa.update(log_table).where(log_table.c.seq.in_([1, 2, 4])).values(created=long_ago))
    assert log.prune(older_than=datetime.now(UTC) - timedelta(days=7)) == 4
    assert [event.seq for event in log.read_after(0)] == list(range(5, 11))


def test_an_empty_log_can_be_pruned_and_goes_on_counting(engine, log):
    append(engine, log, *events(3))
    assert log.prune(keep_rows=0) == 3 and log.read_after(0) == []
    assert append(engine, log, *events(1))[0].seq == 4
    assert log.prune(older_than=datetime.now(UTC) - timedelta(days=7)) == 0


# Many writers

class Tail:
    """A reader that follows the log by its last seq alone, as fast as it can."""

    def __init__(self, log):
        self._log, self.read, self.is_over = log, [], False

    def run(self):
        while True:
            is_last = self.is_over      # before the look: it names nothing that the look can miss
            self.read += self._log.read_after(self.read[-1].seq if self.read else 0)
            if is_last:
                return self.read


def follow(log, run_writers):
    """Return (what a tailing reader saw, the data that the writers committed)."""
    with ThreadPoolExecutor(1) as pool:
        tail = Tail(log)
        reading = pool.submit(tail.run)
        try:
            committed = run_writers()
        finally:
            tail.is_over = True
        return reading.result(), committed


def check(seen, committed):
    assert [event.seq for event in seen] == list(range(1, len(committed) + 1)), "a hole, a double or a lost event"
    assert sorted(event.data for event in seen) == sorted(committed)
    for writer in {data.partition(".")[0] for data in committed}:
        mine = [data for data in committed if data.startswith(writer + ".")]
        assert [event.data for event in seen if event.data.startswith(writer + ".")] == mine, "one writer's order is lost"


def test_sixteen_writers_on_postgresql_leave_no_hole_for_one_who_tails(postgresql_database):
    engine = db.create_engine({"sqlalchemy.url": postgresql_database})
    log_module.metadata.create_all(engine)
    log = Log(engine)

    def run_writers():
        with ThreadPoolExecutor(16) as pool:
            return [data for one in pool.map(lambda name: write(engine, log, name), [f"w{n}" for n in range(16)]) for data in one]
    try:
        seen, committed = follow(log, run_writers)
    finally:
        log.close()
        engine.dispose()
    check(seen, committed)
    assert len(committed) > 500


def test_four_processes_on_sqlite_leave_no_hole_for_one_who_tails(sqlite_database):
    engine = db.create_engine({"sqlalchemy.url": sqlite_database})
    log_module.metadata.create_all(engine)
    log = Log(engine)

    def run_writers():
        program = [sys.executable, "-W", "ignore", "-m", "tests.contract.writer", sqlite_database]
        writers = [subprocess.Popen([*program, f"w{number}"], cwd=ROOT, stdout=subprocess.PIPE, text=True) for number in range(4)]
        answers = [writer.communicate(timeout=120)[0] for writer in writers]
        assert not any(writer.returncode for writer in writers)
        return [data for answer in answers for data in answer.split("\n") if data]
    try:
        seen, committed = follow(log, run_writers)
    finally:
        log.close()
        engine.dispose()
    check(seen, committed)
    assert len(committed) > 150


def test_the_head_is_one_row_and_stays_one(engine, log):
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.insert(head_table).values(one=2, seq=0, floor=0, epoch="x"))
    assert log.head().cursor == Cursor(log.head().cursor.epoch, 0)
