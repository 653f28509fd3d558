"""myapp-publish: an event from a shell, seen on an open stream. All that is refused: tests/functional/test_commands.py."""
import json

from .server import run
from .stream import Stream


def test_what_is_published_from_a_shell_is_seen_on_an_open_stream(server):
    data = {"id": 7, "name": "Zoë\r\nevent: planted\u2028</script>"}
    with Stream(server.address, "users") as stream:
        connected = stream.first("connected")
        done = run("myapp-publish", server.ini, "users", "user_nudged", json.dumps(data))
        assert done.returncode == 0, done.stderr
        event, = stream.take(1)
    assert (event.type, event.data, event.seq) == ("user_nudged", data, connected.seq + 1)
