"""Loops that are closed after each test, with nobody left behind."""
import pytest

from .hubs import Served, Valve


@pytest.fixture
def serve():
    """A function that makes a Served."""
    made = []

    def make(*arguments, **options):
        made.append(Served(*arguments, **options))
        return made[-1]
    yield make
    for served in made:
        served.close()
        assert served.is_empty, "somebody is left behind"


@pytest.fixture
def valve():
    return Valve()
