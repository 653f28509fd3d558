"""Somebody who has opened a WebSocket, without a server: what he says is done at once, in the test's thread."""
import json

from tests.frames import ASKING, CLOSE, TEXT, code_of, read_frames, said

WAYS = {"SERVER_PROTOCOL": "HTTP/1.1"}


class Speaker:
    """A context manager, which leaves the hub. `client` is a TestApp of the application; headers: those that say who he is.

        with Speaker(client, "users") as speaker:
            assert speaker.say({"subscribe": ["channels"]}) == {"ok": True}
    """

    def __init__(self, client, *topics, headers=None):
        taken = []
        client.get("/events/socket", params=[("topic", topic) for topic in topics], headers={**ASKING, **(headers or {})},
                   extra_environ={**WAYS, "myapp.hand_over": taken.append}, status=101)
        self.stream, = taken

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.stream.leave()

    def say(self, value):
        """Return the answer to what JSON can say."""
        return self.say_text(json.dumps(value))

    def say_text(self, text):
        """Return the answer to one message, text or bytes: what its JSON says, or the code of a close."""
        dialogue = self.stream.dialogue
        told = dialogue.hear(said(text))
        while task := dialogue.begin():
            outcome = task()
            dialogue.finish()
            told += outcome.answer
            if outcome.topics is not None:
                self.stream.feed.hub.move(self.stream, outcome.topics)
        [(opcode, payload)], rest = read_frames(told)
        assert opcode in (TEXT, CLOSE) and not rest
        return json.loads(payload) if opcode == TEXT else code_of(payload)
