"""The bell: wakes a thread that waits in epoll, from any other."""
import os
import threading


class Bell:
    """An eventfd. `ring` belongs to any thread, the rest to the one that is woken."""

    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()       # guards its end: the descriptor is soon somebody else's

    def ring(self):
        """Wake the thread, if it still listens."""
        with self._lock:
            if self.fd is not None:
                os.eventfd_write(self.fd, 1)

    def hush(self):
        """It has been heard."""
        os.eventfd_read(self.fd)

    def close(self):
        with self._lock:
            fd, self.fd = self.fd, None
        os.close(fd)
