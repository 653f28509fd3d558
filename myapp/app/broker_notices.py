"""Tells the pages of this process when its broker comes or goes. What they then show, they read anew."""
from functools import partial

from myapp.realtime import BrokerLost, BrokerRestored, session

from .topics import BROKER, BROKER_CHANGED


def tell(registry, state, notice):
    """Publish that the broker is "up" or "down": transient, so that it takes no database. A thread of the broker."""
    with session(registry) as realtime:
        realtime.publish(BROKER, BROKER_CHANGED, {"state": state}, transient=True)


def includeme(config):
    for notice, state in (BrokerLost, "down"), (BrokerRestored, "up"):
        config.add_subscriber(partial(tell, config.registry, state), notice)
