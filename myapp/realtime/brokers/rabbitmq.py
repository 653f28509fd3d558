"""The RabbitMQ broker: a fanout exchange that forgets, and for each process a queue of its own that goes with its connection.

`amqp://user:password@host[:port][/vhost]`, `amqps://` for TLS; several URLs parted by blanks or commas are tried in turn.
"""
import logging
import re
from contextlib import contextmanager
from itertools import cycle

import pika
from pika.exceptions import AMQPError

from ..errors import BrokerUnavailable
from .networked import NetworkedBroker, Receiving, Sending

EXCHANGE = "myapp.realtime"
QUEUE = {"x-max-length": 10_000, "x-max-length-bytes": 64 << 20}   # of what a process has yet to take; the oldest go, the table has them
TRANSIENT = pika.BasicProperties(delivery_mode=1)       # never written to disk
# Seconds. A peer is taken for dead after two heartbeats; a server that is short of memory may hold up a publisher for BLOCKED_S.
HEARTBEAT_S, BLOCKED_S, CONNECT_S, HANDSHAKE_S = 5, 5, 2, 3
NEXT_URL = re.compile(r"[\s,]+(?=amqps?://)")


class RabbitBroker(NetworkedBroker):
    def __init__(self, url):
        super().__init__(url)
        try:
            self._servers = cycle([_parameters(each) for each in NEXT_URL.split(url.strip())])
        except (ValueError, TypeError):     # not shown: it may quote the part of the password that it could not read
            raise ValueError("must be amqp://user:password@host[:port][/vhost], amqps:// for TLS, special characters of the password and "
                             "the vhost percent-encoded; several are parted by blanks or commas") from None
        logging.getLogger("pika").setLevel(logging.CRITICAL)    # it logs each failure several times, with tracebacks

    def connect(self):
        return RabbitSending(self._open())

    def listen(self):
        return RabbitReceiving(self._open())

    def _open(self):
        """Return a connection to the next server in turn, for one attempt at a time can be waited for."""
        with _translated():
            return pika.BlockingConnection(next(self._servers))


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
        with _translated(self):
            self._channel = connection.channel()
            self._channel.exchange_declare(EXCHANGE, "fanout", durable=False)
            self._prepare()

    def _prepare(self):
        """What else there is to do on the channel."""

    def close(self):
        try:
            self._connection.close()
        except (AMQPError, OSError):    # closed already, which is what was wanted
            pass


class RabbitSending(RabbitConnection, Sending):
    def send(self, messages):
        with _translated():
            for each in messages:
                self._channel.basic_publish(EXCHANGE, "", each, TRANSIENT)
            self._connection.process_data_events(0)     # what the server has to say against it; and heartbeats are answered here


class RabbitReceiving(RabbitConnection, Receiving):
    def _prepare(self):
        self._messages, self._is_cancelled = [], False
        self.queue = queue = self._channel.queue_declare("", exclusive=True, auto_delete=True, arguments=QUEUE).method.queue
        self._channel.queue_bind(queue, EXCHANGE)
        self._channel.add_on_cancel_callback(self._cancel)
        self._channel.basic_consume(queue, self._take, auto_ack=True)

    def receive(self, timeout_s):
        with _translated():
            self._connection.process_data_events(timeout_s)
            if self._is_cancelled:
                raise AMQPError("the queue was deleted")
        messages, self._messages = self._messages, []
        return messages

    def _take(self, channel, method, properties, body):
        self._messages.append(body)

    def _cancel(self, frame):
        self._is_cancelled = True


@contextmanager
def _translated(opened=None):
    """Errors of the driver become BrokerUnavailable; `opened`, a connection that is being made, is closed."""
    try:
        yield
    except (AMQPError, OSError) as error:
        if opened is not None:
            opened.close()
        raise BrokerUnavailable(f"{type(error).__name__} {error}".strip()) from error
