"""The Redis broker: one channel of its publish and subscribe. What a slow or cut subscriber misses, Redis forgets; the table has it.

`redis://[[user]:password@]host[:port]`, `rediss://` for TLS; a database number means nothing here, for channels have none.
"""
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .networked import NetworkedBroker, Receiving, Sending, translated
from .silence import Silence

ERRORS = redis.RedisError, OSError
CHANNEL = "myapp.realtime"
TIMEOUT_S = 1.0         # for a connection and for an answer; Redis answers within a millisecond or has a problem
AT_ONCE, TOGETHER_S = 1000, 0.05    # messages, or the time, received before they are passed on


class RedisBroker(NetworkedBroker):
    def __init__(self, url):
        super().__init__(url)
        try:
            self._client().connection_pool.make_connection()        # which connects to nothing yet
        except (ValueError, TypeError):     # not shown: it may quote the part of the password that it could not read
            raise ValueError("must be redis://[[user]:password@]host[:port], rediss:// for TLS, special characters of the password "
                             "percent-encoded") from None

    def connect(self):
        return RedisSending(self._client())

    def listen(self):
        return RedisReceiving(self._client())

    def _client(self):
        """Return a client with no connection yet, whose calls fail once and at once: the driver's own retries last seconds."""
        return redis.Redis.from_url(self.url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, socket_keepalive=True,
                                    retry=Retry(NoBackoff(), 0), health_check_interval=0)


class RedisSending(Sending):
    def __init__(self, client):
        self._client = client
        with translated(*ERRORS, opened=self):
            client.ping()

    def send(self, messages):
        with translated(*ERRORS):
            pipeline = self._client.pipeline(transaction=False)
            for each in messages:
                pipeline.publish(CHANNEL, each)
            for answer in pipeline.execute(raise_on_error=False):       # else the error would have the message in it
                if isinstance(answer, redis.RedisError):
                    raise answer

    def close(self):
        self._client.close()


class RedisReceiving(Receiving):
    def __init__(self, client):
        self._client, self._pubsub, self._silence = client, client.pubsub(), Silence()
        with translated(*ERRORS, opened=self):
            self._pubsub.subscribe(CHANNEL)
            if (self._pubsub.get_message(timeout=TIMEOUT_S) or {}).get("type") != "subscribe":
                raise redis.TimeoutError("it does not confirm the subscription")

    def receive(self, timeout_s):
        with translated(*ERRORS):
            messages, deadline = [], None
            while len(messages) < AT_ONCE and self._is_ready(timeout_s if deadline is None else 0, deadline):
                answer = self._pubsub.get_message(timeout=TIMEOUT_S)        # all of it, though only a part may be here
                deadline = deadline or time.monotonic() + TOGETHER_S
                if answer is None:
                    raise redis.TimeoutError("a message has begun and does not go on")
                self._silence.end()
                if answer["type"] == "subscribe":       # the driver has connected again by itself; what came between is lost
                    raise redis.ConnectionError("the connection was cut")
                if answer["type"] == "message":
                    messages.append(answer["data"])
            self._silence.insist(self._pubsub.ping)
            return messages

    def _is_ready(self, timeout_s, deadline):
        return (deadline is None or time.monotonic() < deadline) and self._pubsub.connection.can_read(timeout_s)

    def close(self):
        self._pubsub.close()
        self._client.close()
