"""The door: who is let in, and who is shown out because he says nothing. It knows waitress's listeners and channels.

waitress alone tries for ever to accept when there is no file descriptor left, with a traceback each time, and keeps a connection
whose request never gets beyond its head.
"""
import logging
import os
import time

from ..realtime.throttle import Throttle

logger = logging.getLogger(__name__)

HEAD_S = 30.0       # for the head of a request to be said, half of nginx's client_header_timeout


class Door:
    """The main thread's."""

    def __init__(self, listeners, *, head_s=HEAD_S, clock=time.monotonic):
        self._listeners, self._head_s, self._clock = listeners, head_s, clock
        self._began = {}        # request whose head is not all there -> since when
        self._full, self._slow = Throttle(logger), Throttle(logger)

    def open_or_shut(self):
        """Accept nobody while no file descriptor is left. Before each turn."""
        is_free = self._has_descriptor()
        for listener in self._listeners:
            listener.accepting = is_free
            if listener.in_connection_overflow:
                self._full.warning("all %d connections are taken (connection_limit); newcomers wait", listener.adj.connection_limit)
        if not is_free:
            self._full.warning("no file descriptor is left (ulimit -n); newcomers wait")

    def look(self, channels):
        """Show out those of `channels`, all that are open, that take too long to say what they want. About once a second."""
        now = self._clock()
        before, self._began = self._began, {}
        for channel in channels:
            request = channel.request
            if request is not None and not request.headers_finished:
                since = self._began[request] = before.get(request, now)
                if now - since >= self._head_s:
                    self._slow.warning("cut the client %s: the head of its request was not said within %g s", channel.addr[0], self._head_s)
                    channel.handle_close()

    def let_all_in(self):
        """Accept those whom the kernel has accepted already: they have sent their requests, and would be reset."""
        for listener in self._listeners:
            before = -1
            while listener.accepting and before < len(listener.active_channels) < listener.adj.connection_limit and self._has_descriptor():
                before = len(listener.active_channels)
                listener.handle_accept()

    def _has_descriptor(self):
        try:
            os.close(os.dup(self._listeners[0].socket.fileno()))
        except OSError:
            return False
        return True
