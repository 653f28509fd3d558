"""A way to a server on which what it sends comes in pieces, as on a slow network."""
import socket
import threading

PIECE, GAP_S = 4096, 0.002


class Dribble:
    """One connection at a time is passed on. A context manager; `port` is that of 127.0.0.1."""

    def __init__(self, port):
        self._target = "127.0.0.1", port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = [self._listener]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error):
        for each in self._sockets:
            each.close()

    def _accept(self):
        try:
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += client, server
                for way in (client, server, 1 << 16, 0), (server, client, PIECE, GAP_S):
                    threading.Thread(target=self._pass_on, args=way, daemon=True).start()
        except OSError:     # it is over
            pass

    def _pass_on(self, source, sink, piece, gap_s):
        try:
            while chunk := source.recv(piece):
                sink.sendall(chunk)
                threading.Event().wait(gap_s)
        except OSError:     # it is over
            pass
