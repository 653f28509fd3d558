"""Deaf clients: something waits to be sent to them, and they take nothing of it. It knows waitress's channels, not who asks or answers.

waitress itself would keep them: its channel_timeout passes over whoever has a request, and the worker that answers it waits
for room in the buffer for ever, with its thread and with its place among the streams.
"""
import logging
import socket
import struct
import time

logger = logging.getLogger(__name__)

DEAF_S = 60.0   # seconds without taking one byte; nginx's send_timeout. A phone in a tunnel comes back earlier, or with a new connection
LOOK_S = 1.0    # between looks: a look reads three attributes of each connection
RESET = struct.pack("ii", 1, 0)     # SO_LINGER: on, 0 s


class DeafWatch:
    """Finds the deaf and cuts them. The main thread, which alone may close channels."""

    def __init__(self, deaf_s=DEAF_S, *, clock=time.monotonic):
        self._deaf_s, self._clock, self._next_look = deaf_s, clock, 0.0
        self._waiting = {}      # channel with bytes to send -> (its last_activity, since when that has been so)

    def look(self, channels):
        """Cut those of `channels`, all that are open, that are deaf. It may be called often: it looks once a second."""
        now = self._clock()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_S
        before, self._waiting = self._waiting, {}
        for channel in filter(_has_to_send, channels):
            state = before.get(channel)
            if state is None or state[0] != channel.last_activity:
                state = channel.last_activity, now
            if now - state[1] >= self._deaf_s:
                self._cut(channel)
            else:
                self._waiting[channel] = state

    def _cut(self, channel):
        logger.warning("cut the client %s: it took nothing of %d bytes for %g s", channel.addr[0], channel.total_outbufs_len, self._deaf_s)
        # A reset, else the kernel keeps what it has taken over, some MB, and goes on to offer it.
        channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        channel.handle_close()      # wakes the worker that waits for room, too


def timeouts(deaf_s=DEAF_S):
    """Return socket options, [(level, name, value)], by which the kernel does the same for what it has taken over from us.

    Without them a peer that vanished without a word is given up after 15 minutes.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):     # Linux has it
        return []
    return [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(deaf_s * 1000))]


def _has_to_send(channel):
    """Whether waitress would send if it could: while a request is being answered it waits for send_bytes to be together."""
    return channel.total_outbufs_len >= (channel.adj.send_bytes if channel.requests else 1)
