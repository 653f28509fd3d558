"""A private channel of the updates, from its page to its socket: live for its members, closed to everybody else."""
import secrets

import pytest

from .api import Api
from .stream import Stream
from .websocket import WebSocket

PASSWORD = "correct horse"
WITHIN_S = 30.0     # the order that ends a stream comes at once; a busy machine takes its time


class Person(Api):
    """A new member of the staff, who signs in by a token."""

    def __init__(self, address, admin, name):
        super().__init__(address)
        self.user = admin.create(name, password=PASSWORD)
        answer = self.ask("POST", "/api/tokens", {"username": self.user["email"], "password": PASSWORD})
        assert answer.status == 201, answer
        self.headers = {"Authorization": f"Bearer {answer.json['token']}"}


@pytest.fixture
def admin(server):
    return Api(server.address)


@pytest.fixture
def channel(admin):
    """The name of a new private channel, whose only member is the admin."""
    name = f"staff-{secrets.token_hex(4)}"
    assert admin.ask("POST", "/api/channels", {"name": name, "visibility": "private"}).status == 201
    return name


def statuses(server, person, channel):
    """Return how each way to the updates of a channel answers: page, API, stream, poll, socket."""
    topic = f"updates:{channel}"
    with (Stream(server.address, topic, headers=person.headers) as stream,
          WebSocket(server.address, topic, headers=person.headers) as socket):
        return {"page": person.ask("GET", f"/updates/{channel}").status, "api": person.ask("GET", f"/api/updates?channel={channel}").status,
                "stream": stream.status, "poll": person.ask("GET", f"/events/poll?topic={topic}").status, "socket": socket.status}


def test_a_private_channel_is_live_for_a_member_in_all_five_ways_until_he_is_taken_off_and_for_nobody_else(server, admin, channel):
    ada, bob = (Person(server.address, admin, name) for name in ("Ada", "Bob"))
    member, topic = f"/api/channels/{channel}/members/{ada.user['id']}", f"updates:{channel}"
    assert admin.ask("PUT", member).status == 204
    assert statuses(server, ada, channel) == {"page": 200, "api": 200, "stream": 200, "poll": 200, "socket": 101}
    assert set(statuses(server, bob, channel).values()) == {403}
    with (Stream(server.address, topic, headers=ada.headers) as stream,
          WebSocket(server.address, topic, headers=ada.headers) as socket):
        begun = stream.first("connected").id
        assert socket.message()["type"] == "connected"
        update = admin.ask("POST", "/api/updates", {"channel": channel, "text": "Wages"}).json
        wanted = [("update_created", update), ("updates_changed", {"update_id": update["id"]})]
        assert [(frame.type, frame.data) for frame in stream.take(2)] == wanted
        assert [(event["type"], event["data"]) for event in socket.events(2)] == wanted
        polled = ada.ask("GET", f"/events/poll?topic={topic}&last_event_id={begun}").json["events"]
        assert [(event["type"], event["data"]) for event in polled] == wanted
        assert "Wages" in ada.ask("GET", f"/updates/{channel}").text

        assert admin.ask("DELETE", member).status == 204
        stream.wait_for_end(timeout_s=WITHIN_S)
        assert stream.frames[-1].data == {"reason": "revoked", "topics": [topic]}
        assert next(message for message in socket.rest() if isinstance(message, dict))["data"] == {"reason": "revoked", "topics": [topic]}
    assert set(statuses(server, ada, channel).values()) == {403}
    assert "Wages" not in ada.ask("GET", "/updates").text and ada.ask("GET", f"/api/updates/{update['id']}").status == 403
