"""Ours alone: what it costs that each open stream is authorised again, each of a session of its own. myapp itself, on SQLite."""
import time
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from myapp.app.credentials import Terms
from myapp.app.identity import SESSION
from myapp.app.models import Credential, Role, User, now

from .contest import tell
from .measure import Subject
from .servers import Ours

COOKIE = "Cookie: session=" + 38 * "s" + "{0i}"
STREAM = "/events?topic=users"
WINDOW_S = 20       # four rounds of checks
AT_ONCE = 1000      # rows of one INSERT


@dataclass(frozen=True)
class Recheck:
    """All sessions checked every 5 s."""
    sessions: int
    share: float        # of a core, beyond what the same streams cost when they are checked once an hour
    faults: list[str]


class Sessions(Ours):
    """myapp with as many users as streams, each signed in."""
    name, title = "sessions", "myapp, sessions checked every 5 s"
    recheck = "5s"

    @property
    def app(self):
        return f"use = egg:myapp\nrealtime.recheck = {self.recheck}"

    def fill(self, engine):
        terms, moment = Terms(timedelta(days=1), timedelta(days=1)), now()
        users = [{"id": place + 1, "name": f"u{place}", "email": f"u{place}@localhost", "email_key": f"u{place}@localhost",
                  "role": Role.MEMBER, "version": 1, "created": moment, "changed": moment} for place in range(self.streams)]
        sessions = [{"kind": SESSION, "user_id": user["id"], "secret_hash": terms.hash(f"{38 * 's'}{user['id'] - 1:05}"), "csrf_token": "t",
                     "created": moment, "seen": moment, "expires": moment + timedelta(days=1)} for user in users]
        with engine.begin() as connection:
            for table, rows in (User.__table__, users), (Credential.__table__, sessions):
                for start in range(0, len(rows), AT_ONCE):
                    connection.execute(sa.insert(table), rows[start:start + AT_ONCE])


class SessionsUnchecked(Sessions):
    """The same, but for the checks."""
    name, title, recheck = "sessions-unchecked", "myapp, sessions checked every hour", "1h"


def measure(machine, plan):
    """Return Recheck."""
    faults = []
    checked, unchecked = (_share(kind, machine, plan, faults) for kind in (Sessions, SessionsUnchecked))
    return Recheck(plan.streams, checked - unchecked, faults)


def _share(kind, machine, plan, faults):
    with Subject(kind, machine, plan.streams) as subject:
        tell(f"alone: {plan.streams:,} sessions; {kind.title}")
        subject.open_streams(STREAM, [COOKIE])
        cpu = subject.process.cpu_s()
        time.sleep(WINDOW_S)
        share = (subject.process.cpu_s() - cpu) / WINDOW_S
        faults += subject.faults
        return share
