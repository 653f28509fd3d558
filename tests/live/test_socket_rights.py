"""GET /events/socket of the application: a client may what its account and its token may, as long as they may."""
from contextlib import suppress

import pytest

from .api import Api
from .websocket import WebSocket

METRIC = {"topic": "metric:hall", "type": "value", "data": {"value": 21.5}}


@pytest.mark.parametrize("scopes", [None, ["read:users", "publish:metric:hall"], ["read:users", "publish:metric:attic"]])
def test_in_the_application_the_socket_may_do_what_its_account_and_its_token_may(server, scopes):
    """Without a token it is the account of myapp.auto_login."""
    api, headers = Api(server.address), {}
    if scopes is not None:
        answer = api.ask("POST", "/api/tokens", {"name": "sensor", "scopes": scopes})
        assert answer.status == 201, answer
        headers = {"Authorization": f"Bearer {answer.json['token']}"}
    with WebSocket(server.address, "users", headers=headers, fragments=1) as ws:
        assert ws.message()["type"] == "connected"
        user = api.create("Ada Lovelace")
        [event] = ws.events(1)
        assert event["data"] == user and event["key"] == f"user-{user['id']}" and event["html"].startswith("<tr ")
        statuses = []
        for said in {"publish": METRIC}, {"subscribe": ["channels"]}, {"publish": METRIC | {"topic": "updates:general"}}:
            ws.say(said)
            statuses.append(ws.answer().get("error", {}).get("status"))
        may_publish = scopes is None or "publish:metric:hall" in scopes
        assert statuses == [None if may_publish else 403, None if scopes is None else 403, 403]


def test_in_the_application_a_socket_ends_when_its_token_is_revoked_and_publishes_nothing_more(server):
    token = Api(server.address).ask("POST", "/api/tokens", {"name": "sensor", "scopes": ["read:users", "publish:metric:*"]}).json["token"]
    mine = Api(server.address, {"Authorization": f"Bearer {token}"})
    with WebSocket(server.address, "users", headers=mine.headers) as ws:
        assert ws.message()["type"] == "connected"
        assert mine.ask("DELETE", "/api/tokens/current").status == 204
        with suppress(OSError):
            ws.say({"publish": METRIC})
        told = [message for message in ws.rest() if isinstance(message, int) or "ok" in message or message.get("type") == "closing"]
    assert told == [{"id": None, "type": "closing", "data": {"reason": "revoked"}}, 1008]
