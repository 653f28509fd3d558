"""What a keeper must know of a kind of server; each kind has a file of its own beside this one, with a function make(folder)."""
import contextlib
import socket

from . import HOST

ANSWER_TIMEOUT_S = 1.0


class Kind:
    """One kind. Subclasses say what is None here.

    greeting     what a client that knows the password sends first
    welcome      what the server's answer begins with once it serves
    """
    name = greeting = welcome = None

    def __init__(self, folder, port):
        self.folder, self.port = folder, port

    @property
    def url(self):
        raise NotImplementedError

    def prepare(self):
        """Write what the server reads, once. Raises ServiceError."""
        raise NotImplementedError

    def options(self):
        """Return the arguments of Popen that start the server, `args` among them."""
        raise NotImplementedError

    def clear(self):
        """Remove what a killed server leaves outside its folder."""

    def answers(self):
        """Return whether it serves: a port that is open may belong to a server that still recovers."""
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), ANSWER_TIMEOUT_S) as connection:
            connection.sendall(self.greeting)
            return connection.recv(len(self.welcome), socket.MSG_WAITALL) == self.welcome
        return False
