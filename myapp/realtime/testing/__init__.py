"""For tests of applications: streams without a server. For tests of brokers: the contract that each one passes.

    from myapp.realtime.testing import TestApp

    config.include("myapp.realtime.testing")        # after the add-on itself: no server is needed, whatever the ini says
    testapp = TestApp(config.make_wsgi_app())
    with testapp.stream("/events?topic=users") as stream:
        testapp.post_json("/api/users", {...})
        assert stream.take(1)[0].type == "user_created"
"""
import time
from dataclasses import dataclass

import webtest

from ..brokers.memory import MemoryBroker
from ..core.event import CONTROLS
from .broker_contract import BrokerContract
from .networked_contract import NetworkedBrokerContract

__all__ = ["BrokerContract", "Message", "NetworkedBrokerContract", "TestApp", "TestStream", "includeme"]


def includeme(config):
    """Have events carried within the process, by the memory broker, whatever `realtime.broker` says."""
    config.include("myapp.realtime")
    config.registry.realtime.make_broker = MemoryBroker


@dataclass(frozen=True)
class Message:
    """One event of a stream as a client reads it."""
    id: str | None
    type: str
    data: str           # JSON text


class TestStream:
    """A stream that the test itself sends and reads, in its own thread. A context manager: it leaves the hub at the end."""
    __test__ = False

    def __init__(self, stream):
        self._stream, self._rest, self._messages, self._is_over = stream, b"", [], False

    def take(self, count, *, timeout=2.0, controls=False):
        """Return the next `count` messages, a list of Message. Raises TimeoutError, which says what came, after `timeout` seconds.

        controls: whether connected, heartbeat, reset and closing count too; else they are passed over.
        """
        deadline, taken = time.monotonic() + timeout, []
        while len(taken) < count:
            if not self._messages and not self._read(deadline - time.monotonic()):
                raise TimeoutError(f"{len(taken)} of {count} messages within {timeout} s: {taken}")
            taken += [message for message in [self._messages.pop(0)] if controls or message.type not in CONTROLS]
        return taken

    def _read(self, timeout_s):
        while not self._messages:
            chunk = self._stream.next()
            if not chunk and (self._is_over or not self._stream.feed.wait(self._stream, max(0, timeout_s))):
                return False
            if not chunk and self._stream.closing:
                chunk, self._is_over = self._stream.last_words(), True
            self._parse(chunk)
        return True

    def _parse(self, chunk):
        *frames, self._rest = (self._rest + chunk).split(b"\n\n")
        for frame in frames:
            fields = dict(line.split(": ", 1) for line in frame.decode().split("\n"))
            self._messages.append(Message(fields.get("id"), fields["event"], fields["data"]))

    def close(self):
        """Leave the hub."""
        self._stream.feed.hub.leave(self._stream)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class TestApp(webtest.TestApp):
    """WebTest's, with streams."""
    __test__ = False

    def stream(self, url, **options):
        """GET a stream and return it as a TestStream; `options` are those of `get`. Raises webtest.AppError when it is refused."""
        taken = []
        environ = {**(options.pop("extra_environ", None) or {}), "myapp.hand_over": taken.append}
        self.get(url, extra_environ=environ, **options)
        return TestStream(taken[0])
