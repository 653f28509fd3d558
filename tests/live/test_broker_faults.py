"""What two web processes make of a broker that is killed, absent and frozen while they are written to and listened to: nothing is seen."""
import json
import time
from itertools import groupby
from urllib.parse import quote

import pytest

from tests.servers import PASSWORD
from tests.waiting import wait_until

from .conftest import initialise
from .ledger import TIMED, TOPIC
from .play import LEDGER, TAIL_S, Play, changes, make_entry, notes, percentile, wait_until_brought
from .stream import Stream

ADDED_P99_S, ADDED_MOST_S = 0.1, 1.0    # what a broker may add to a write, whatever happens to it
SLACK_S = 1.0                           # for a busy machine


@pytest.mark.parametrize("kind", ["redis", "rabbitmq"])
def test_nobody_notices_that_a_broker_is_killed_and_frozen(request, start_server, migrated_postgresql, kind):
    broker = request.getfixturevalue(f"own_{kind}")
    play = Play(start_server, migrated_postgresql, broker.url)
    play.go_on_through_faults_of(broker)
    log = assert_all_were_told_the_log(play)
    assert play.writers.failed() == []
    assert sorted(entries(log)) == sorted(committed(play))
    assert_each_change_was_said_once(play)
    print(report := play.report(kind))      # to be seen with -s
    assert percentile(play.added(), 99) < ADDED_P99_S and max(play.added()) < ADDED_MOST_S, report


def test_the_database_as_a_broker_may_be_killed_and_frozen_and_all_are_told_what_it_keeps(start_server, own_postgres, tmp_path):
    initialise(tmp_path, own_postgres.url)
    play = Play(start_server, own_postgres.url, "postgresql://")
    play.go_on_through_faults_of(own_postgres, is_database=True)
    kept = set(entries(assert_all_were_told_the_log(play)))
    assert kept >= set(committed(play))     # a write that was told of its failure may be there too: the answer alone was lost
    assert not {name for name, _ in kept} & {write.name for write in play.writers.rolled_back()}
    assert_each_change_was_said_once(play)
    print(play.report("postgresql"))
    assert play.added() == []       # all of it goes out with the transactions


def test_a_process_that_starts_before_its_broker_serves_at_once_and_uses_it_once_it_is_there(start_server, migrated_sqlite, own_redis):
    own_redis.kill()
    process = start_server(migrated_sqlite, {"realtime.broker": TIMED + own_redis.url}, factory=LEDGER)
    with Stream(process.address, TOPIC) as stream:
        stream.first("connected")
        make_entry(process)
        stream.take(1)
        wait_until(lambda: changes(process) == ["down"])
        own_redis.start()
        wait_until(lambda: changes(process) == ["down", "back"])
        before = notes(process)["received"]     # what waited for the broker may come, too
        make_entry(process)
        stream.take(2)
        wait_until_brought(process, before + 1)
    assert PASSWORD not in process.log


def test_processes_without_a_common_broker_say_how_soon_they_see_what_others_write(start_server, migrated_postgresql):
    settings = {"realtime.tail_interval": f"{TAIL_S:g}s"}
    one, other = (start_server(migrated_postgresql, settings, factory=LEDGER) for _ in range(2))
    assert all(process.log.count(f"within {TAIL_S:g} s (realtime.tail_interval)") == 1 for process in (one, other))
    with Stream(other.address, TOPIC) as stream:
        stream.first("connected")
        make_entry(one)
        begun = time.monotonic()
        stream.take(1)
        assert time.monotonic() - begun < TAIL_S + SLACK_S


def assert_all_were_told_the_log(play):
    """Each listener has exactly what is in the table, once and in its order; none was cut or told to start over. Returns the log."""
    log = play.log()
    assert [seq for seq, _ in log] == list(range(log[0][0], log[0][0] + len(log)))
    for listener in play.audience:
        assert listener.resets == [] and (listener.visits > 1) == listener.is_restless
        assert first_difference([(event.seq, event.data) for event in listener.events], log) is None
    return log


def first_difference(told, log):
    """Return where two lists differ first, with what stands there in each; None when they are equal. Pytest's own takes minutes."""
    if told == log:
        return None
    place = next((place for place, (one, other) in enumerate(zip(told, log, strict=False)) if one != other), min(len(told), len(log)))
    return place, told[place:place + 3], log[place:place + 3]


def entries(log):
    """Return [(name of the write, place of the event in it)]. The events of a write stand together, all of them, in their order."""
    kept = [json.loads(data) for _, data in log]
    for _, group in groupby(kept, lambda entry: entry["write"]):
        group = [*group]
        assert [entry["place"] for entry in group] == [*range(group[0]["of"])]
    return [(entry["write"], entry["place"]) for entry in kept]


def committed(play):
    """Return [(name, place)] of the writes that were told so."""
    return [(write.name, place) for write in play.writers.committed() for place in range(write.events)]


def assert_each_change_was_said_once(play):
    for process in play.processes:
        assert changes(process) == ["up", "down", "back", "down", "back"], process.log
        assert notes(process)["is_up"]
        assert PASSWORD not in process.log and quote(PASSWORD, safe="") not in process.log
