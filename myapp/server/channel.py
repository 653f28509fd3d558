"""The channel: waitress's connection, for which a client that is gone is no error, however the kernel puts it."""
import errno

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

GIVEN_UP = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH}    # how the kernel says so; waitress knows the other ways


class Parser(HTTPRequestParser):
    """waitress's, with a path from the first: it is logged when the client of a malformed request is gone before it is answered."""
    path = ""


class Channel(HTTPChannel):
    """waitress's, for which a client that the kernel has given up is one that has gone: no error of ours, with a traceback."""

    parser_class = Parser

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
