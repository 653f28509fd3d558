"""Deaf clients: something waits to be sent to them, and they take nothing of it. It knows waitress's channels, not who asks or answers.

waitress itself would keep them: its channel_timeout passes over whoever has a request, and the worker that answers it waits
for room in the buffer for ever, with its thread and with its place among the streams.
"""
import errno
import logging
import socket
import struct
import time

from waitress.channel import HTTPChannel

try:
    from fcntl import ioctl
    from termios import TIOCOUTQ
except ImportError:     # Windows
    ioctl = None

logger = logging.getLogger(__name__)

DEAF_S = 60.0   # seconds without taking one byte, as nginx's send_timeout; who was in a tunnel for longer connects anew
LOOK_S = 1.0    # between looks: a look costs a system call for each client for which something waits
GIVEN_UP = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH}    # how the kernel says so; waitress knows the other ways
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
        # A reset, else the kernel keeps what it has taken over, some MB, and goes on to offer it.
        channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        channel.handle_close()      # wakes the worker that waits for room, too


class Channel(HTTPChannel):
    """waitress's, for which a client that the kernel has given up is one that has gone: no error of ours, with a traceback."""

    def recv(self, buffer_size):
        try:
            return super().recv(buffer_size)
        except OSError as error:
            if error.errno not in GIVEN_UP:
                raise
            self.handle_close()
            return b""

    def send(self, data, do_close=True):
        if self.socket is None:     # a read of this very turn has found it closed, which waitress does not look for
            return 0
        try:
            return super().send(data, do_close)
        except OSError as error:
            if error.errno not in GIVEN_UP:
                raise
            if do_close:
                self.handle_close()
            return 0


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
