"""The life of a log: what its epoch says. A restored backup, a standby that took over and another database are other lives."""
import hashlib
import json
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

EPOCH_DIGITS = 8        # hex digits: two lives of one log meet by chance once in four thousand million
LINEAGE_POSTGRESQL = sa.text("SELECT system_identifier, timeline_id FROM pg_control_system(), pg_control_checkpoint()")


@dataclass(frozen=True)
class Life:
    stored: str         # the epoch as the log's head row has it
    lineage: str        # which database that is, beyond what is written in it; "" where it has no such thing

    @property
    def epoch(self):
        """The epoch that clients see. A digest, for it is public and short."""
        if not self.lineage:
            return self.stored
        return hashlib.sha256(f"{self.stored} {self.lineage}".encode()).hexdigest()[:EPOCH_DIGITS]


def lineage_of(connection):
    """Return the lineage of the database of an SQLAlchemy connection."""
    if connection.dialect.name != "postgresql":
        return ""
    return json.dumps([int(part) for part in connection.execute(LINEAGE_POSTGRESQL).one()])


def random_epoch():
    """Return what a new life is stored as."""
    return secrets.token_hex(EPOCH_DIGITS // 2)
