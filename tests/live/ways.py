"""The four ways by which a client listens, with one face, so that what it is told by one can be held against what it is told by another.

A message is what the WebSocket says: {"id", "type", "topic"?, "data", "key"?, "html"?}; without a topic the server speaks for itself.
"""
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from tests.waiting import wait_until

from .websocket import WebSocket

PATIENCE_S = 30.0       # for what must come, on a machine that is busy with other things


class Way:
    """One client: `cursor` is where it stands. A refusal has a `status` other than 200 or 101, `headers`, and its `problem`.

        with Sse(server.addresses[0], "room:7") as listener:
            [event] = listener.take(1)
    """
    HOLDS_A_PLACE = True        # whether it counts among the streams of its user
    CARRIES_TRANSIENT = True
    IS_OPEN = True              # whether it is told that it ends, rather than refused when it asks again
    name = None

    def __init__(self, address, *topics, cursor=None, user=None, **parameters):
        self.address, self.topics, self.cursor = address, topics, cursor
        self.headers_sent = {"X-User": user} if user else {}
        self.parameters = {"fragments": 1, **parameters}
        self.status, self.problem, self.headers = None, None, {}
        self._told = []
        self._begin()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def read(self):
        """Return the next message, None when it is over. What it says of the position is held against what was said before."""
        message = self._told.pop(0) if self._told else self._receive()
        if message and message["id"] and message["type"] != "reset":
            self._move(message["id"], is_event="topic" in message)
        elif message and message["id"]:
            self.cursor = message["id"]
        return message

    def take(self, count):
        """Return the next `count` events; the server says nothing else meanwhile but that it is there."""
        events = []
        while len(events) < count:
            message = self.read()
            assert message and message["type"] not in ("reset", "closing"), message
            events += [message] if "topic" in message else []
        return events

    def next(self, *types):
        """Return the next message, passing over what is of no type of `types`."""
        while (message := self.read()) and message["type"] not in types:
            assert "topic" not in message, message
        return message

    def position(self):
        """Return where it stands, as the server says without an event."""
        return self.next("heartbeat")["id"]

    def end(self):
        """Return why it ends: (reason, topics)."""
        data = self.next("closing")["data"]
        return data["reason"], data.get("topics", [])

    def is_listening(self, house):
        """Whether it would hear at once of what happens now."""
        return True

    def farewell(self, house, stop):
        """Call stop(), which stops the server, while it listens. Returns why it ends."""
        stop()
        reason, _ = self.end()
        assert self.read() is None
        return reason

    def _move(self, id, *, is_event):
        if self.cursor is not None:
            (before, last), (epoch, seq) = ((text.rpartition("-")[0], int(text.rpartition("-")[2])) for text in (self.cursor, id))
            assert epoch == before and (seq > last if is_event else seq >= last), f"{id} after {self.cursor}"
        self.cursor = id

    def _query(self, **more):
        return urlencode([*(("topic", topic) for topic in self.topics), *(self.parameters | more).items()])

    def _ask(self, path, headers):
        """Return (the connection, the answer) to a GET request."""
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        connection.request("GET", path, headers=self.headers_sent | headers)
        response = connection.getresponse()
        self.status, self.headers = response.status, response.headers
        if self.status != 200:
            self.problem = json.loads(response.read())
        return connection, response


class Sse(Way):
    name = "sse"

    def _begin(self):
        self._connection, self._response = self._ask(
            f"/events?{self._query()}", {"Last-Event-ID": self.cursor} if self.cursor else {})
        if self.status == 200:
            self.next("connected")

    def _receive(self):
        """Return the next message: with fragments the data are an envelope, which says its topic."""
        fields = {}
        while line := self._response.readline().decode().removesuffix("\n"):
            name, _, fields[name] = line.partition(": ")
        if "event" not in fields:
            return None
        data = json.loads(fields["data"])
        said = data if "topic" in data else {"type": fields["event"], "data": data}
        return {"id": fields.get("id"), **said}

    def close(self):
        self._response.close()
        self._connection.close()


class Socket(Way):
    name = "websocket"

    def _begin(self):
        parameters = self.parameters | ({"last_event_id": self.cursor} if self.cursor else {})
        self._socket = WebSocket(self.address, *self.topics, headers=self.headers_sent, **parameters)
        self._socket.socket.settimeout(PATIENCE_S)
        self.status = self._socket.status
        if self.status == 101:
            self.next("connected")
        else:
            self.problem = self._socket.problem
            self.headers = dict(line.split(": ", 1) for line in self._socket.head.split("\r\n")[1:])

    def _receive(self):
        message = self._socket.message()
        return message if isinstance(message, dict) else None

    def close(self):
        self._socket.socket.close()


class LongPoll(Way):
    IS_OPEN = False
    name = "longpoll"
    wait_s = 25

    def _begin(self):
        self._poll(0)

    def _receive(self):
        wait_until(lambda: self._poll(self.wait_s) or self._told, timeout_s=PATIENCE_S)
        return self._told.pop(0)

    def position(self):
        self._poll(min(self.wait_s, 1))
        assert not self._told
        return self.cursor

    def end(self):
        wait_until(lambda: self._poll(self.wait_s) or self.status != 200, timeout_s=PATIENCE_S)
        return {401: "revoked", 403: "revoked"}[self.status], self.problem["topics"]

    def is_listening(self, house):
        return house.hub._places.waiting > 0

    def farewell(self, house, stop):
        """Its answer comes early, tells nothing, and lets it keep its cursor."""
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(self._poll, self.wait_s)
            wait_until(lambda: self.is_listening(house))
            stop()
            asking.result(PATIENCE_S)
        return "shutdown" if self.status == 200 and not self._told else None

    def _poll(self, wait_s):
        """Ask once; what is told waits to be read."""
        connection, response = self._ask(
            f"/events/poll?{self._query(wait=wait_s)}", {"Last-Event-ID": self.cursor} if self.cursor else {})
        if self.status == 200:
            self._take(json.loads(response.read()))
        connection.close()

    def _take(self, answer):
        self._told += answer["events"]
        if answer["reset"]:
            self._told.append({"id": answer["cursor"], "type": "reset", "data": answer["reset"]})
        elif answer["cursor"] and not answer["events"]:
            self._move(answer["cursor"], is_event=False)

    def close(self):
        pass


class Poll(LongPoll):
    HOLDS_A_PLACE = CARRIES_TRANSIENT = False
    name = "poll"
    wait_s = 0

    def is_listening(self, house):
        """Nothing is kept for it between two questions."""
        return True

    def farewell(self, house, stop):
        """It is not there."""
        stop()


WAYS = Sse, Socket, LongPoll, Poll
