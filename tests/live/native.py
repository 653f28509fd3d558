"""Clients of streams that others wrote, each used as its own documentation has it; and what is played before them."""
import json
import subprocess
import threading
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx
import httpx_sse
import sseclient
import websockets.exceptions
import websockets.sync.client

from tests.services import library, program
from tests.waiting import wait_until

from .api import Api

TOPIC, EVENT = "news", "news_told"      # of the board
CONTROL = "connected", "heartbeat", "reset", "closing"
PATIENCE_S = 30.0       # for what all must be told; it takes a second
SILENCE_S = 20.0        # of a stream with heartbeats: then something is wrong
PAUSE_S = 0.5           # before one comes back: each attempt takes processor time from the server that starts
PING_S = 1.0             # between two pings of a WebSocket's client; its own default is 20 s
SETTINGS = {"realtime.heartbeat": "300ms"}      # to be played with

LISTEN = """
import { EventSource } from %s;
const source = new EventSource(process.argv[1]);
for (const type of %s)
    source.addEventListener(type, ({ lastEventId, data }) => console.log(JSON.stringify({ type, id: lastEventId, data })));
"""


@dataclass(frozen=True)
class Told:
    """What a client gives to the program that uses it. id: None or "" where it has none to give."""
    type: str
    id: str | None
    data: str


class Visitor:
    """A client that ends with its connection: a thread calls it again and again, with the id that it was told last.

    `told` is all that it was told, in order; any thread may read it.
    """

    def __init__(self, visit, address):
        """visit(address, cursor): one connection, an iterable of Told; cursor None the first time."""
        self.told, self._visit, self._address, self._is_over = [], visit, address, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def leave(self):
        """For when the server is gone, and so the connection is over."""
        self._is_over.set()
        self._thread.join()

    def _run(self):
        cursor = None
        while not self._is_over.is_set():
            with suppress(OSError, httpx.TransportError, websockets.exceptions.WebSocketException):
                for told in self._visit(self._address, cursor):
                    self.told.append(told)
                    cursor = told.id or cursor
            self._is_over.wait(PAUSE_S)


class NodeEventSource:
    """npm's `eventsource`: it comes back by itself."""

    def __init__(self, address):
        self.told, script = [], LISTEN % (json.dumps(library("eventsource/dist/index.js").as_uri()), json.dumps([EVENT, *CONTROL]))
        self._process = subprocess.Popen([program("node"), "--input-type=module", "--eval", script, events(address)],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def leave(self):
        self._process.kill()
        self._thread.join()
        self._process.wait()
        self._process.stdout.close()

    def _run(self):
        for line in self._process.stdout:
            self.told.append(Told(**json.loads(line)))


# One connection of those that do not

def curl(address, cursor):
    """`curl -N`, whose lines are read as a shell script would."""
    headers = [argument for item in last_event_id(cursor).items() for argument in ("-H", "{}: {}".format(*item))]
    with subprocess.Popen([program("curl"), "--no-buffer", "--silent", *headers, events(address)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        fields = {}
        for line in process.stdout:
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            else:
                yield Told(fields["event"], fields.get("id"), fields["data"])
                fields = {}


def httpx_with_sse(address, cursor):
    with (httpx.Client(timeout=SILENCE_S, verify=False) as client,     # else it reads all certificates that there are, each time
          httpx_sse.connect_sse(client, "GET", events(address), headers=last_event_id(cursor)) as source):
        for event in source.iter_sse():
            yield Told(event.event, event.id, event.data)


def urllib_with_sseclient(address, cursor):
    request = urllib.request.Request(events(address), headers={"Accept": "text/event-stream"} | last_event_id(cursor))
    with urllib.request.urlopen(request, timeout=SILENCE_S) as response:
        for event in sseclient.SSEClient(response).events():
            yield Told(event.event, event.id, event.data)


def websocket(address, cursor):
    again = f"&last_event_id={cursor}" if cursor else ""
    url = "ws://{}:{}/events/socket?topic={}".format(*address, TOPIC) + again
    with websockets.sync.client.connect(url, ping_interval=PING_S, ping_timeout=SILENCE_S) as connection:
        for text in connection:
            message = json.loads(text)
            yield Told(message["type"], message["id"], json.dumps(message["data"]))


def events(address):
    return "http://{}:{}/events?topic={}".format(*address, TOPIC)


def last_event_id(cursor):
    return {"Last-Event-ID": cursor} if cursor else {}


VISITS = {"curl": curl, "httpx-sse": httpx_with_sse, "sseclient-py": urllib_with_sseclient, "websockets": websocket}


@contextmanager
def clients(server):
    """Within, {name: client} of all that are no browser's; on leaving it the server is killed."""
    clients = {name: Visitor(visit, server.address) for name, visit in VISITS.items()}
    clients["eventsource"] = NodeEventSource(server.address)
    try:
        yield clients
    finally:
        server.end()
        for client in clients.values():
            client.leave()


def play(server, clients):
    """Publish before all of them, while the server is told to stop, killed and started again. Returns the ids, in order.

    It goes on when a client is not told of all: that is for a test to say.
    """
    await_all(clients, "connected", 1)
    seqs = publish(server, 2)
    await_all(clients, EVENT, len(seqs))
    await_all(clients, "heartbeat", 2)
    for end in (stop, type(server).kill):
        end(server)
        server.start()
        seqs += publish(server, 2)      # whoever came back at once has been told live, all others must be told of what they missed
        await_all(clients, EVENT, len(seqs))
        seqs += publish(server, 1)
        await_all(clients, EVENT, len(seqs))
    epoch = Api(server.address).ask("GET", f"/events/poll?topic={TOPIC}").json["cursor"].partition("-")[0]
    return [f"{epoch}-{seq}" for seq in seqs]


def stop(server):
    server.tell_to_stop()
    server.wait()


def publish(server, count):
    return Api(server.address).ask("POST", f"/tell?count={count}").json


def await_all(clients, type, count):
    with suppress(AssertionError):
        wait_until(lambda: all(sum(told.type == type for told in client.told) >= count for client in clients), timeout_s=PATIENCE_S)


def assert_told(told, ids):
    """told: what a client was told in the play which made these events."""
    types = [each.type for each in told]
    assert [each.id for each in told if each.type == EVENT] == ids
    assert all(json.loads(each.data) == {"text": "x" * 10} for each in told if each.type == EVENT)
    assert types.count("connected") >= 3 and types.count("heartbeat") >= 2 and "reset" not in types
    assert [json.loads(each.data) for each in told if each.type == "closing"] == [{"reason": "shutdown"}]
