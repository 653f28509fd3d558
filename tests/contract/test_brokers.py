"""The contract of brokers, held against each one that there is."""
import pytest

from myapp.realtime.brokers import find_broker
from myapp.realtime.brokers.memory import MemoryBroker
from myapp.realtime.testing.broker_contract import BrokerContract


class TestMemoryBroker(BrokerContract):
    def make_broker(self):
        return MemoryBroker("memory://")


def test_the_scheme_names_the_broker():
    assert isinstance(find_broker("memory://", {}), MemoryBroker)


def test_a_broker_that_is_added_wins():
    assert find_broker("memory://x", {"memory": lambda url: url.upper()}) == "MEMORY://X"


def test_a_misspelt_scheme_names_the_nearest():
    with pytest.raises(ValueError, match=r"no such broker; use memory://.*did you mean 'memory'"):
        find_broker("memroy://", {})
