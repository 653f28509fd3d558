"""The RabbitMQ broker: an exchange that forgets, and for each process a queue of its own that goes with its connection.

`amqp://user:password@host[:port][/vhost]`, `amqps://` for TLS; several URLs, of one cluster, parted by blanks or commas are tried in turn.
"""
import logging
import re
import threading
import time

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from .networked import NetworkedBroker, Receiving, Sending, translated
from .silence import Silence

ERRORS = AMQPError, AMQPConnectorException, OSError
EXCHANGE, EVENTS = "myapp.realtime", "events"       # its other routing keys are the names of the queues
QUEUE = {"x-max-length": 10_000, "x-max-length-bytes": 64 << 20}   # of what a process has yet to take; the oldest go, the table has them
TRANSIENT = pika.BasicProperties(delivery_mode=1)       # never written to disk
# Seconds. A server that is short of memory may hold up a publisher for BLOCKED_S; CLOSE_S is for the server's word when we leave.
HEARTBEAT_S, BLOCKED_S, CONNECT_S, HANDSHAKE_S, CLOSE_S = 5, 5, 2, 3, 1
NEXT_URL = re.compile(r"[\s,]+(?=amqps?://)")


class RabbitBroker(NetworkedBroker):
    def __init__(self, url):
        super().__init__(url)
        try:
            self._servers, self._place = [_parameters(each) for each in NEXT_URL.split(url.strip())], 0
        except (ValueError, TypeError, LookupError):    # not shown: it may quote the part of the password that it could not read
            raise ValueError("must be amqp://user:password@host[:port][/vhost], amqps:// for TLS, special characters of the password and "
                             "the vhost percent-encoded; several are parted by blanks or commas") from None
        logging.getLogger("pika").setLevel(logging.CRITICAL)    # it logs each failure several times, with tracebacks

    def connect(self):
        return RabbitSending(self._open())

    def listen(self):
        return RabbitReceiving(self._open())

    def _open(self):
        """Return a connection to the server that both threads use, and after a failure to the next: one attempt can be waited for."""
        place = self._place
        with translated(*ERRORS):
            try:
                return pika.BlockingConnection(self._servers[place % len(self._servers)])
            except ERRORS:
                self._place = place + 1
                raise


def _parameters(url):
    parameters = pika.URLParameters(url)
    if "heartbeat=" not in url.partition("?")[2]:
        parameters.heartbeat = HEARTBEAT_S
    parameters.blocked_connection_timeout = BLOCKED_S
    parameters.socket_timeout, parameters.stack_timeout, parameters.connection_attempts = CONNECT_S, HANDSHAKE_S, 1
    return parameters


class RabbitConnection:
    """A connection with one channel and the exchange."""

    def __init__(self, connection):
        self._connection = connection
        with translated(*ERRORS, opened=self):
            self._channel = connection.channel()
            self._channel.exchange_declare(EXCHANGE, "direct", durable=False)
            self._prepare()

    def _prepare(self):
        """What else there is to do on the channel."""

    def _look(self, timeout_s):
        """See what has come; heartbeats are answered meanwhile. A channel that the server has closed is an error."""
        self._connection.process_data_events(timeout_s)
        if not self._channel.is_open:
            self._channel.basic_publish("", "", b"")    # raises what it was closed for
            raise AMQPError("the channel was closed")

    def close(self):
        """The driver waits for the server's word, ten seconds of one that hangs: in a thread that nobody waits for so long."""
        closing = threading.Thread(target=self._close, name="realtime-close", daemon=True)
        closing.start()
        closing.join(CLOSE_S)

    def _close(self):
        try:
            self._connection.close()
        except ERRORS:      # closed already, which is what was wanted
            pass


class RabbitSending(RabbitConnection, Sending):
    def send(self, messages):
        with translated(*ERRORS):
            for each in messages:
                self._channel.basic_publish(EXCHANGE, EVENTS, each, TRANSIENT)
            self._look(0)       # for what the server has to say against it


class RabbitReceiving(RabbitConnection, Receiving):
    def _prepare(self):
        self._messages, self._is_cancelled, self._has_heard, self._silence = [], False, False, Silence()
        self.queue = queue = self._channel.queue_declare("", exclusive=True, auto_delete=True, arguments=QUEUE).method.queue
        for key in EVENTS, queue:
            self._channel.queue_bind(queue, EXCHANGE, key)
        self._channel.add_on_cancel_callback(self._cancel)
        self._channel.basic_consume(queue, self._take, auto_ack=True)
        self._insist_on_hearing_myself()

    def receive(self, timeout_s):
        with translated(*ERRORS):
            self._look(timeout_s)
            if self._is_cancelled:
                raise AMQPError("the queue was deleted")
            self._silence.insist(self._send_to_myself)
        messages, self._messages = self._messages, []
        return messages

    def _insist_on_hearing_myself(self):
        deadline = time.monotonic() + HANDSHAKE_S
        self._send_to_myself()
        while not self._has_heard:
            if time.monotonic() >= deadline:
                raise AMQPError("what is published does not come back")
            self._look(deadline - time.monotonic())

    def _take(self, channel, method, properties, body):
        self._silence.end()
        self._has_heard = True
        if method.routing_key == EVENTS:
            self._messages.append(body)

    def _send_to_myself(self):
        """Ask for an answer: heartbeats are looked at once in ten seconds."""
        self._channel.basic_publish(EXCHANGE, self.queue, b"", TRANSIENT)

    def _cancel(self, frame):
        self._is_cancelled = True
