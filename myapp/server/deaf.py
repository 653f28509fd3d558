"""Deaf clients: something waits to be sent to them, and they take nothing of it. It knows waitress's channels, not who asks or answers.

waitress itself would keep them: its channel_timeout passes over whoever has a request, and the worker that answers it waits
for room in the buffer for ever, with its thread and with its place among the streams.
"""
import logging
import socket
import struct
import time

try:
    from fcntl import ioctl
    from termios import TIOCOUTQ
except ImportError:     # Windows
    ioctl = None

logger = logging.getLogger(__name__)

DEAF_S = 60.0   # seconds without taking one byte, as nginx's send_timeout; who was in a tunnel for longer connects anew
LOOK_S = 1.0    # between looks: a look costs a system call for each client for which something waits
RESET = struct.pack("ii", 1, 0)     # SO_LINGER: on, 0 s


class DeafWatch:
    """Finds the deaf and cuts them. The main thread, which alone may close channels."""

    def __init__(self, deaf_s=DEAF_S, *, clock=time.monotonic):
        self._deaf_s, self._clock, self._next_look = deaf_s, clock, 0.0
        self._waiting = {}      # channel with bytes to send -> (how far it has got, since when)

    def is_due(self):
        """Whether it is time to look again."""
        return self._clock() >= self._next_look

    def look(self, channels):
        """Cut those of `channels`, all that are open, that are deaf."""
        now = self._clock()
        self._next_look = now + LOOK_S
        before, self._waiting = self._waiting, {}
        for channel in filter(_has_to_send, channels):
            progress = _progress(channel)
            seen, since = before.get(channel, (None, now))
            since = since if seen == progress else now
            if now - since >= self._deaf_s:
                self._cut(channel)
            else:
                self._waiting[channel] = progress, since

    def _cut(self, channel):
        logger.warning("cut the client %s: it took nothing of %d bytes for %g s", channel.addr[0], channel.total_outbufs_len, self._deaf_s)
        reset_on_close(channel.socket)
        channel.handle_close()      # wakes the worker that waits for room, too


def reset_on_close(sock):
    """Have `sock` closed by a reset: else the kernel keeps what it has taken over for the client, some MB, and goes on to offer it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def timeouts(deaf_s=DEAF_S):
    """Return socket options, [(level, name, value)], by which the kernel gives up who takes nothing of what it has taken over from us.

    Without them a peer that vanished without a word keeps its thread for a quarter of an hour.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):     # Linux has it
        return []
    return [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(deaf_s * 1000))]


def _has_to_send(channel):
    """Whether waitress would send if it could: while a request is being answered it waits for send_bytes to be together."""
    return channel.total_outbufs_len >= (channel.adj.send_bytes if channel.requests else 1)


def _progress(channel):
    """What changes when the client takes a byte: the kernel asks us for more only once a third of its megabytes is free."""
    in_kernel = struct.unpack("i", ioctl(channel.socket, TIOCOUTQ, bytes(4)))[0] if ioctl else 0
    return channel.last_activity, in_kernel
