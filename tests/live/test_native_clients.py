"""Programs that listen with a library of their own choice, and not with ours: nothing is lost or doubled for them either."""
import shutil

import pytest

from .native import SETTINGS, VISITS, assert_told, clients, play
from .server import Server


@pytest.fixture(scope="module")
def played(sqlite_template, tmp_path_factory):
    """(what each was told, the ids of all events), when all is over. They listen side by side, for to start a server takes a second."""
    folder = tmp_path_factory.mktemp("native")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder)}"
    server = Server(folder, url, SETTINGS, factory="call:tests.live.board:main").start()
    with clients(server) as listening:
        ids = play(server, listening.values())
    return {name: client.told for name, client in listening.items()}, ids


@pytest.mark.parametrize("name", [*VISITS, "eventsource"])
def test_a_client_is_told_of_each_event_once_though_the_server_stops_and_is_killed(played, name):
    told, ids = played
    assert_told(told[name], ids)
