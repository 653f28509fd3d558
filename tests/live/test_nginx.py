"""A real nginx before the server: with its own settings streams come through at once, and WebSockets with those that they need."""
from urllib.parse import urlsplit

import pytest

from tests import servers

from .board import Board
from .inside import serving
from .native import EVENT, VISITS, Visitor, await_all


@pytest.mark.parametrize("name", ["curl", "websockets"])
def test_events_come_through_nginx_at_once_one_by_one(migrated_sqlite, name):
    with Board(migrated_sqlite, {"realtime.heartbeat": "300ms"}) as board, serving(board) as server:
        with servers.Nginx(server.addresses[0]) as nginx:
            url = urlsplit(nginx.url["plain"])
            client = Visitor(VISITS[name], (url.hostname, url.port))
            await_all([client], "heartbeat", 1)
            seqs = board.publish(1)
            await_all([client], EVENT, 1)
            seqs += board.publish(1)
            await_all([client], EVENT, 2)
            server.stop()
            await_all([client], "closing", 1)
        client.leave()
    told = [each for each in client.told if each.type != "heartbeat"]
    assert [each.type for each in told] == ["connected", EVENT, EVENT, "closing"]
    assert [each.id for each in told][1:3] == [board.cursor(seq) for seq in seqs]
