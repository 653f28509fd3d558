"""What every broker promises, as tests to subclass. Needs pytest to run, and nothing to be imported."""
import threading
import time

from ..core.event import Event


class BrokerContract:
    """What every broker promises. Subclass it in a test module, say how to make one, and run it with pytest:

        class TestMemoryBroker(BrokerContract):
            def make_broker(self):
                return MemoryBroker("memory://")

    `make_second` makes what another process would have; by default the very same broker, for those that stay in one process.
    """
    TIMEOUT_S = 5.0
    THREADS, EACH = 16, 50

    def make_broker(self):
        """Return a new broker; the test closes it."""
        raise TypeError(f"{type(self).__name__} must say in make_broker() how its broker is made")

    def make_second(self, broker):
        """Return a broker that another process would have on the same server."""
        return broker

    def test_everybody_who_has_subscribed_hears_every_event_in_order(self):
        with _Ears(self) as (broker, ears):
            sent = [_event(seq) for seq in range(1, 301)]
            for event in sent:
                broker.publish([event])
            for ear in ears:
                ear.wait_for(len(sent), self.TIMEOUT_S)
                assert [_parts(event) for event in ear.heard] == [_parts(event) for event in sent]

    def test_events_come_through_unchanged(self):
        events = [
            Event("e0", 1, "a:B", "t", '{"text": "\\r\\n\\u0000 é😀"}', "user-1"),
            Event(None, None, "a", "tick", "{}"),                                   # a transient one
            Event("e0", 2, "a", "t", '{"text": "%s"}' % ("x" * 65_000))]
        with _Ears(self) as (broker, ears):
            broker.publish(events)
            for ear in ears:
                ear.wait_for(len(events), self.TIMEOUT_S)
                assert [_parts(event) for event in ear.heard] == [_parts(event) for event in events]

    def test_many_threads_may_publish_at_once(self):
        with _Ears(self) as (broker, ears):
            def publish(thread):
                for number in range(self.EACH):
                    broker.publish([_event(thread * self.EACH + number + 1)])
            threads = [threading.Thread(target=publish, args=(thread,)) for thread in range(self.THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for ear in ears:
                ear.wait_for(self.THREADS * self.EACH, self.TIMEOUT_S)
                assert {event.seq for event in ear.heard} == set(range(1, self.THREADS * self.EACH + 1))

    def test_publishing_needs_no_subscriber(self):
        broker = self.make_broker()
        broker.publish([_event(1)])
        broker.close()

    def test_closing_is_quick_and_final(self):
        with _Ears(self) as (broker, ears):
            began = time.monotonic()
            broker.close()
            assert time.monotonic() - began < 4.0
            heard = len(ears[0].heard)
            broker.publish([_event(1)])
            assert len(ears[0].heard) == heard


class _Ear:
    """One subscriber."""

    def __init__(self, broker):
        self.heard, self._changed, self._is_up = [], threading.Condition(), False
        broker.subscribe(self._take, self._take_state)

    def _take(self, events):
        with self._changed:
            self.heard += events
            self._changed.notify_all()

    def _take_state(self, is_up):
        with self._changed:
            self._is_up = is_up
            self._changed.notify_all()

    def wait_until_up(self, timeout_s):
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_up, timeout_s), "the broker never said that it is subscribed"

    def wait_for(self, count, timeout_s):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.heard) >= count, timeout_s), f"{len(self.heard)} of {count} events came"


class _Ears:
    """A broker and two subscribers, one as in another process."""

    def __init__(self, contract):
        self._contract = contract

    def __enter__(self):
        self._broker = self._contract.make_broker()
        self._second = self._contract.make_second(self._broker)
        ears = [_Ear(self._broker), _Ear(self._second)]
        for ear in ears:
            ear.wait_until_up(self._contract.TIMEOUT_S)
        return self._broker, ears

    def __exit__(self, *error):
        self._broker.close()
        self._second.close()


def _event(seq):
    return Event("e0", seq, "a", "t", f'{{"n": {seq}}}')


def _parts(event):
    return event.epoch, event.seq, event.topic, event.type, event.data, event.key
