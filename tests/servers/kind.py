"""What a keeper must know of a kind of server; each kind has a file of its own beside this one, with a function make(folder)."""
import contextlib
import socket
import subprocess
from abc import ABC, abstractmethod

from . import HOST

ANSWER_TIMEOUT_S = 1.0


class Kind(ABC):
    """One kind. Subclasses say what is None here.

    greeting     what a client that knows the password sends first
    welcome      what the server's answer begins with once it serves
    """
    name = greeting = welcome = None

    def __init__(self, folder, port):
        self.folder, self.port = folder, port

    @property
    @abstractmethod
    def url(self):
        """Where a client finds it, with name and password."""

    @abstractmethod
    def prepare(self):
        """Write what the server reads, once. Raises ServiceError."""

    @abstractmethod
    def options(self):
        """Return the arguments of Popen that start the server, `args` among them."""

    def segments(self):
        """Return the ids of the shared memory (System V) that a killed server leaves behind, a list of text."""
        return []

    def clear(self):
        """Remove what a killed server leaves outside its folder."""
        for segment in self.segments():
            subprocess.run(["ipcrm", "-m", segment], stderr=subprocess.DEVNULL)

    def answers(self):
        """Return whether it serves: a port that is open may belong to a server that still recovers."""
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), ANSWER_TIMEOUT_S) as connection:
            connection.sendall(self.greeting)
            return connection.recv(len(self.welcome), socket.MSG_WAITALL) == self.welcome
        return False
