"""A play: two web processes that are written to and listened to all the time, while their broker is killed, away, frozen and back."""
import threading
from contextlib import closing

import psycopg2

from tests.waiting import wait_until

from .api import Api
from .audience import Audience
from .ledger import TIMED, TOPIC
from .writers import Writers

LEDGER = "call:tests.live.ledger:main"
TAIL_S = 3.0                    # as it is by default; the tests' own is shorter
AWAY_S, FROZEN_S = 5.0, 8.0     # at least: a quick restart; longer than Redis and PostgreSQL are believed to be only slow
KNOWN_S = 30.0                  # for processes to know of a fault, which takes 5 s of one that is frozen, on a busy machine
BACK_S = 30.0                   # for them to be themselves again after it
A_MOMENT = 100                  # events, of two hundred in a second


class Play:
    """Two processes, four writers and twenty listeners; afterwards `writers` and `audience` know all that they saw."""

    def __init__(self, start_server, database_url, broker_url):
        settings = {"realtime.tail_interval": f"{TAIL_S:g}s", "realtime.broker": TIMED + broker_url}
        self.processes = [start_server(database_url, settings, factory=LEDGER) for _ in range(2)]
        addresses = [process.address for process in self.processes]
        self.writers, self.audience = Writers(addresses * 2), Audience(addresses, TOPIC, each=10)
        self._database_url, self._notes = database_url, []

    def go_on_through_faults_of(self, broker, *, is_database=False):
        """broker: one of tests.servers. is_database: nothing can be written while it is away."""
        with self.audience:
            with self.writers:
                self._wait_until_all_is_well()
                broker.kill()
                self._go_on_without(AWAY_S, is_database)
                broker.start()
                self._wait_until_all_is_well()
                broker.freeze()
                self._go_on_without(FROZEN_S, is_database)
                broker.thaw()
                self._wait_until_all_is_well()
            self.audience.wait_for(len(self.log()), timeout_s=BACK_S)
        self._notes = [notes(process) for process in self.processes]

    def _go_on_without(self, least_s, is_database):
        """The broker is down for both processes, for `least_s` or more, and all the same what is written reaches everybody."""
        threading.Event().wait(least_s)     # faults last for a time; all else is waited for
        for process in self.processes:
            wait_until(lambda process=process: changes(process)[-1:] == ["down"], timeout_s=KNOWN_S)
        if not is_database:
            self.audience.wait_for_more(A_MOMENT, timeout_s=BACK_S)

    def _wait_until_all_is_well(self):
        """The broker is up for both processes and brings them events, and these reach everybody."""
        for process in self.processes:
            wait_until(lambda process=process: changes(process)[-1:] in (["up"], ["back"]), timeout_s=BACK_S)
            wait_until_brought(process, notes(process)["received"] + A_MOMENT)
        self.audience.wait_for_more(A_MOMENT, timeout_s=BACK_S)

    def log(self):
        """Return [(seq, data)] of what is in the table, oldest first."""
        with closing(psycopg2.connect(self._database_url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT seq, data FROM event_log WHERE topic = %s ORDER BY seq", (TOPIC,))
            return cursor.fetchall()

    def added(self):
        """Return how long the broker held each write, in seconds; none for those that it let carry their events themselves."""
        return [seconds for each in self._notes for seconds in each["durations_s"]]

    def report(self, kind):
        """Return what was measured, in words."""
        writers, took = self.writers, [write.took_s for write in self.writers.writes]
        visits = sum(listener.visits for listener in self.audience)
        return (f"{kind}: {len(took)} writes, {len(writers.failed())} failed, {len(writers.rolled_back())} rolled back; "
                f"{len(self.log())} events to {len(self.audience.listeners)} listeners who came {visits} times, at most "
                f"{self._latest_s():.2f} s after the commit; added {figures(self.added())}, a whole write {figures(took)}")

    def _latest_s(self):
        commits = {seq: at for each in self._notes for seq, at in each["commits"]}
        return max(event.at - commits[event.seq] for listener in self.audience for event in listener.events if event.seq in commits)


def make_entry(process):
    answer = Api(process.address).ask("POST", "/write?name=one&count=1")
    assert answer.status == 200, answer


def notes(process):
    """Return what the ledger of a process knows of its broker."""
    return Api(process.address).ask("GET", "/notes").json


def wait_until_brought(process, count):
    """Wait until the broker has brought a process so many events since that was started."""
    wait_until(lambda: notes(process)["received"] >= count, timeout_s=BACK_S)


def changes(process):
    """Return what a process has said of its broker, a list of "up", "down" and "back"."""
    return [line.partition(" is ")[2].partition(":")[0] for line in process.log.splitlines() if "the broker " in line and " is " in line]


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def figures(seconds):
    """Return the middle, the 99th percentile and the most of many durations, as text."""
    if not seconds:
        return "nothing"
    chosen = percentile(seconds, 50), percentile(seconds, 99), max(seconds)
    return " / ".join(f"{1000 * value:.1f}" for value in chosen) + " ms (p50/p99/max)"
