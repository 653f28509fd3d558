"""The hand-over: waitress, except that a response which is a stream gives its connection away. It knows the streams by name only.

A worker writes the head of the answer and is free. The main thread flushes it and closes the channel, the exact moment at which
waitress is done with the socket; here the socket is taken away before that, and given to the loop. Nothing of waitress is patched:
its listeners are told to make channels of this class.
"""
from waitress.task import WSGITask

from .channel import Channel

SWITCHING, UPGRADE_REQUIRED = "101", "426"      # answers that speak of the connection itself, as WSGI lets no application do
UPGRADE = "Upgrade", "websocket"
REFUSALS = "429", "503"     # whoever is refused keeps no connection, which others need: thousands may come back at once


class StreamTask(WSGITask):
    """Answers one request. A worker's."""

    _stream = None

    def get_environment(self):
        """What waitress has, and what this server offers: see the package."""
        server = self.channel.server
        environ = super().get_environment()
        environ.update(server.offers)
        if server.stream_loop is not None:
            environ["myapp.hand_over"] = self.hand_over
        return environ

    def hand_over(self, stream):
        """For an application that has called start_response and returns no body: the loop sends `stream`, until it ends."""
        if self.status.startswith(SWITCHING):
            self.response_headers += [("Connection", "Upgrade"), UPGRADE]
        self.set_close_on_finish()
        if self.request.command == "HEAD":
            stream.leave()
        else:
            self._stream = stream
            self.channel.is_promised = stream.dialogue is not None

    def write(self, data):
        if data and self._stream is not None:       # the application answers otherwise after all, as one that fails may
            self._stream.leave()
            self._stream = None
        return super().write(data)

    def build_response_header(self):
        if self.status.startswith(UPGRADE_REQUIRED):
            self.response_headers += [("Connection", "Upgrade, close"), UPGRADE]
        if self.status.startswith((*REFUSALS, UPGRADE_REQUIRED)):
            self.set_close_on_finish()
        return super().build_response_header()

    def finish(self):
        if not self.wrote_header:
            self.write(b"")
        if self.request.command == "HEAD":
            self.chunked_response = False   # else waitress sends the last of the pieces that there are none of
        super().finish()

    @property
    def has_body(self):
        return self._stream is None and super().has_body    # else waitress says how long, or in which pieces, it will be

    def service(self):
        try:
            super().service()
            if self._stream is not None and self.wrote_header:
                self.channel.give_away(self._stream)
                self._stream = None
        finally:
            if self._stream is not None:    # the answer failed between hand_over and its head
                self._stream.leave()
            self.environ = None     # it holds hand_over, and so would keep us and all that the request had until the collector comes


class StreamChannel(Channel):
    """One connection, until it is a stream's."""

    task_class = StreamTask
    _stream, _is_closed = None, False   # guarded by outbuf_lock
    is_promised = False     # to a stream whose client has a say: that is not for waitress to read. Set before the head is sent

    def readable(self):
        return not self.is_promised and super().readable()

    def handle_read(self):
        if not self.is_promised:
            super().handle_read()

    def give_away(self, stream):
        """Give the connection to `stream` once what has been written is flushed. A worker."""
        with self.outbuf_lock:
            if not self._is_closed:
                self._stream = stream
                return
        stream.leave()

    def handle_close(self):
        """Waitress is done with the socket, for one reason or another. The main thread."""
        with self.outbuf_lock:
            stream, self._stream, self._is_closed = self._stream, None, True
            is_usable = self.connected and not self.total_outbufs_len
        sock = None
        if stream is not None and is_usable:
            sock, self.socket = self.socket, None
        super().handle_close()
        if sock is not None:
            self.server.stream_loop.adopt(sock, stream)
        elif stream is not None:
            stream.leave()
