"""The channel: waitress's connection, for which a client that is gone is no error, however the kernel puts it."""
import errno

from waitress.channel import HTTPChannel

GIVEN_UP = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH}    # how the kernel says so; waitress knows the other ways


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
