"""The loop: one thread that owns every streaming socket. It knows nothing of HTTP, or of what a frame says.

It waits for what epoll and others have to tell, and has the audience (audience.py) sent what is new: there stands who has what.
"""
import heapq
import logging
import os
import select
import socket
import threading
import time
from collections import deque

from .audience import Audience
from .bell import Bell
from .talk import Talk

logger = logging.getLogger(__name__)

INTEREST = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET    # registered once, never modified
GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
TICK_S = 1.0            # how exactly heartbeats and deadlines are kept
BATCH = 256             # sockets attended to, and newcomers welcomed, before the feeds are looked at again
ROOM_S = 0.25           # for clients to take what a feed has grown by, half a tape, before it grows by as much again


class StreamLoop:
    def __init__(self, *, deaf_s, send_buffer=0, read=os.read, write=os.write, clock=time.monotonic, add_task=None):
        """A loop that waits for `start`.

        deaf_s       seconds for which a client may take nothing of what waits for it
        send_buffer  bytes that the kernel holds for one client, 0 for its own default
        read, write  as os.read and os.write of descriptors that do not block
        clock        monotonic seconds, that of the streams' deadlines
        add_task     as of waitress's task dispatcher, for what clients ask for; None where none may say anything
        """
        self._send_buffer, self._clock = send_buffer, clock
        self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
        self._epoll, self._bell = select.epoll(), Bell()
        self._epoll.register(self._bell.fd, select.EPOLLIN)
        self.ring = self._bell.ring     # there is something to take: a newcomer, a feed that has grown, a stream that must end
        self._newcomers, self._is_asleep, self._is_stopped = deque(), False, False
        # The loop's own, as is all below
        self._talk = Talk(ring=self.ring, add_task=add_task, read=read)
        self._audience = Audience(self._talk, deaf_s=deaf_s, write=write, clock=clock)
        self._streams = self._audience.streams
        self._hubs = set()                      # those that have had streams here
        self._behind = {}                       # hub -> (until when to wait for them, feeds that have grown and are not read by all)
        self._deadlines = []                    # heap of (deadline, fd), of streams that have left too
        self._tick_s, self._next_tick = TICK_S, clock()

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
        self._audience.go_on()
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
            self._audience.advance(feed)
        if grown:
            self._behind.setdefault(hub, (self._clock() + ROOM_S, {}))[1].update(grown)
        for stream in ended:
            if stream.fd is not None:
                self._audience.end(stream, stream.closing)

    def _give_room(self):
        """Let feeds grow again once all have read what they have grown by; or when those who have not are too slow for the others."""
        for hub, (due, feeds) in list(self._behind.items()):
            while feeds and next(reversed(feeds)).is_read:
                feeds.popitem()
            if not feeds or self._clock() >= due:
                del self._behind[hub]
                hub.growth.give_room()

    def _patience_s(self):
        if self._audience.is_waiting or self._newcomers:
            return 0
        if self._talk.is_waiting or self._talk.done:
            return 0
        return max(0, min([self._next_tick, *(due for due, _ in self._behind.values())]) - self._clock())

    def _welcome(self, fd, stream):
        if stream.feed.hub not in self._hubs:
            self._meet(stream.feed.hub)
        self._audience.enter(fd, stream)
        if stream.deadline is not None:
            heapq.heappush(self._deadlines, (stream.deadline, fd))
        try:
            self._epoll.register(fd, INTEREST)
        except OSError:
            logger.exception("a stream is closed: it cannot be watched")
            return self._audience.drop(stream)
        if stream.closing:
            self._audience.end(stream, stream.closing)
        else:
            self._audience.catch_up(fd)

    def _meet(self, hub):
        """Serve this hub from now on: hear of its growth, and tick often enough for its heartbeats."""
        self._hubs.add(hub)
        self._tick_s = min(self._tick_s, hub.heartbeat_s / 4)
        hub.growth.begin(self.ring)

    def _attend(self, fd, event):
        stream = self._streams[fd]
        if event & select.EPOLLIN and not self._hear(fd, stream) or event & GONE:
            if stream.fd is not None:       # it may have parted from us as it was heard
                self._audience.drop(stream)
        elif event & select.EPOLLOUT:
            self._audience.catch_up(fd)

    def _hear(self, fd, stream):
        """Read what a client says; False when it has left, or will not stop though it has nothing to say here, or does not listen."""
        if stream.dialogue is None:
            return self._talk.skip(fd)
        is_there = self._talk.hear(fd, stream.dialogue)
        self._talk.send_for(stream)
        if is_there and self._talk.has_words(fd):
            self._audience.tell(fd, stream)
        return is_there

    def _conclude(self, stream, outcome):
        """What a client has asked for is done: tell it, even if it has gone on to ask for more, and do what is next."""
        stream.dialogue.finish()
        self._talk.send_for(stream)
        if stream.fd is not None and not stream.has_parted:
            self._audience.conclude(stream, outcome)

    def _tick(self, now):
        self._next_tick = now + self._tick_s
        for hub in self._hubs:
            hub.tick(now)
        while self._deadlines and self._deadlines[0][0] <= now:
            _, fd = heapq.heappop(self._deadlines)
            stream = self._streams.get(fd)
            if stream and stream.deadline is not None and stream.deadline <= now:   # else it was of one that left
                self._audience.expire(stream)
        self._audience.cut_the_deaf(now)

    def _forsake(self):
        """Cut all: nobody knows any more what was sent to whom, and what epoll and growth tell, they tell once."""
        self._audience.drop_all()
        self._behind = {}
        for hub in self._hubs:
            hub.growth.give_room()

    def _close(self):
        while self._newcomers:
            self._welcome(*self._newcomers.popleft())
        self._audience.end_all("shutdown")
        for hub in self._hubs:
            hub.growth.part()
        self._bell.close()
        self._epoll.close()
