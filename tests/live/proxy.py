"""A TCP proxy between a client and a server that can be cut and mended: a network that fails, without a server that does."""
import socket
import threading

from .server import HOST, free_port

CHUNK = 1 << 16     # bytes passed on at once


class Proxy:
    """Passes everything that comes to `address` on to `target`, until it is cut.

        with Proxy(server.address) as proxy:
            proxy.cut()     # open connections end, new ones are refused
            proxy.mend()
    """

    def __init__(self, target, *, lifetime_s=None):
        """target: (host, port). lifetime_s: after which each connection ends, whatever it is in the middle of; None for never."""
        self.address = HOST, free_port()
        self._target, self._lifetime_s = target, lifetime_s
        self._lock = threading.Lock()       # guards _sockets and _listener
        self._sockets, self._listener, self._accepting = set(), None, None

    def __enter__(self):
        self.mend()
        return self

    def __exit__(self, *exc_info):
        self.cut()

    @property
    def url(self):
        return f"http://{HOST}:{self.address[1]}"

    def mend(self):
        """Take connections from now on."""
        self._listener = socket.create_server(self.address)
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepting.start()

    def cut(self):
        """Refuse new connections and end those that are open, whatever they are in the middle of."""
        with self._lock:
            listener, self._listener = self._listener, None
            sockets, self._sockets = self._sockets, set()
        for each in filter(None, [listener, *sockets]):
            shut(each)
        self._accepting.join()

    def _accept(self, listener):
        with listener:
            while True:
                try:
                    client, _ = listener.accept()
                    self._join(listener, client)
                except OSError:     # cut, or the server is not there: then the client's connection ends, too
                    if self._listener is not listener:
                        return

    def _join(self, listener, client):
        """Pass on what comes from `client`, and what is answered, each way in a thread of its own."""
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            raise
        with self._lock:
            is_cut = self._listener is not listener
            if not is_cut:
                self._sockets |= {client, server}
        if is_cut:
            client.close()
            server.close()
            return
        ways = [threading.Thread(target=pump, args=way, daemon=True) for way in ((client, server), (server, client))]
        threading.Thread(target=self._serve, args=(ways, {client, server}), daemon=True).start()

    def _serve(self, ways, pair):
        for way in ways:
            way.start()
        ways[0].join(self._lifetime_s)
        for each in pair:
            shut(each)
        for way in ways:
            way.join()
        with self._lock:
            self._sockets -= pair
        for each in pair:
            each.close()


def pump(source, sink):
    """Pass bytes on until one side ends; then both do."""
    try:
        while chunk := source.recv(CHUNK):
            sink.sendall(chunk)
    except OSError:
        pass
    shut(source)
    shut(sink)


def shut(each):
    """End a connection, or a listening, so that whoever waits for it is told. Twice is harmless."""
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
