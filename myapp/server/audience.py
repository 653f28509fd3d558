"""The audience: all streams that one loop sends, and where each of them stands. It knows descriptors, neither epoll nor any thread.

The streams of a feed fall in two classes. *The pack* stands at one common position: when the feed grows, one and the same slab
is written to each; a client that keeps up is one descriptor in a set. *Stragglers* read for themselves, whenever there is room, and
rejoin the pack. A newcomer is a straggler whose past comes first. A parked poll is one of the pack until the first slab, its whole
answer: with it the stream is over.
"""
import logging
import os
import socket

from ..realtime.core.handoff import Lapsed
from ..realtime.throttle import Throttle
from .deaf import reset_on_close
from .pack import Pack

logger = logging.getLogger(__name__)

SHARE = 1 << 18         # bytes for one straggler before the others have their turn
LAPSED_S = 5.0          # seconds without taking one byte for one whose place on the tape is lost already


class Audience:
    """The loop's."""

    def __init__(self, talk, *, deaf_s, write, clock):
        """talk: the Talk, for what one alone is told. The others are as those of StreamLoop."""
        self._talk, self._deaf_s, self._write, self._clock = talk, deaf_s, write, clock
        self.streams = {}       # fd -> Stream
        self._packs = {}        # Feed -> Pack
        self._rests = {}        # fd of a straggler -> what it is in the middle of
        self._blocked = {}      # fd of a straggler that takes nothing -> since when
        self._ready = {}        # fd of a straggler that has had its share and could take more -> None
        self._moved = set()     # fds of stragglers that see other topics now, and may have yet to read of those before
        self._lapse_warnings, self._cut_warnings = Throttle(logger), Throttle(logger)

    # Who comes

    def enter(self, fd, stream):
        """`stream` is sent to `fd` from now on; it begins as a straggler. The descriptor is closed with it."""
        self._enter_pack(stream.feed)
        self.streams[fd], self._rests[fd], stream.fd = stream, b"", fd

    def _enter_pack(self, feed):
        if feed not in self._packs:
            self._packs[feed] = Pack(feed)
        self._packs[feed].streams += 1

    def _leave_pack(self, feed):
        pack = self._packs[feed]
        pack.streams -= 1
        if not pack.streams:
            del self._packs[feed]
            pack.dissolve()

    # What is sent

    @property
    def is_waiting(self):
        """Whether somebody's share was less than it could take."""
        return bool(self._ready)

    def go_on(self):
        """Give another share to those whose last one was less than they could take."""
        ready, self._ready = self._ready, {}
        for fd in ready:
            self.catch_up(fd)

    def advance(self, feed):
        """Send what is new on `feed` to its whole pack."""
        if pack := self._packs.get(feed):
            self._advance(pack)

    def catch_up(self, fd):
        """There may be room: send its share to whoever stands behind the pack."""
        if fd in self._rests:
            self._catch_up(fd, self.streams[fd])

    def tell(self, fd, stream):
        """There are words for this client alone: send them at the next boundary of frames."""
        self._step_out(fd, stream)
        self._catch_up(fd, stream)

    def conclude(self, stream, outcome):
        """What a client has asked for is done: tell it, and move it if it sees other topics now."""
        fd = stream.fd
        self._step_out(fd, stream)
        try:
            if outcome.topics is not None:
                self._move(stream, outcome.topics)
                self._moved.add(fd)
        except Lapsed:
            return self.end(stream, "lagging")
        if self._talk.say(fd, outcome.answer):
            self._catch_up(fd, stream)
        else:
            self.drop(stream)

    def _move(self, stream, topics):
        """`stream`, a straggler, sees `topics` from now on."""
        old = stream.feed
        old.hub.move(stream, topics)
        if stream.feed is not old:
            self._enter_pack(stream.feed)
            self._leave_pack(old)

    def _take_words(self, fd, stream):
        """Return what there is for this client alone, at a boundary of frames; of one who was moved, at that where it was."""
        if fd in self._moved and stream.replay and not stream.has_parted:
            return b""
        self._moved.discard(fd)
        return self._talk.take(fd)

    def _step_out(self, fd, stream):
        """One of the pack is a straggler now, for what is not for the pack."""
        if fd not in self._rests:
            pack = self._packs[stream.feed]
            pack.fds.remove(fd)
            self._rests[fd] = b""
            stream.feed.start_reading(stream, pack.at)

    def _advance(self, pack):
        try:
            while pack.streams and (slab := pack.feed.read(pack)):      # its last client may go as it is written to
                self._send(pack, slab)
        except Lapsed:      # we ourselves were too slow: all of them resume from the log
            for fd in list(pack.fds):
                self.end(self.streams[fd], "lagging")
            if pack.streams:
                pack.start_over()

    def _send(self, pack, slab):
        rests, gone = pack.send(slab, self._write)
        for fd, rest in rests.items():
            self._rests[fd], self._blocked[fd] = rest, self._clock()
            pack.feed.start_reading(self.streams[fd], pack.at)
        for fd in gone:
            self.drop(self.streams[fd])
        for fd in [*pack.fds] if pack.feed.encoding.is_once else ():
            self.drop(self.streams[fd])

    def _catch_up(self, fd, stream):
        pack = self._packs[stream.feed]
        if pack.at < stream.at:     # it joined after growth that the pack has yet to see
            self._advance(pack)
        rest, share = self._rests[fd], SHARE
        try:
            while share > 0:
                rest = rest or self._take_words(fd, stream)
                rest = rest or stream.next(pack.at)
                if not rest:
                    return self._rejoin(fd, stream, pack)
                sent = self._write(fd, rest)
                self._blocked.pop(fd, None)
                share, rest = share - sent, memoryview(rest)[sent:]
                if stream.feed.encoding.is_once and not rest:
                    return self.drop(stream)
            self._ready[fd] = None
        except BlockingIOError:
            self._blocked.setdefault(fd, self._clock())
        except Lapsed:
            self._rests[fd] = b""       # it stands between two frames, and can be told
            return self.end(stream, "lagging")
        except OSError:
            return self.drop(stream)
        self._rests[fd] = rest

    def _rejoin(self, fd, stream, pack):
        if stream.has_parted:
            return self._part(stream, b"")
        del self._rests[fd]
        pack.fds.add(fd)
        stream.feed.stop_reading(stream)

    # How they end

    def expire(self, stream):
        """End a stream whose time is up; an answer that is being sent, or is to be, ends it anyway."""
        if not stream.feed.encoding.is_once:
            return self.end(stream, "lifetime")
        if not self._rests.get(stream.fd) and (answer := stream.expire(self._packs[stream.feed].at)):
            self._part(stream, answer)

    def cut_the_deaf(self, now):
        for fd, since in list(self._blocked.items()):
            stream, silence_s = self.streams[fd], now - since
            if silence_s >= self._deaf_s or stream.has_lapsed and silence_s >= min(LAPSED_S, self._deaf_s):
                self._cut(stream, silence_s)

    def end(self, stream, reason):
        """Say why, if the client stands between two frames, and close."""
        stream.closing = stream.closing or reason
        if reason == "lagging":
            self._lapse_warnings.warning("ended a stream whose client did not keep up; it resumes from the log")
        self._part(stream, b"" if self._rests.get(stream.fd) else stream.last_words())

    def _part(self, stream, words):
        """Say them, if there are any, after what there is for this client alone, and close."""
        try:
            if words:
                self._write(stream.fd, self._talk.take(stream.fd) + words)
        except OSError:
            pass        # it is closed now in any case
        self._talk.skip(stream.fd)      # else the kernel resets the connection for what was not read, and the words may be lost with it
        self.drop(stream)

    def _cut(self, stream, silence_s):
        """Close without a word to one who takes nothing."""
        self._cut_warnings.warning("cut a stream whose client had taken nothing for %.0f s", silence_s)
        sock = socket.socket(fileno=stream.fd)
        try:
            reset_on_close(sock)
        finally:
            sock.detach()
        self.drop(stream)

    def drop(self, stream):
        """Close without a word."""
        fd, stream.fd, feed = stream.fd, None, stream.feed
        pack = self._packs[feed]
        del self.streams[fd]
        self._talk.forget(fd)
        self._rests.pop(fd, None)
        self._moved.discard(fd)
        self._blocked.pop(fd, None)
        pack.fds.discard(fd)
        stream.leave()
        self._leave_pack(feed)
        os.close(fd)        # leaves the epoll set, too

    def drop_all(self):
        """Nobody knows any more what was sent to whom."""
        for stream in list(self.streams.values()):
            self.drop(stream)
        self._ready = {}

    def end_all(self, reason):
        for stream in list(self.streams.values()):
            self.end(stream, reason)
