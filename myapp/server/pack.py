"""The pack: those streams of one feed that stand at one position, and are sent one and the same slab.

It knows descriptors, neither streams nor epoll: who falls behind, or is gone, is the loop's to look after.
"""


class Pack:
    """The loop's. As a reader of the feed it has a position, `at`."""
    __slots__ = ("feed", "at", "fds", "streams")

    def __init__(self, feed):
        self.feed, self.at = feed, None
        self.fds = set()        # of those that stand at `at`
        self.streams = 0        # those and the stragglers
        feed.start_reading(self)

    def send(self, slab, write):
        """Write `slab` to each. Returns ({fd: what it has yet to take} of those that fall behind, [fds that are gone]).

        Those that fall behind are out of the pack.
        """
        size, rests, gone = len(slab), {}, []
        for fd in self.fds:
            try:
                sent = write(fd, slab)
            except BlockingIOError:
                rests[fd] = memoryview(slab)
            except OSError:
                gone.append(fd)
            else:
                if sent != size:
                    rests[fd] = memoryview(slab)[sent:]
        self.fds.difference_update(rests)
        return rests, gone

    def start_over(self):
        """Go to the end of the tape: of those that stood here none is left."""
        self.feed.stop_reading(self)
        self.feed.start_reading(self)

    def dissolve(self):
        """Its last stream is gone."""
        self.feed.stop_reading(self)
