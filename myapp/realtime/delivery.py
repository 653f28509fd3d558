"""Delivery: how a response carries a stream. By hand-over where the server offers it, else by a thread of the server, within an allowance.

The environ keys that a server may offer (myapp.server does):
    myapp.hand_over(stream)     takes the stream with the connection; no thread is spent
    myapp.threads               how many threads answer requests
    myapp.at_shutdown(callback) has callback("shutdown") called when the server is about to stop
"""
import threading
import time

from pyramid.response import Response

from .core.feed import Lapsed

SPARE_THREADS = 2       # of the server's, never spent on streams: pages must go on beside them
DEFAULT_ALLOWANCE = 2   # streams at once on a server that does not say how many threads it has
LOOK_S = 1.0            # between looks whether the client is still there, and ticks of the heartbeat


class Allowance:
    """How many threads may be held by streams at once. Any thread."""

    def __init__(self, most=None):
        """most: the setting `realtime.thread_streams`, or None. A server that says how many threads it has is never asked for the last."""
        self._most, self._taken = most, 0
        self._lock = threading.Lock()       # guards _taken

    def take(self, environ):
        """Take a place; False when all are taken."""
        with self._lock:
            if self._taken >= self._limit(environ.get("myapp.threads")):
                return False
            self._taken += 1
            return True

    def give_back(self):
        with self._lock:
            self._taken -= 1

    @property
    def taken(self):
        return self._taken

    def _limit(self, threads):
        if threads is None:
            return DEFAULT_ALLOWANCE if self._most is None else self._most
        spared = max(0, threads - SPARE_THREADS)
        return spared if self._most is None else min(self._most, spared)


class StreamResponse(Response):
    """A response that sends a Stream until it ends."""

    def __init__(self, stream, delivery, **response):
        super().__init__(**response)
        self.stream = stream
        del self.content_length     # before app_iter is set: it has none
        self.app_iter = delivery

    def __call__(self, environ, start_response):
        hand_over = environ.get("myapp.hand_over")
        if hand_over is None or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        start_response(self.status, self.headerlist)
        hand_over(self.stream)
        return ()


class ThreadDelivery:
    """The app_iter that spends a thread: it blocks on the stream's feed. Made and closed by any thread, iterated by one."""

    def __init__(self, stream, environ, done, *, clock=time.monotonic):
        """done: called once when the delivery is over, however it ends."""
        self._stream, self._hub, self._done, self._clock = stream, stream.feed.hub, done, clock
        # waitress tells without writing; elsewhere a heartbeat that cannot be written does.
        self._is_gone = environ.get("waitress.client_disconnected", bool)

    def __iter__(self):
        return self

    def __next__(self):
        """Return the next bytes to send. Blocks until there are some."""
        if self._stream is None:
            raise StopIteration
        try:
            while not self._must_end():
                if chunk := self._stream.next():
                    return chunk
                if not self._stream.feed.wait(self._stream, LOOK_S):
                    self._hub.tick(self._clock())
                    if self._is_gone():
                        self.close()
                        raise StopIteration
        except Lapsed:
            self._hub.end(self._stream, "lagging")
        last_words = self._stream.last_words()
        self.close()
        return last_words

    def _must_end(self):
        if self._stream.deadline is not None and self._clock() >= self._stream.deadline:
            self._hub.end(self._stream, "lifetime")
        return self._stream.closing

    def close(self):
        """Leave the hub. The server calls it; twice is harmless."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._hub.leave(stream)
            self._done()


def close_unless_answered(request, response):
    """Close the `app_iter` of `response` when it is never sent: something between the view and the server raised, or replaced it."""
    app_iter, answers = response.app_iter, []
    request.add_response_callback(lambda request, answer: answers.append(answer))
    request.add_finished_callback(lambda request: None if response in answers else app_iter.close())
