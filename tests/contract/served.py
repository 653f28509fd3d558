"""Waitress itself, served as myapp.server does it, but with channels of the test's own: what its contract tests share."""
import socket
import threading
from contextlib import closing, contextmanager

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

HOST = "127.0.0.1"
WAIT_S = 10.0
REQUEST = b"%s / HTTP/1.1\r\nHost: localhost\r\n%s\r\n"


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def bodiless(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    return ()


class Recorder(HTTPChannel):
    """A channel that notes each call of handle_close, and what was so at that time."""

    closed = ()

    def handle_close(self):
        has_socket = self.socket is not None
        self.closed = (*self.closed, (self.connected, self.total_outbufs_len, has_socket, self.received_by_kernel()))
        super().handle_close()
        self.is_closed.set()

    def received_by_kernel(self):
        """Whether the kernel has taken the bytes that waitress was to send."""
        return not any(len(outbuf) for outbuf in self.outbufs)


@contextmanager
def serving(app, channel_class=Recorder, **settings):
    """Within, `app` is served by waitress as myapp.server has it. Gives (address, listener, [channels])."""
    sockets, channels = {}, []

    class Channel(channel_class):
        def __init__(self, *arguments, **options):
            self.is_closed = threading.Event()
            channels.append(self)
            super().__init__(*arguments, **options)
    create_server(app, map=sockets, **{"host": HOST, "port": 0, "asyncore_use_poll": True, "channel_request_lookahead": 1} | settings)
    listener, = (each for each in sockets.values() if isinstance(each, BaseWSGIServer))
    listener.channel_class = Channel
    stopped = threading.Event()

    def run():
        while not stopped.is_set():
            wasyncore.loop(0.05, use_poll=True, map=sockets, count=1)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield (listener.effective_host, int(listener.effective_port)), listener, channels
    finally:
        stopped.set()
        listener.pull_trigger()
        thread.join()
        listener.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)


def ask(address, *, method=b"GET", headers=b"", version=b"1.1"):
    """Return the answer, (head, body), of a connection that is read to its end."""
    with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
        client.sendall((REQUEST % (method, headers)).replace(b"1.1", version))
        head, _, body = b"".join(iter(lambda: client.recv(1 << 16), b"")).partition(b"\r\n\r\n")
        return head.decode(), body
