"""The hub: which feeds an event belongs to, and in which order events may enter. One per process.

It waits for its lock, and in `join`, `answer` and `renew` for the log; it never touches a socket, a clock or a driver. All that is known
about order is here.

Threads: `receive`, `renew` and `set_bounds` belong to the follow thread, `join` and `answer` to workers, the rest to any. `lock` is
the only lock here. It guards the head, the feeds and their tapes, the places, the replay, and what the loop has yet to take. While
it is held nothing is encoded (but for the pure join of a slab), read or called back, and no other lock is taken: so there is no order
of locks to get wrong.
"""
import threading
from collections import deque

from ..errors import HubFull
from .feeds import Feeds
from .growth import Growth
from .handoff import Lapsed, Stream
from .owners import Owners
from .places import Places
from .replay import Replay
from .runs import Run, Runs
from .window import PAGE, Window

RELOAD_MS = 5           # what answering one page costs a server: resets are spread so that it is never asked for more
MOST_SPREAD_MS = 60_000


class Hub:
    def __init__(self, head, floor, read_page, *, heartbeat_s=15.0, replay_limit=10_000, replay_bytes=16 << 20, pending_bytes=256 << 20,
                 tape_bytes=1 << 20, window=1024, max_streams=10_000, max_streams_per_user=0, max_streams_per_address=0,
                 max_waiting_polls=1000):
        """A hub that goes on after `head`.

        head, floor    Cursor of the newest event; seq up to which the log is pruned
        read_page(k)   the events of page k (see window.py), a list; may block, raises what it raises
        heartbeat_s    seconds of silence before a heartbeat     window        least events kept in memory
        replay_limit   most events that a client may be behind   replay_bytes  most bytes that are replayed to one stream
        pending_bytes  most bytes of the past in memory: 5/8 of it what streams have yet to send, the rest kept for the next ones
        tape_bytes     most bytes of a feed's tape               max_streams   most open streams
        max_streams_per_user, max_streams_per_address            of them of one user, of one address; 0 is any number
        max_waiting_polls                                        of them that are parked polls
        """
        self.lock = threading.Lock()
        self.cursor = head
        self.tape_bytes, self.heartbeat_s = tape_bytes, heartbeat_s
        self.growth = Growth(self.lock, tape_bytes // 2)    # the other half is for the one event more that may be large
        self._places = Places(
            most=max_streams, most_of_user=max_streams_per_user, most_of_address=max_streams_per_address, most_waiting=max_waiting_polls)
        self._runs = Runs(self.lock, kept_bytes=pending_bytes // 4, pending_bytes=pending_bytes * 5 // 8)
        self._replay = Replay(
            self._runs, head, floor, limit=replay_limit, most_bytes=replay_bytes,
            open_window=lambda head: Window(self.lock, read_page, head, recent=-(-window // PAGE), kept_bytes=pending_bytes // 8))
        self._held = {}         # seq -> Event that came before its turn; the follow thread's own
        self._streams, self._feeds, self._owners = set(), Feeds(self), Owners()     # the open ones, and who holds them
        self._abandoned = deque()       # streams that nobody holds any more
        self.answered = 0       # polls that did not wait
        self.note_client = None     # note_client(stream, is_there) is called by whoever opens or ends one, without the lock; or None

    @property
    def open_streams(self):
        """How many there are."""
        return len(self._streams)

    def is_heard(self, topic):
        """Whether somebody listens to `topic`."""
        with self.lock:
            return bool(self._feeds.of(topic))

    def census(self):
        """Return [(topics, transport, how many streams)] of all feeds, figures of about this moment."""
        with self.lock:
            feeds = [*self._feeds]
        return [(feed.topics, feed.encoding.transport, feed.streams) for feed in feeds]

    # The follow thread

    def receive(self, events):
        """Take events in any order, as often as they come; those whose turn it is go out, as long as the loop has room.

        Returns the seq that is waited for when later ones are held back, else None. When the hub `is_held_up`, wait for room
        (`growth.wait_for_room`) and call again, with or without more events.
        """
        for event in events:
            if event.epoch != self.cursor.epoch:
                continue        # of another life of the log, or of another application on the same broker
            if event.seq is None:
                self._send_transient(event)
            elif event.seq > self.cursor.seq:
                self._held[event.seq] = event
            self._release()
        self._release()
        return self.cursor.seq + 1 if self._held and not self.is_held_up else None

    @property
    def is_held_up(self):
        """Whether an event whose turn it is waits for the loop."""
        return self.cursor.seq + 1 in self._held

    def set_bounds(self, floor, head_seq):
        """The log keeps what follows `floor`, and had nothing beyond `head_seq` when it was looked at after the last `receive`."""
        with self.lock:
            self._replay.floor = floor
        self._held = {seq: event for seq, event in self._held.items() if seq <= head_seq}     # the others were never committed

    def renew(self, head, floor, reason="epoch"):
        """The log goes on elsewhere, at `head`, in another life or past what was pruned: everybody is told to start over from there."""
        replay, frames = self._replay.restarted(head, floor), {}
        while True:
            with self.lock:
                lasting = [feed for feed in self._feeds if not feed.encoding.is_once]
                if not (missing := {feed.encoding for feed in lasting} - frames.keys()):
                    self.cursor, self._replay, self._held = head, replay, {}
                    for feed in lasting:
                        feed.append(frames[feed.encoding])
                    ring = self.growth.note(lasting) | self._end_polls(reason)
                    break
            frames |= {encoding: encoding.reset(reason, head, self._spread_ms()) for encoding in missing}
        self.growth.ring(ring)

    def _release(self):
        while self.growth.has_room and (ready := self._held.pop(self.cursor.seq + 1, None)):
            self._send(ready)

    def _send_transient(self, event):
        """It is worth nothing later: a loop that is behind does not get it."""
        if self.growth.has_room:
            self._send(event)

    def _send(self, event):
        frames, ring = {}, False
        while True:
            with self.lock:
                wanted = self._feeds.of(event.topic)
                if not (missing := wanted.keys() - frames.keys()):
                    if event.seq is not None:
                        self._replay.append(event)
                        self.cursor = event.cursor
                    for encoding, feeds in wanted.items():
                        for feed in feeds:
                            feed.append(frames[encoding])
                        ring |= self.growth.note(feeds, len(frames[encoding]))
                    break
            for encoding in missing:            # again only if a first listener of an encoding came meanwhile
                frames[encoding] = event.frame(encoding)
        self.growth.ring(ring)

    # Worker threads

    def join(self, topics, encoding, cursor=None, *, room=None, **options):
        """Open a stream that begins after `cursor`, or now. Returns it; the caller sends it or calls `leave`.

        cursor  Cursor, UNREADABLE or None. One that is ahead of this hub is answered by a reset: whoever may be ahead
                for a moment only waits for the hub first (follow.py).
        room    how many streams whoever sends it has room for, None for any number
        options as in Stream: deadline, owner, user, address, dialogue
        Of an encoding of answers it begins with the answer, if there is one to give at once.
        Raises HubFull, TooManyStreams, TooManyPolls and what reading the log raises; there is no stream then.
        """
        self._leave_abandoned()
        with self.lock:
            self._places.take(options.get("user"), options.get("address"), room, waits=encoding.is_once)
            feed = self._feeds.enter(frozenset(topics), encoding)
            stream, head = Stream(feed, **options), self.cursor
            self._streams.add(stream)
            self._owners.enter(stream)
            feed.enter(stream)
        try:
            runs = self._replay.beginning(feed, cursor, head, self._spread_ms())
            with self.lock:
                self._runs.hold(runs)
                stream.replay = runs[::-1]
        except BaseException:
            self.leave(stream)
            raise
        if self.note_client:
            self.note_client(stream, True)
        return stream

    def answer(self, topics, encoding, cursor=None):
        """Return what there is after `cursor`, at most a page of it, as an answer to a poll. Nothing is held afterwards.

        cursor as in `join`; without one the answer is the present position. encoding: one that has an `answer`.
        Raises what reading the log raises.
        """
        with self.lock:
            head = self.cursor
            self.answered += 1
        return self._replay.news(frozenset(topics), encoding, cursor, head, self._spread_ms()) or encoding.answer(head)

    def _spread_ms(self):
        return min(MOST_SPREAD_MS, RELOAD_MS * self.open_streams)

    # Any thread

    def leave(self, stream):
        """The stream is over; its feed goes with the last one. Twice is harmless."""
        with self.lock:
            if stream not in self._streams:
                return
            self._streams.remove(stream)
            self._owners.leave(stream)
            self._places.give_back(stream.user, stream.address, waits=stream.feed.encoding.is_once)
            while stream.replay:
                self._runs.release(stream.replay.pop())
            stream.feed.leave(stream)
            self._feeds.leave(stream.feed)
        if self.note_client:
            self.note_client(stream, False)

    def abandon(self, stream):
        """As `leave`, by the next `join` or `tick`: for a `__del__`, which runs in the middle of anything, also of what holds the lock."""
        self._abandoned.append(stream)

    def _leave_abandoned(self):
        while self._abandoned:
            self.leave(self._abandoned.popleft())

    def take_run(self, stream):
        """Return what the stream has to send next of the past; b"" when it has left. Whoever sends it."""
        with self.lock:
            if not stream.replay:
                return b""
            run = stream.replay.pop()
            self._runs.release(run)
            return run.slab

    def move(self, stream, topics):
        """`stream` sees `topics`, a frozenset, from the present position on; what it has yet to read of its feed comes before.

        Its sender, for a stream with a position of its own. Raises Lapsed when there is no having that any more.
        """
        with self.lock:
            old = stream.feed
            if stream not in self._streams or topics == old.topics:
                return
            runs = [Run(slab)] if (slab := old.unread(stream)) else []
            try:
                self._runs.hold(runs)
            except HubFull as error:
                raise Lapsed(stream.at) from error
            stream.replay[:0] = runs
            old.leave(stream)
            self._feeds.leave(old)
            stream.feed = self._feeds.enter(topics, old.encoding)
            stream.feed.enter(stream)

    def end(self, stream, reason):
        """Ask for the end of a stream: whoever sends it says why and closes."""
        with self.lock:
            ring = self._end([stream], reason)
        self.growth.ring(ring)

    def end_all(self, reason):
        """Ask for the end of every stream that is open now."""
        with self.lock:
            ring = self._end(self._streams, reason)
        self.growth.ring(ring)

    def end_owner(self, owner, reason, topics=()):
        """Ask for the end of the streams of `owner`, of those that see one of `topics` if there are some; each is told which."""
        with self.lock:
            ring = self._end(self._owners.streams(owner, topics), reason, frozenset(topics))
        self.growth.ring(ring)

    def _end(self, streams, reason, topics=()):
        ending = [stream for stream in streams if not stream.closing]
        for stream in ending:
            stream.closing, stream.refused = reason, topics and topics & stream.feed.topics
            stream.feed.wake()
        return self.growth.note((), ending=ending)

    def _end_polls(self, reason):
        """Let all ask again: what comes now is of another life than what they have, and is not for those who wait."""
        for feed in [feed for feed in self._feeds if feed.encoding.is_once]:
            self._feeds.retire(feed)
        return self._end([stream for stream in self._streams if stream.feed.encoding.is_once], reason)

    def owners(self):
        """Return the owners of the open streams, a list."""
        with self.lock:
            return [*self._owners]

    def owners_in_turn(self, turns):
        """Return the owners that are to be checked now, a list, when each is to be checked once in `turns` calls."""
        with self.lock:
            return self._owners.next_turn(turns)

    def topics_of(self, owners):
        """Return {owner: the topics that its streams see} of those of `owners` that have streams. The lock is held 1 us for each."""
        with self.lock:
            return self._owners.topics(owners)

    def tick(self, now):
        """Tell the time, about once a second, from whoever has a clock; feeds that are silent get a heartbeat.

        Its id is the head of a moment since which the feed has had no event, so it names nothing that is yet to come.
        """
        self._leave_abandoned()
        with self.lock:
            head, silent = self.cursor, self._feeds.silent(now, self.heartbeat_s)
        frames = {encoding: encoding.heartbeat(head) for encoding in {feed.encoding for feed in silent}}
        with self.lock:
            still_silent = [feed for feed, moment in silent.items() if feed.moment == moment]
            for feed in still_silent:
                feed.append(frames[feed.encoding])
            ring = self.growth.note(still_silent)
        self.growth.ring(ring)
