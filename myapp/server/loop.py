"""The loop: one thread that owns every streaming socket and sends the streams. It knows nothing of HTTP, or of what a frame says.

The streams of a feed fall in two classes. *The pack* stands at one common position: when the feed grows, one and the same slab
is written to each; a client that keeps up is one descriptor in a set. *Stragglers* read for themselves, whenever epoll says that
there is room, and rejoin the pack. A newcomer is a straggler whose past comes first. A parked poll is one of the pack until the first
slab, its whole answer: with it the stream is over.
"""
import heapq
import logging
import os
import select
import socket
import threading
import time
from collections import deque

from ..realtime.core.handoff import Lapsed
from ..realtime.throttle import Throttle
from .bell import Bell
from .deaf import reset_on_close
from .pack import Pack
from .talk import Talk

logger = logging.getLogger(__name__)

INTEREST = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET    # registered once, never modified
GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
TICK_S = 1.0            # how exactly heartbeats and deadlines are kept
BATCH = 256             # sockets attended to, and newcomers welcomed, before the feeds are looked at again
SHARE = 1 << 18         # bytes for one straggler before the others have their turn
CHATTER = 16, 1 << 12   # reads of bytes: whoever still has something to say after so many in a row is cut
ROOM_S = 0.25           # for clients to take what a feed has grown by, half a tape, before it grows by as much again
LAPSED_S = 5.0          # seconds without taking one byte for one whose place on the tape is lost already


