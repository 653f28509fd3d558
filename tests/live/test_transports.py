"""Each transport keeps the same promises: transport_contract.py has them."""
import pytest

from .house import House
from .inside import serving
from .transport_contract import SETTINGS, TransportContract, url_of
from .ways import LongPoll, Poll, Socket, Sse


@pytest.fixture(scope="module")
def house(sqlite_template, tmp_path_factory):
    with House(url_of(sqlite_template, tmp_path_factory.mktemp("house")), SETTINGS) as house:
        yield house


@pytest.fixture(scope="module")
def address(house):
    with serving(house, threads="4") as server:
        yield server.addresses[0]


class TestServerSentEvents(TransportContract):
    way = Sse


class TestWebSocket(TransportContract):
    way = Socket


class TestLongPoll(TransportContract):
    way = LongPoll


class TestPoll(TransportContract):
    way = Poll
