"""myapp-publish: an event from a shell, seen on an open stream; what cannot be published is refused in one line."""
import json

import pytest

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


@pytest.mark.parametrize(("arguments", "wanted"), [
    (("unheard-of", "user_created", "{}"), ["unheard-of", "users"]),
    (("no topic", "user_created", "{}"), ["'no topic'", "must be"]),
    (("users", "no type", "{}"), ["'no type'", "must be"]),
    (("users", "user_created", "{not json"), ["JSON"]),
    (("users", "user_created", "[1]"), ["JSON object"]),
    (("users", "user_created", '{"n": NaN}'), ["JSON"]),
], ids=["unknown topic", "bad topic", "bad type", "no JSON", "no object", "NaN"])
def test_what_cannot_be_published_is_refused_in_one_line(server, arguments, wanted):
    done = run("myapp-publish", server.ini, *arguments)
    assert done.returncode == 1
    complaints = [line for line in done.stderr.splitlines() if line.startswith("myapp-publish: ")]
    assert len(complaints) == 1 and all(part in complaints[0] for part in wanted), done.stderr
    assert done.stderr.rstrip().endswith(complaints[0])
    assert "Traceback" not in done.stderr and done.stdout == ""
