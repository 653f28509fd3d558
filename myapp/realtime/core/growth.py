"""Growth: what the loop has yet to take, the feeds that have grown and the streams that must end; and whether it keeps up.

A loop is whoever sends many streams from one thread. Without one nothing is noted and there is always room. The hub's lock
guards all of it; the bell is rung without it.
"""
import threading


class Growth:
    def __init__(self, lock, room_bytes):
        """room_bytes: how much may grow before the loop has read it."""
        self._lock, self._room_bytes = lock, room_bytes
        self._feeds, self._ended = {}, []
        self._bytes, self._taken_bytes = 0, 0       # that the loop has yet to read; of these, what it has taken
        self._taken = None      # made when somebody first waits for room
        self._bell = None       # the loop's
        self.note_room = lambda: None       # called by the loop, without the lock, when it has given room

    @property
    def has_room(self):
        """Whether the loop keeps up: else what is sent now might push off the tapes what it has yet to read. A hint of this moment."""
        return self._bytes < self._room_bytes

    @property
    def is_read(self):
        """Whether all that has grown is read, by those who keep up. A hint of this moment."""
        return not self._bytes

    # The caller holds the lock

    def note(self, feeds, size=0, ending=()):
        """`feeds` have grown, together by `size` bytes, and the streams of `ending` must end. Returns whether to ring."""
        if self._bell is None or not (feeds or ending):
            return False
        was_empty = not (self._feeds or self._ended)
        self._feeds.update(dict.fromkeys(feeds))
        self._ended += ending
        self._bytes += size
        return was_empty

    # Any thread, without the lock

    def ring(self, is_wanted):
        bell = self._bell       # it may be taken away meanwhile
        if is_wanted and bell:
            bell()

    def wait_for_room(self, timeout_s):
        """Wait until the loop has taken what there is; False when it has not."""
        with self._lock:
            self._taken = self._taken or threading.Condition(self._lock)
            return self._taken.wait_for(lambda: self.has_room, timeout_s)

    # The loop

    def begin(self, bell):
        """There is a loop from now on: `bell()` is called, without the lock, when there is something to take."""
        with self._lock:
            self._bell = bell

    def take(self):
        """Return (feeds that have grown, streams that must end) since the last call. When the feeds are read, `give_room`."""
        with self._lock:
            taken = self._feeds, self._ended
            self._feeds, self._ended, self._taken_bytes = {}, [], self._bytes
            return taken

    def give_room(self):
        """What was taken is read. No sooner: else as much again would push off the tapes what the last feed has yet to read."""
        with self._lock:
            self._give(self._taken_bytes)
        self.note_room()

    def part(self):
        """There is no loop any more."""
        with self._lock:
            self._bell = None
            self._feeds, self._ended = {}, []
            self._give(self._bytes)

    def _give(self, size):
        self._bytes, self._taken_bytes = self._bytes - size, 0
        if self._taken:
            self._taken.notify_all()
