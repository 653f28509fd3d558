"""The brokers side by side: what each costs whoever writes, and how soon and how fast it carries. The figures of the broker table.

Each has two processes of the application and a database of its own, all on one PostgreSQL, so that only the broker differs and nobody
reads what another one's writer wrote. They are measured in turn, block by block. Nobody is frozen, for no connection to a broker would
live through that; what those at rest use is measured and said.
"""
import random
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

import sqlalchemy as sa

from myapp import db
from tests.servers import Postgres, RabbitMQ, Redis, Server
from tests.services import PROGRAMS, ServiceError, find_program

from .carrying import carry
from .contest import tell
from .pair import Burst, Cost, Pair
from .process import cpu_s

IDLE_S = 5          # of all standing idle
BETWEEN_S = 0.01    # two requests whose time is measured; the other process has the event of the first by then
TAIL_S = 3.0        # between two looks at the table, which the memory broker's processes must wait for


@dataclass(frozen=True)
class Plan:
    """How much is measured."""
    rounds: int = 5
    walls: int = 400            # requests, each in turn, whose time is measured
    cost_blocks: int = 20       # in turn
    cost_requests: int = 50     # a block, whose CPU is measured
    singles: int = 100          # events a round whose latency is measured
    single_pause_s: float = 0.06    # at most, before each
    table_singles: int = 4      # the same where only the table carries, 3 s at most each
    burst: tuple[int, int] = (300, 10)      # transactions, events of each
    carried: int = 10_000       # events a round to the broker alone; no more wait in a process (myapp/realtime/brokers/backlog.py)


QUICK = Plan(rounds=2, walls=100, cost_blocks=6, singles=40, table_singles=3)


@dataclass(frozen=True)
class Kind:
    title: str
    server: type[Server] | None = None      # what it needs beside the database
    url: str | None = None                  # None: the server's
    program: str | None = None              # that must be installed
    is_shared: bool = True                  # whether it carries anything to another process


KINDS = [
    Kind("memory", url="memory://", is_shared=False),
    Kind("Redis", server=Redis, program="redis-server"),
    Kind("RabbitMQ", server=RabbitMQ, program="rabbitmq-server"),
    Kind("PostgreSQL", url="postgresql://"),
]


@dataclass
class Figures:
    """What was measured of one broker; lists have an item a turn, a block or a round."""
    kind: Kind
    walls_us: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    latencies: list[list[float]] = field(default_factory=list)      # ms
    bursts: list[Burst] = field(default_factory=list)
    carried_per_s: list[float] = field(default_factory=list)        # by the broker alone
    faults: list[str] = field(default_factory=list)

    def percentiles(self, share):
        """Return that percentile of the latencies in ms, of each round; of all rounds as one where a round has but a few."""
        rounds = self.latencies if self.kind.is_shared else [sum(self.latencies, [])]
        return [sorted(found)[int(len(found) * share)] for found in rounds if found]


@dataclass(frozen=True)
class Brokers:
    """All of the table."""
    figures: list[Figures]
    remarks: list[str]


def measure(machine, plan):
    """Return Brokers; without those whose server is missing or does not start."""
    remarks = []
    with ExitStack() as ends:
        if (database := _start(Postgres, "postgres", "the brokers", ends, remarks)) is None:
            return Brokers([], remarks)
        contenders = []
        for kind in KINDS:
            server = kind.server and _start(kind.server, kind.program, kind.title, ends, remarks)
            if kind.server is None or server:
                contenders.append(Contender(kind, machine, database, server))
        for each in contenders:
            each.carry(plan)
        contenders = [each for each in contenders if _has_started(each, ends, remarks)]
        remarks.append(_idle(contenders))
        _rounds(contenders, plan)
        return Brokers([each.figures for each in contenders], remarks)


