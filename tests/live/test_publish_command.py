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


def test_what_cannot_be_published_is_refused_in_one_line(server):
    done = run("myapp-publish", server.ini, "unheard-of", "user_created", "{}")
    assert done.returncode == 1
    complaints = [line for line in done.stderr.splitlines() if line.startswith("myapp-publish: ")]
    assert len(complaints) == 1 and "unheard-of" in complaints[0] and "users" in complaints[0], done.stderr
    assert done.stderr.rstrip().endswith(complaints[0])
    assert "Traceback" not in done.stderr and done.stdout == ""
