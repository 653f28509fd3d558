"""Following: whatever the broker does or does not bring, the hub has every committed event, soon and once. Real log, real thread."""
import threading
import time

import pytest

from myapp import db
from myapp.realtime.core.event import ORDERS, Cursor, Event
from myapp.realtime.core.hub import Hub
from myapp.realtime.follow import Follow
from myapp.realtime.log import Log, metadata
from tests.conftest import run_statement
from tests.waiting import wait_until

from .process import LONG_S, Process


@pytest.fixture
def make_process(engine, log, monkeypatch):
    """make_process(**options): a Process that SQLite itself does not tell of commits: messages and tails are tested with it."""
    monkeypatch.setattr("myapp.realtime.follow.PULSE_S", LONG_S)
    made = []

    def make(**options):
        made.append(Process(engine, log, **options))
        made[-1].follow.reach(Cursor("none", 0))        # its first looks are over
        return made[-1]
    yield make
    for process in made:
        process.follow.stop()
        assert not process.follow._thread.is_alive()


def test_messages_bring_events_without_a_look_at_the_table(make_process, monkeypatch):
    process = make_process()
    events = process.append(3)
    monkeypatch.setattr(process.log, "head", None)      # a look would fail
    process.follow.take([events[1], events[0], events[0]])
    process.follow.take([events[2]])
    process.wait_for(3)


def test_a_lost_message_is_read_from_the_table_after_a_moments_patience(make_process):
    process = make_process()
    events = process.append(3)
    began = time.monotonic()
    process.follow.take([events[2]])
    assert 0.1 <= process.wait_for(3) - began < 3.0


def test_a_message_that_was_overtaken_is_waited_for(make_process, monkeypatch):
    process = make_process()
    events = process.append(2)
    monkeypatch.setattr(process.log, "head", None)
    process.follow.take([events[1]])
    process.follow.take([events[0]])
    process.wait_for(2)


def test_without_any_message_the_table_is_looked_at_in_time(make_process):
    process = make_process(tail_interval_s=0.1)
    process.append(2500)
    process.wait_for(2500)


def test_a_broker_that_comes_or_goes_makes_it_look_at_once(make_process):
    process = make_process()
    for is_up in (False, True):
        process.append()
        process.follow.take_state(is_up)
        process.wait_for(process.log.head().cursor.seq)


def test_a_broker_that_is_down_is_replaced_by_frequent_looks(make_process):
    process = make_process()
    process.follow.take_state(False)
    process.append()
    process.wait_for(1)
    process.append()
    process.wait_for(2, timeout_s=3.0)


def test_on_sqlite_the_commit_of_another_process_is_noticed_without_message_or_tail(sqlite_database):
    here, elsewhere = (db.create_engine({"sqlalchemy.url": sqlite_database}) for _ in range(2))
    metadata.create_all(here)
    log = Log(here)
    process = Process(here, log)
    process.follow.reach(Cursor("none", 0))
    try:
        for seq in range(1, 5):
            with elsewhere.begin() as connection:
                Log(elsewhere).append(connection, [Event(None, None, "t", "x", "{}")])
            process.wait_for(seq)
    finally:
        process.follow.stop()
        log.close()


def test_a_large_event_of_which_only_the_cursor_came_is_read_from_the_table(make_process):
    process = make_process()
    large, small = process.append(2)
    process.follow.take([small])
    process.follow.take_cursor(large.cursor)
    process.wait_for(2)


def test_cursors_of_another_log_or_of_what_is_known_make_nobody_look(make_process, monkeypatch):
    process = make_process()
    (event,) = process.append()
    process.follow.take([event])
    process.wait_for(1)
    monkeypatch.setattr(process.log, "head", None)      # a look would fail, and be logged
    for cursor in event.cursor, Cursor("other", 10**6):
        process.follow.take_cursor(cursor)
    process.follow.take(process.append())
    process.wait_for(2)


def test_each_state_of_the_broker_is_passed_on_at_once(engine, log):
    states = []
    follow = Follow(Hub(log.head().cursor, 0, log.read_page), log, note_broker=lambda *state: states.append(state))
    for state in (False, "gone"), (True, ""), (False, "gone again"):
        follow.take_state(*state)
    assert states == [(False, "gone"), (True, ""), (False, "gone again")]


def test_an_order_is_carried_out_once_however_often_and_late_it_is_brought(engine, log):
    heeded, process = [], Process(engine, log)
    process.follow._heed = lambda event: heeded.append(event.seq)
    with engine.begin() as connection:
        orders, _ = log.append(connection, [Event(None, None, ORDERS, "revoke", '{"userid": "7"}') for _ in range(3)])
    invented = [Event("other", 4, ORDERS, "revoke", "{}"), Event(orders[0].epoch, None, ORDERS, "revoke", "{}")]
    for events in [orders[2]], orders[:2], orders, invented:
        process.follow.take(events)
        process.follow.reach(orders[1].cursor)
    process.follow.take_state(False)
    process.follow.reach(Cursor("none", 0))
    process.follow.stop()
    assert sorted(heeded) == [1, 2, 3]


