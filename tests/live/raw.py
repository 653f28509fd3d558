"""Raw bytes over a socket: what no client of HTTP would send, and all that comes back."""
import re
import socket
from contextlib import closing, suppress

WAIT_S = 10.0
STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) [A-Z]")


def say(address, *pieces):
    """Send `pieces`, as many of them as are taken, and return all that is answered until the server ends the connection.

    Raises TimeoutError when it does not end it.
    """
    with closing(socket.create_connection(address, timeout=WAIT_S)) as client:
        with suppress(ConnectionError):
            for piece in pieces:
                client.sendall(piece)
        return read_to_end(client)


def read_to_end(client):
    answered = b""
    with suppress(ConnectionError):
        while chunk := client.recv(1 << 16):
            answered += chunk
    return answered


def statuses(answered):
    """Return the status of each answer in the bytes of a connection."""
    return [int(status) for status in STATUS.findall(answered)]


def get(path, *headers, version="HTTP/1.1", host="localhost"):
    """Return the bytes of a GET request, after which the connection ends. path and headers: text, in latin-1."""
    lines = [f"GET {path} {version}", f"Host: {host}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
