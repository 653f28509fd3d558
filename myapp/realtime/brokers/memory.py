"""The memory broker: carries events within one process. Other processes see them when they look at the table, within 3 s."""
import threading

from . import Broker


class MemoryBroker(Broker):
    is_shared = False

    def __init__(self, url="memory://"):
        super().__init__(url)
        self._lock = threading.Lock()       # guards what follows; never held while a subscriber is called
        self._subscribers = ()

    def publish(self, events):
        subscribers = self._subscribers
        self.figures.add(published=len(events), received=len(events) * len(subscribers))
        for subscriber in subscribers:
            subscriber.take(events)

    def subscribe(self, subscriber):
        with self._lock:
            self._subscribers += (subscriber,)
        subscriber.take_state(True)

    def close(self):
        with self._lock:
            self._subscribers = ()
