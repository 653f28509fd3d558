"""The window: recent events in memory, older ones in pages of the log, both in pages of 256.

Page k holds seq k*256+1 .. k*256+256. seq has no gaps, so a full page never changes and one copy serves everyone.
The hub's lock guards all of it; `read_page` is the only call-out and runs without the lock.
"""
from concurrent.futures import Future

from .cache import Cache

PAGE = 256              # events; a page of 100-byte events is one 64 KiB read


def page_of(seq):
    """Return the number of the page that `seq` (>= 1) stands in."""
    return (seq - 1) // PAGE


class Window:
    def __init__(self, lock, read_page, head, *, recent, kept_bytes):
        """Reads the head's page, so that every page held is whole.

        recent: pages never given up. kept_bytes: of data in older pages; frames come on top.
        """
        self._lock, self._read_page, self._most_recent = lock, read_page, recent
        newest = [event for event in read_page(page_of(head.seq)) if event.seq <= head.seq] if head.seq else []
        self._recent = {page_of(newest[-1].seq): newest} if newest else {}
        self._older, self._loading = Cache(kept_bytes), {}

    def append(self, event):
        """Add the event after the head. The caller holds the lock."""
        number = page_of(event.seq)
        if number not in self._recent:
            self._recent[number] = []
            if len(self._recent) > self._most_recent:
                oldest = min(self._recent)
                self._keep(oldest, self._recent.pop(oldest))
        self._recent[number].append(event)

    def page(self, number):
        """Return the events of one page, as far as there are any. Worker threads; may wait for the log.

        However many ask for a page that is not in memory, one of them reads it. Raises what `read_page` raises.
        """
        with self._lock:
            if page := self._recent.get(number) or self._older.get(number):
                return page
            loading, mine = self._loading.get(number), number not in self._loading
            if mine:
                loading = self._loading[number] = Future()
        return self._load(number, loading) if mine else loading.result()

    def _load(self, number, loading):
        try:
            page = self._read_page(number)
        except BaseException as error:
            loading.set_exception(error)
            raise
        else:
            loading.set_result(page)
            return page
        finally:
            with self._lock:
                del self._loading[number]
                if not loading.exception() and len(page) == PAGE:
                    self._keep(number, page)

    def _keep(self, number, page):
        self._older.put(number, page, sum(len(event.data) for event in page))