def test_whoever_is_ahead_waits_until_the_hub_is_as_far(make_process):
    process = make_process()
    (event,) = process.append()
    assert process.hub.cursor.seq == 0
    assert process.follow.reach(event.cursor)
    assert process.hub.cursor == event.cursor


def test_whoever_is_ahead_of_the_log_itself_is_not_kept_waiting(make_process):
    process = make_process()
    began = time.monotonic()
    assert process.follow.reach(Cursor(process.hub.cursor.epoch, 10**6), timeout_s=20)
    assert time.monotonic() - began < 10 and process.hub.cursor.seq == 0


def test_many_who_are_ahead_share_looks(make_process, monkeypatch):
    process = make_process()
    (event,) = process.append()
    looks, head = [], process.log.head
    monkeypatch.setattr(process.log, "head", lambda: looks.append(1) or head())
    threads = [threading.Thread(target=process.follow.reach, args=(event.cursor,)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert process.hub.cursor == event.cursor and len(looks) <= 5


def test_invented_events_are_forgotten_and_the_true_ones_still_come(make_process):
    process = make_process()
    invented = Event(process.hub.cursor.epoch, 10**9, "t", "x", "{}")
    process.follow.take([invented])
    process.append()
    process.wait_for(1)
    process.follow.take(process.append())
    process.wait_for(2)
    assert process.hub.cursor.seq == 2


def test_a_log_that_was_restored_begins_a_new_life_and_everyone_starts_over(make_process, engine, log):
    process = make_process(tail_interval_s=0.05)
    process.append(5)
    process.wait_for(5)
    before = process.hub.cursor
    with engine.begin() as connection:      # as a backup from before the last three would have it
        connection.exec_driver_sql("DELETE FROM event_log WHERE seq > 2")
        connection.exec_driver_sql("UPDATE event_log_head SET seq = 2")
    sent = b""
    deadline = time.monotonic() + 5
    while b"event: reset" not in sent:
        assert process.stream.feed.wait(process.stream, deadline - time.monotonic()), sent
        sent += process.stream.next()
    assert process.hub.cursor.seq == 2 and process.hub.cursor.epoch != before.epoch
    process.append()
    process.wait_for(3)


def test_a_process_that_slept_through_a_pruning_starts_over(make_process, log):
    process = make_process()
    process.append(5)
    log.prune(keep_rows=1)
    process.follow.take_state(True)
    process.wait_for(5)
    assert b'"reason": "expired"' in b"".join(iter(process.stream.next, b""))


def test_a_database_that_is_away_is_logged_once_and_found_again(postgresql_url, postgresql_database, caplog):
    engine = db.create_engine({"sqlalchemy.url": postgresql_database})
    metadata.create_all(engine)
    process = Process(engine, Log(engine), tail_interval_s=0.02)
    name = postgresql_database.rpartition("/")[2]
    try:
        assert process.follow.reach(Cursor("none", 0))
        run_statement(postgresql_url, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        run_statement(postgresql_url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        assert not process.follow.reach(Cursor("none", 0), timeout_s=0.3)
        run_statement(postgresql_url, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
        process.append()
        process.wait_for(1)
    finally:
        process.follow.stop()
        process.log.close()
        engine.dispose()
    messages = [record.getMessage() for record in caplog.records if record.name == "myapp.realtime.follow"]
    assert len(messages) == 2 and "cannot be read" in messages[0] and "answers again" in messages[1]


def test_messages_that_come_faster_than_the_loop_sends_are_bounded_and_read_from_the_table_later(make_process, monkeypatch):
    monkeypatch.setattr("myapp.realtime.follow.MOST_WAITING", 1000)
    process = make_process(tape_bytes=400)
    process.hub.growth.begin(lambda: None)      # a loop that takes nothing yet
    events = process.append(700)
    most = 0
    for event in events:
        process.follow.take([event])
        with process.follow._changed:
            most = max(most, sum(len(event.data) for event in process.follow._inbox))
    assert most <= 1000 and process.hub.cursor.seq < 100
    seen = []

    def has_read():
        process.hub.growth.take()
        seen.append(process.stream.next())
        process.hub.growth.give_room()      # once it is read, as the loop does: else as much again pushes it off the tape
        return seen[-1]
    while process.hub.cursor.seq < len(events):
        wait_until(has_read)
    seen = b"".join([*seen, *iter(process.stream.next, b"")])
    assert [line for line in seen.split(b"\n") if line.startswith(b"id: ")][1:] == [f"id: {event.cursor}".encode() for event in events]


def test_a_follow_thread_that_waits_for_the_loop_stops_when_it_is_told_to(make_process):
    process = make_process(tape_bytes=400)
    process.hub.growth.begin(lambda: None)
    process.follow.take(process.append(2000))
    process.wait_for(2)
    process.follow.stop()
    assert not process.follow._thread.is_alive() and process.hub.is_held_up
