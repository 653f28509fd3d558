"""`pserve --reload`: the process is started anew while streams are open."""
import os
import subprocess
import time
from contextlib import closing

import pytest

from .api import Api
from .board import NEWS
from .crowd import Client
from .server import command

LOOK_S = 4.0            # for a change to be seen; it mostly takes one
RESTART_S = 15.0        # on a busy machine; it takes two or three


@pytest.fixture
def server(start_server, migrated_sqlite):
    """A process that watches the ini file it was started with, among others."""
    server = start_server(migrated_sqlite, factory="call:tests.live.board:main", starter=lambda ini: [command("pserve"), "--reload", ini])
    yield server
    server.tell_to_stop()       # kill -9 would leave its child behind
    server.wait()


def test_when_a_file_changes_streams_are_told_and_can_be_opened_again(server):
    with closing(Client(server.address, NEWS)) as client:
        client.read_until(lambda client: client.is_connected)
        begun = time.monotonic()
        client.socket.settimeout(LOOK_S)
        change(server.ini)
        while not client.is_over:
            assert time.monotonic() - begun < RESTART_S
            if client.read() is None:       # whoever looks for changes may have begun to look after the last one
                change(server.ini)
        assert client.reasons("closing") == ["shutdown"]
    client = opened_again(server, begun)
    with closing(client):
        seqs = Api(server.address).ask("POST", "/tell?count=2").json
        client.read_until(lambda client: client.seqs == seqs)


def change(path):
    os.utime(path, (time.time() + 5, time.time() + 5))


def opened_again(server, begun):
    while True:
        assert time.monotonic() - begun < RESTART_S, server.log
        try:
            return Client(server.address, NEWS).read_until(lambda client: client.is_connected)
        except OSError:         # nobody listens yet
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(0.1)
