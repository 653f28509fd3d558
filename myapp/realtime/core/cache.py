"""The cache: values by key, the least recently used going first, bounded by bytes. It knows nothing of what it keeps."""
from collections import OrderedDict

ENTRY = 256     # bytes that an entry costs besides its value, so that empty ones do not pile up


class Cache:
    """Of one thread at a time: whoever shares it holds a lock."""

    def __init__(self, most_bytes):
        self._most_bytes, self._bytes = most_bytes, 0
        self._entries = OrderedDict()       # key -> (value, its bytes), least recently used first

    def __len__(self):
        return len(self._entries)

    def get(self, key):
        """Return the value of `key`, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key, value, size):
        """Keep `value`, of `size` bytes, until others need its place; not at all when it alone is larger than the cache."""
        size += ENTRY
        if size > self._most_bytes:
            return
        self._bytes += size - self._entries.pop(key, (None, 0))[1]
        self._entries[key] = value, size
        while self._bytes > self._most_bytes:
            _, (_, dropped) = self._entries.popitem(last=False)
            self._bytes -= dropped