def _start(kind, program, title, ends, remarks):
    """Return a started server; None, and a remark, where there is none to be had."""
    if find_program(program) is None:
        return _leave_out(title, f"which needs the Debian package {PROGRAMS[program]}", remarks)
    try:
        return ends.enter_context(kind())
    except ServiceError as error:
        return _leave_out(title, str(error), remarks)


def _has_started(contender, ends, remarks):
    try:
        ends.enter_context(contender)
    except OSError as error:
        return _leave_out(contender.figures.kind.title, str(error), remarks)
    return True


def _leave_out(title, why, remarks):
    remarks.append(f"left out: {title}, {why}")
    tell(remarks[-1])


def _rounds(contenders, plan):
    tell("brokers: requests that publish, in turn")
    _walls(contenders, plan.walls)
    for _ in range(plan.cost_blocks):
        for each in contenders:
            each.cost(plan)
    for number in range(plan.rounds):
        tell(f"brokers: single events and bursts, round {number + 1} of {plan.rounds}")
        for each in contenders:
            each.single(plan)
        for each in contenders:
            each.burst(plan)


def _walls(contenders, count):
    """One request each, again and again, in an order of chance: what the one before still does is then in nobody's favour."""
    with ExitStack() as ends:
        turns = [(each, ends.enter_context(closing(each.pair.connect()))) for each in contenders]
        for _ in range(count):
            for each, connection in random.sample(turns, len(turns)):
                time.sleep(BETWEEN_S)
                each.figures.walls_us.append(each.pair.post(connection))


def _idle(contenders):
    """Return a sentence on what all of them use at rest, which whoever is measured has beside them."""
    before = [each.cpu_s() for each in contenders]
    time.sleep(IDLE_S)
    shares = [(each.cpu_s() - then) / IDLE_S for each, then in zip(contenders, before, strict=True)]
    return "brokers: at rest, the server and both processes use of a core " + ", ".join(
        f"{each.figures.kind.title} {share:.1%}" for each, share in zip(contenders, shares, strict=True))


class Contender:
    """One broker under measurement. Use it as a context manager: it ends its two processes; `carry` goes before that."""

    def __init__(self, kind, machine, database, server):
        """database: the PostgreSQL server, in which it makes a database of its own. server: the broker's, None when it has none."""
        self.figures = Figures(kind)
        self._kind, self._machine, self._server = kind, machine, server
        self._database = _new_database(database.url, kind.title.lower())
        self._url = kind.url or server.url
        self.pair = Pair(machine, self._database, self._url, [database, *([server] if server else [])])

    def __enter__(self):
        tell(f"brokers: two processes with {self._kind.title}")
        self.pair.__enter__()
        try:
            self.pair.warm(self._kind.is_shared)
        except BaseException:
            self.pair.__exit__()
            raise
        return self

    def __exit__(self, *exc_info):
        self.figures.faults += self.pair.faults()
        self.pair.__exit__(*exc_info)

    def cpu_s(self):
        """Return the CPU time of its two processes and of its server, without the database."""
        return self.pair.writer.cpu_s() + self.pair.listener.cpu_s() + (cpu_s(self._server.pids()) if self._server else 0)

    def carry(self, plan):
        if not self._kind.is_shared:
            return
        tell(f"brokers: {self._kind.title} alone")
        try:
            self.figures.carried_per_s += carry(self._machine, self._url, self._database, events=plan.carried, rounds=plan.rounds)
        except (OSError, EOFError) as error:
            self.figures.faults.append(f"alone: {error}")

    def cost(self, plan):
        self.figures.costs.append(self.pair.cost(plan.cost_requests))

    def single(self, plan):
        singles = (plan.singles, plan.single_pause_s) if self._kind.is_shared else (plan.table_singles, TAIL_S)
        self.figures.latencies.append(self.pair.latencies(*singles))

    def burst(self, plan):
        self.figures.bursts += filter(None, [self.pair.burst(*plan.burst)])


def _new_database(url, name):
    """Make a database in the server of `url` and return its URL."""
    engine = db.create_engine({"sqlalchemy.url": url})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)
