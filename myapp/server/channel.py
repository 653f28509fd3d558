"""The channel: waitress's connection, for which a client that is gone is no error, however the kernel puts it; and who reads its requests.

A proxy before us that finds the end of a request elsewhere than we do would let one client speak in another one's name. So what two
readers may take in two ways is refused, though waitress reads it in one of them (RFC 9112, 3.2, 5.2, 6.1).
"""
import errno
import re

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError

FIRST_LINE = re.compile(rb"[^ ]+ [^ ]+(?: HTTP/[0-9]\.[0-9])?")
FOLD = re.compile(rb"\n[ \t]")          # a header that goes on in a second line
GAP = re.compile(rb":[ \t]{65}")        # waitress's time for the blanks before a value grows with their square
CODINGS = re.compile(rb"(?im)^transfer-encoding:(.*)$")
GIVEN_UP = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH}    # how the kernel says so; waitress knows the other ways


class Parser(HTTPRequestParser):
    """waitress's, which refuses what waitress would guess at, be busy with for minutes, or take for an error of ours."""

    path = ""       # is logged when the client of a malformed request is gone before it is answered

    def received(self, data):
        consumed = super().received(data)
        if self.completed:      # else waitress waits for a body that is not to come, and takes the next request for more of this one
            self.expect_continue = False
        return consumed

    def parse_header(self, header_plus):
        if not FIRST_LINE.fullmatch(header_plus.partition(b"\r\n")[0].rstrip()):   # waitress may take minutes to see it
            raise ParsingError("The first line is not a method, an address and a version")
        if FOLD.search(header_plus) or GAP.search(header_plus):
            raise ParsingError("A header goes on in a second line, or begins with too many blanks")
        try:
            super().parse_header(header_plus)
        except ValueError:      # of a length of 5,000 digits, of half an IPv6 address
            raise ParsingError("The length or the address cannot be read") from None
        self._refuse_what_is_ambiguous(CODINGS.findall(header_plus))

    def _refuse_what_is_ambiguous(self, codings):
        if "," in self.headers.get("HOST", ""):
            raise ParsingError("There is more than one host")
        if not codings:
            return
        if "CONTENT_LENGTH" in self.headers or self.version != "1.1":
            raise ParsingError("Transfer-Encoding is for HTTP/1.1, and not beside Content-Length")
        if [coding.strip().lower() for coding in codings] != [b"chunked"]:
            raise ParsingError("Transfer-Encoding must be chunked, once")


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
