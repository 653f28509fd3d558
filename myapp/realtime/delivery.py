"""Delivery: how a response carries a stream. By hand-over where the server offers it, else by a thread of the server.

The environ keys that a server may offer are myapp.hand_over, myapp.max_streams, myapp.threads and myapp.at_shutdown: what they
mean, myapp.server says.
"""
import time

from pyramid.response import Response

from .core.handoff import Lapsed

LOOK_S = 1.0    # between looks whether the client is still there, and ticks of the heartbeat


class StreamResponse(Response):
    """A response that sends a Stream until it ends."""

    def __init__(self, delivery, headerlist, *, status=200):
        """delivery: the ThreadDelivery that sends it, where the server takes no streams."""
        super().__init__(app_iter=delivery, headerlist=headerlist, status=status)
        self._delivery = delivery

    def __call__(self, environ, start_response):
        hand_over = environ.get("myapp.hand_over")
        if hand_over is None:
            return super().__call__(environ, start_response)
        start_response(self.status, self.headerlist)
        hand_over(self._delivery.release())
        return ()


class ThreadDelivery:
    """The app_iter that spends a thread: it blocks on the stream's feed. Made and closed by any thread, iterated by one."""

    def __init__(self, stream, permit, environ, *, clock=time.monotonic):
        """permit: of the allowance, given back when the delivery is over, however it ends."""
        self._stream, self._hub, self._permit, self._clock = stream, stream.feed.hub, permit, clock
        self._look_s = min(LOOK_S, self._hub.heartbeat_s / 4)
        # waitress tells without writing; elsewhere a heartbeat that cannot be written does.
        self._is_gone = environ.get("waitress.client_disconnected", lambda: False)

    def __iter__(self):
        return self

    def __next__(self):
        """Return the next bytes to send. Blocks until there are some."""
        if self._stream is None:
            raise StopIteration
        try:
            while not self._stream.closing:
                if chunk := self._next():
                    return chunk
                if not self._stream.feed.wait(self._stream, self._patience_s()):
                    self._hub.tick(self._clock())
                    if self._is_gone():
                        self.close()
                        raise StopIteration
        except Lapsed:
            self._hub.end(self._stream, "lagging")
        last_words = self._stream.last_words()
        self.close()
        return last_words

    def _next(self):
        """Return the bytes to send now, b"" when there are none. With the last ones the delivery is over."""
        stream = self._stream
        last_words = stream.expire() if stream.deadline is not None and self._clock() >= stream.deadline else b""
        chunk = last_words or stream.next()
        if last_words or chunk and stream.feed.encoding.is_once:
            self.close()
        return chunk

    def _patience_s(self):
        return self._look_s if self._stream.deadline is None else min(self._look_s, max(0, self._stream.deadline - self._clock()))

    def close(self):
        """Leave the hub and give the thread back. The server calls it; twice is harmless."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._hub.leave(stream)
            self._permit.give_back()

    def release(self):
        """Return the stream, which somebody else sends from now on."""
        stream, self._stream = self._stream, None
        self._permit.give_back()
        return stream

    def __del__(self):
        """The last resort, where not even the server came to know of it: an app_iter that nobody holds is over."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._hub.abandon(stream)
            self._permit.give_back()


def close_unless_answered(request, response):
    """Close the `app_iter` of `response` when it is never sent: something between the view and the server raised, or replaced it."""
    app_iter, answers = response.app_iter, []
    request.add_response_callback(lambda request, answer: answers.append(answer))
    request.add_finished_callback(lambda request: None if response in answers else app_iter.close())
