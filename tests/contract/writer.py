"""Somebody who writes events in transactions with pauses, and gives up every fifth. A thread's function, and a process's program."""
import random
import sys
import time

from myapp import db
from myapp.realtime.core.event import Event
from myapp.realtime.log import Log

TRANSACTIONS = 40
LONGEST_PAUSE_S = 0.004     # within a transaction, before and after the lock: writers overtake each other. It waits for nothing
GIVEN_UP = 0.2


def write(engine, log, name):
    """Write as `name`. Returns the data of the events that were committed, a list of text in the order of the commits."""
    dice, committed = random.Random(name), []
    for number in range(TRANSACTIONS):
        events = [Event(None, None, "t", "x", f'{{"n": "{name}.{number}.{part}"}}') for part in range(dice.choice([1, 1, 2, 5]))]
        connection = engine.connect()
        with connection:
            transaction = connection.begin()
            time.sleep(dice.random() * LONGEST_PAUSE_S)
            log.append(connection, events)
            time.sleep(dice.random() * LONGEST_PAUSE_S)
            if dice.random() < GIVEN_UP:
                transaction.rollback()
            else:
                transaction.commit()
                committed += [event.data for event in events]
    return committed


if __name__ == "__main__":
    engine = db.create_engine({"sqlalchemy.url": sys.argv[1]})
    print("\n".join(write(engine, Log(engine), sys.argv[2])))
