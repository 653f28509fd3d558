"""The Redis broker: one channel of its publish and subscribe. What a slow or cut subscriber misses, Redis forgets; the table has it.

`redis://[[user]:password@]host[:port]`, `rediss://` for TLS; a database number means nothing here, for channels have none.
"""
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .networked import NetworkedBroker, Receiving, Sending, translated
from .silence import Silence

ERRORS = redis.RedisError, OSError
CHANNEL = "myapp.realtime"
TIMEOUT_S = 1.0         # for a connection and for an answer; Redis answers within a millisecond or has a problem
AT_ONCE = 1000          # messages received before they are passed on


class RedisBroker(NetworkedBroker):
    def __init__(self, url):
        super().__init__(url)
        try:
            self._client()
        except ValueError:      # not shown: it may quote the part of the password that it could not read
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
            pipeline.execute()

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
            messages = []
            while len(messages) < AT_ONCE and (answer := self._pubsub.get_message(timeout=0 if messages else timeout_s)):
                self._silence.end()
                if answer["type"] == "subscribe":       # the driver has connected again by itself; what came between is lost
                    raise redis.ConnectionError("the connection was cut")
                if answer["type"] == "message":
                    messages.append(answer["data"])
            self._silence.insist(self._pubsub.ping)
            return messages

    def close(self):
        self._pubsub.close()
        self._client.close()