class StreamLoop:
    def __init__(self, *, deaf_s, send_buffer=0, write=os.write, clock=time.monotonic, add_task=None):
        """A loop that waits for `start`.

        deaf_s       seconds for which a client may take nothing of what waits for it
        send_buffer  bytes that the kernel holds for one client, 0 for its own default
        write        as os.write: (fd, bytes) -> how many it took; raises BlockingIOError when none
        clock        monotonic seconds, that of the streams' deadlines
        add_task     as of waitress's task dispatcher, for what clients ask for; None where none may say anything
        """
        self._send_buffer, self._deaf_s, self._write, self._clock = send_buffer, deaf_s, write, clock
        self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
        self._epoll, self._bell = select.epoll(), Bell()
        self._epoll.register(self._bell.fd, select.EPOLLIN)
        self.ring = self._bell.ring     # there is something to take: a newcomer, a feed that has grown, a stream that must end
        self._newcomers, self._is_asleep, self._is_stopped = deque(), False, False
        # The loop's own, as is all below
        self._hubs, self._packs = set(), {}     # those that have had streams here; Feed -> Pack
        self._streams, self._rests = {}, {}     # fd -> Stream; fd of a straggler -> what it is in the middle of
        self._behind = {}                       # hub -> (until when to wait for them, feeds that have grown and are not read by all)
        self._blocked = {}                      # fd of a straggler that takes nothing -> since when
        self._ready = {}                        # fd of a straggler that has had its share and could take more -> None
        self._talk = Talk(ring=self.ring, add_task=add_task)
        self._deadlines = []                    # heap of (deadline, fd), of streams that have left too
        self._tick_s, self._next_tick = TICK_S, clock()
        self._lapse_warnings, self._cut_warnings = Throttle(logger), Throttle(logger)

    @property
    def open_streams(self):
        """How many there are, a number of this moment. Any thread."""
        return len(self._streams) + len(self._newcomers)

    # Any thread

    def start(self):
        self._thread.start()

    def adopt(self, sock, stream):
        """Send `stream` to `sock`, which nobody else may touch from now on."""
        if sock.gettimeout() != 0:
            sock.setblocking(False)
        if self._send_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer)
        self._newcomers.append((sock.detach(), stream))
        if self._is_asleep:
            self.ring()

    def stop(self, timeout_s):
        """End all streams, the thread too. Nobody may call `adopt` any more."""
        self._is_stopped = True
        self.ring()
        self._thread.join(timeout_s)

    # The loop's own thread

    def _run(self):
        while not self._is_stopped:
            try:
                self.turn()
            except Exception:       # the top of a thread: it goes on, for without it every page stands still
                logger.exception("the loop goes on after an error; its streams are cut, and resume from the log")
                self._forsake()
        self._close()

    def turn(self):
        """Wait until there is something to do, and do it."""
        self._is_asleep = True      # before the newcomers are looked for, else one who comes just then would wait for the next tick
        events = self._epoll.poll(self._patience_s(), BATCH)
        self._is_asleep = False
        for fd, event in events:
            if fd == self._bell.fd:
                self._bell.hush()
            elif fd in self._streams:
                self._attend(fd, event)
        self.look()
        self._go_on()
        self._give_room()
        if self._clock() >= self._next_tick:
            self._tick(self._clock())

    def _go_on(self):
        """Give another turn to those whose share was less than they could take, or had to say."""
        ready, self._ready = self._ready, {}
        for fd in ready:
            if fd in self._rests:
                self._catch_up(fd, self._streams[fd])
        for fd in self._talk.take_unheard():
            if fd in self._streams:
                self._attend(fd, select.EPOLLIN)

    def look(self):
        """See what others have left: grown feeds, streams that must end, errands that are done, newcomers."""
        for hub in self._hubs:
            self._take(*hub.growth.take(), hub)
        for _ in range(min(BATCH, len(self._talk.done))):
            self._conclude(*self._talk.done.popleft())
        for _ in range(min(BATCH, len(self._newcomers))):
            self._welcome(*self._newcomers.popleft())

    def _take(self, grown, ended, hub):
        for feed in grown:
            if pack := self._packs.get(feed):
                self._advance(pack)
        if grown:
            self._behind.setdefault(hub, (self._clock() + ROOM_S, {}))[1].update(grown)
        for stream in ended:
            if stream.fd is not None:
                self._end(stream, stream.closing)

    def _give_room(self):
        """Let feeds grow again once all have read what they have grown by; or when those who have not are too slow for the others."""
        for hub, (due, feeds) in list(self._behind.items()):
            while feeds and next(reversed(feeds)).is_read:
                feeds.popitem()
            if not feeds or self._clock() >= due:
                del self._behind[hub]
                hub.growth.give_room()

    def _patience_s(self):
        if self._ready or self._newcomers:
            return 0
        if self._talk.is_waiting or self._talk.done:
            return 0
        return max(0, min([self._next_tick, *(due for due, _ in self._behind.values())]) - self._clock())

    def _welcome(self, fd, stream):
        feed = stream.feed
        if feed.hub not in self._hubs:
            self._meet(feed.hub)
        self._enter_pack(feed)
        self._streams[fd], self._rests[fd], stream.fd = stream, b"", fd
        if stream.deadline is not None:
            heapq.heappush(self._deadlines, (stream.deadline, fd))
        try:
            self._epoll.register(fd, INTEREST)
        except OSError:
            logger.exception("a stream is closed: it cannot be watched")
            return self._drop(stream)
        if stream.closing:
            self._end(stream, stream.closing)
        else:
            self._catch_up(fd, stream)

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

    def _meet(self, hub):
        """Serve this hub from now on: hear of its growth, and tick often enough for its heartbeats."""
        self._hubs.add(hub)
        self._tick_s = min(self._tick_s, hub.heartbeat_s / 4)
        hub.growth.begin(self.ring)

    def _attend(self, fd, event):
        stream = self._streams[fd]
        if event & select.EPOLLIN and not self._hear(fd, stream) or event & GONE:
            if stream.fd is not None:       # it may have parted from us as it was heard
                self._drop(stream)
        elif event & select.EPOLLOUT and fd in self._rests:
            self._catch_up(fd, stream)

    def _hear(self, fd, stream):
        """Read what a client says; False when it has left, or will not stop though it has nothing to say here."""
        if stream.dialogue is not None:
            return self._listen(fd, stream)
        return self._skip(fd)

    def _skip(self, fd):
        """Read what nobody wants to hear; False when there is no end of it."""
        reads, size = CHATTER
        try:
            for _ in range(reads):
                if not os.read(fd, size):
                    return False
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def _listen(self, fd, stream):
        """Hear a client who has a say; False when it has left, or does not listen itself."""
        is_there = self._talk.hear(fd, stream.dialogue)
        self._talk.send_for(stream)
        if is_there and self._talk.has_words(fd):
            self._step_out(fd, stream)
            self._catch_up(fd, stream)
        return is_there

    def _conclude(self, stream, outcome):
        """What a client has asked for is done: tell it, even if it has gone on to ask for more, and do what is next."""
        stream.dialogue.finish()
        self._talk.send_for(stream)
        fd = stream.fd
        if fd is None or stream.has_parted:
            return
        self._step_out(fd, stream)
        try:
            if outcome.topics is not None:
                self._move(stream, outcome.topics)
        except Lapsed:
            return self._end(stream, "lagging")
        if self._talk.say(fd, outcome.answer):
            self._catch_up(fd, stream)
        else:
            self._drop(stream)

    def _move(self, stream, topics):
        """`stream`, a straggler, sees `topics` from now on."""
        old = stream.feed
        old.hub.move(stream, topics)
        if stream.feed is not old:
            self._enter_pack(stream.feed)
            self._leave_pack(old)

    def _step_out(self, fd, stream):
        """One of the pack is a straggler now, for what is not for the pack."""
        if fd not in self._rests:
            pack = self._packs[stream.feed]
            pack.fds.remove(fd)
            self._rests[fd] = b""
            stream.feed.start_reading(stream, pack.at)

    def _advance(self, pack):
        """Send what is new to the whole pack."""
        try:
            while pack.streams and (slab := pack.feed.read(pack)):      # its last client may go as it is written to
                self._send(pack, slab)
        except Lapsed:      # we ourselves were too slow: all of them resume from the log
            for fd in list(pack.fds):
                self._end(self._streams[fd], "lagging")
            if pack.streams:
                pack.start_over()

    def _send(self, pack, slab):
        rests, gone = pack.send(slab, self._write)
        for fd, rest in rests.items():
            self._rests[fd], self._blocked[fd] = rest, self._clock()
            pack.feed.start_reading(self._streams[fd], pack.at)
        for fd in gone:
            self._drop(self._streams[fd])
        for fd in [*pack.fds] if pack.feed.encoding.is_once else ():
            self._drop(self._streams[fd])

    def _catch_up(self, fd, stream):
        pack = self._packs[stream.feed]
        if pack.at < stream.at:     # it joined after growth that the pack has yet to see
            self._advance(pack)
        rest, share = self._rests[fd], SHARE
        try:
            while share > 0:
                rest = rest or self._talk.take(fd)
                rest = rest or stream.next(pack.at)
                if not rest:
                    return self._rejoin(fd, stream, pack)
                sent = self._write(fd, rest)
                self._blocked.pop(fd, None)
                share, rest = share - sent, memoryview(rest)[sent:]
                if stream.feed.encoding.is_once and not rest:
                    return self._drop(stream)
            self._ready[fd] = None
        except BlockingIOError:
            self._blocked.setdefault(fd, self._clock())
        except Lapsed:
            self._rests[fd] = b""       # it stands between two frames, and can be told
            return self._end(stream, "lagging")
        except OSError:
            return self._drop(stream)
        self._rests[fd] = rest

    def _rejoin(self, fd, stream, pack):
        if stream.has_parted:
            self._skip(fd)      # else the kernel resets the connection for what was not read, and the last words may be lost with it
            return self._drop(stream)
        del self._rests[fd]
        pack.fds.add(fd)
        stream.feed.stop_reading(stream)

    def _tick(self, now):
        self._next_tick = now + self._tick_s
        for hub in self._hubs:
            hub.tick(now)
        while self._deadlines and self._deadlines[0][0] <= now:
            _, fd = heapq.heappop(self._deadlines)
            stream = self._streams.get(fd)
            if stream and stream.deadline is not None and stream.deadline <= now:   # else it was of one that left
                self._expire(stream)
        self._cut_the_deaf(now)

    def _expire(self, stream):
        """End a stream whose time is up; an answer that is being sent, or is to be, ends it anyway."""
        if not stream.feed.encoding.is_once:
            return self._end(stream, "lifetime")
        if not self._rests.get(stream.fd) and (answer := stream.expire(self._packs[stream.feed].at)):
            self._part(stream, answer)

    def _cut_the_deaf(self, now):
        for fd, since in list(self._blocked.items()):
            stream, silence_s = self._streams[fd], now - since
            if silence_s >= self._deaf_s or stream.has_lapsed and silence_s >= min(LAPSED_S, self._deaf_s):
                self._cut(stream, silence_s)

    def _end(self, stream, reason):
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
        self._drop(stream)

    def _cut(self, stream, silence_s):
        """Close without a word to one who takes nothing."""
        self._cut_warnings.warning("cut a stream whose client had taken nothing for %.0f s", silence_s)
        sock = socket.socket(fileno=stream.fd)
        try:
            reset_on_close(sock)
        finally:
            sock.detach()
        self._drop(stream)

    def _drop(self, stream):
        fd, stream.fd, feed = stream.fd, None, stream.feed
        pack = self._packs[feed]
        del self._streams[fd]
        self._talk.forget(fd)
        self._rests.pop(fd, None)
        self._blocked.pop(fd, None)
        pack.fds.discard(fd)
        stream.leave()
        self._leave_pack(feed)
        os.close(fd)        # leaves the epoll set, too

    def _forsake(self):
        """Cut all: nobody knows any more what was sent to whom, and what epoll and growth tell, they tell once."""
        for stream in list(self._streams.values()):
            self._drop(stream)
        self._ready, self._behind = {}, {}
        for hub in self._hubs:
            hub.growth.give_room()

    def _close(self):
        while self._newcomers:
            self._welcome(*self._newcomers.popleft())
        for stream in list(self._streams.values()):
            self._end(stream, "shutdown")
        for hub in self._hubs:
            hub.growth.part()
        self._bell.close()
        self._epoll.close()
