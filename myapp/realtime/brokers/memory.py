"""The memory broker: carries events within one process. Other processes see them when they look at the table, within 3 s."""
import threading

from . import Broker


class MemoryBroker(Broker):
    def __init__(self, url="memory://"):
        super().__init__(url)
        self._lock = threading.Lock()       # guards _subscribers; never held while one is called
        self._subscribers = ()

    def publish(self, events):
        for on_events in self._subscribers:
            on_events(events)

    def subscribe(self, on_events, on_state):
        with self._lock:
            self._subscribers += (on_events,)
        on_state(True)

    def close(self):
        with self._lock:
            self._subscribers = ()
