"""What every broker promises, as tests to subclass. Needs pytest to run, and nothing to be imported."""
import os
import threading
import traceback
from contextlib import ExitStack, contextmanager

from ..core.event import Cursor, Event
from .ear import Ear, time_of

LARGE = 64 << 10    # bytes of data: the largest event, as realtime.max_event is by default


class BrokerContract:
    """What every broker promises. Subclass it in a test module, say how to make one, and run it with pytest:

        class TestMemoryBroker(BrokerContract):
            def make_broker(self):
                return MemoryBroker("memory://")

    `make_second` makes what another process would have; by default the very same broker, for those that stay in one process.
    """
    TIMEOUT_S = 5.0
    THREADS, EACH = 16, 50
    CARRIES_LARGE = True    # whether an event of 64 KiB comes through whole; if not, a logged one comes as its cursor

    def make_broker(self):
        """Return a new broker; the test closes it."""
        raise TypeError(f"{type(self).__name__} must say in make_broker() how its broker is made")

    def make_second(self, broker):
        """Return a broker that another process would have on the same server."""
        return broker

    def test_everybody_who_has_subscribed_hears_every_event_in_order(self):
        with self._ears() as (broker, ears):
            sent = [a_logged_event(seq) for seq in range(1, 301)]
            for event in sent:
                broker.publish([event])
            for ear in ears:
                ear.wait_for(len(sent), self.TIMEOUT_S)
                assert [parts(event) for event in ear.heard] == [parts(event) for event in sent]

    def test_events_come_through_unchanged_transient_ones_too(self):
        events = [
            Event("e0", 1, "a:B", "t", '{"text": "\\r\\n\\u0000\\ud800 é😀"}', "user-1"), Event("e0", None, "a", "tick", "{}"),
            Event("e0", 2, "a", "t", '{"text": "%s"}' % ("x" * 5000))]
        with self._ears() as (broker, ears):
            broker.publish(events)
            for ear in ears:
                ear.wait_for(len(events), self.TIMEOUT_S)
                assert [parts(event) for event in ear.heard] == [parts(event) for event in events]

    def test_a_large_event_comes_through_or_at_least_its_cursor_does(self):
        large = Event("e0", 1, "a", "t", '{"text": "%s"}' % ("x" * (LARGE - 12)))
        with self._ears() as (broker, ears):
            broker.publish([large, a_logged_event(2)])
            for ear in ears:
                ear.wait_for(2 if self.CARRIES_LARGE else 1, self.TIMEOUT_S)
                if self.CARRIES_LARGE:
                    assert parts(ear.heard[0]) == parts(large)
                else:
                    ear.wait_until(lambda ear=ear: ear.cursors, self.TIMEOUT_S)
                    assert ear.cursors == [Cursor("e0", 1)]

    def test_many_threads_may_publish_at_once_and_each_is_heard_in_its_order(self):
        with self._ears() as (broker, ears):
            def publish(thread):
                for number in range(self.EACH):
                    broker.publish([a_logged_event(thread * self.EACH + number + 1)])
            threads = [threading.Thread(target=publish, args=(thread,)) for thread in range(self.THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for ear in ears:
                ear.wait_for(self.THREADS * self.EACH, self.TIMEOUT_S)
                for thread in range(self.THREADS):
                    first = thread * self.EACH + 1
                    mine = [event.seq for event in ear.heard if first <= event.seq < first + self.EACH]
                    assert mine == [*range(first, first + self.EACH)]

    def test_publishing_needs_no_subscriber(self):
        broker = self.make_broker()
        broker.publish([a_logged_event(1)])
        broker.close()
        assert broker.figures.published == 1

    def test_what_was_published_before_it_is_closed_is_carried_still(self):
        with self._ears() as (_, ears):
            broker = self.make_broker()
            self._made_last(broker, ears)
            broker.publish([a_logged_event(seq) for seq in range(1, 1001)])
            broker.close()
            ears[-1].wait_for(1000, self.TIMEOUT_S)

    def _made_last(self, broker, ears):
        """For brokers that stay in one process: whoever is to hear this one must have subscribed to it."""
        if self.make_second(broker) is broker:
            ears.append(Ear(broker))

    def test_closing_is_quick_and_final(self):
        with self._ears() as (broker, ears):
            assert time_of(broker.close) < 4.0
            broker.publish([a_logged_event(1)])
            other = self.make_broker()
            self._made_last(other, ears)
            other.publish([a_logged_event(2)])
            ears[-1].wait_for(1, self.TIMEOUT_S)
            other.close()
            assert ears[0].heard == [] and [event.seq for event in ears[-1].heard] == [2]

    def test_one_that_was_made_before_a_fork_works_in_the_child(self):
        broker = self.make_broker()
        child = os.fork()
        if child == 0:
            self._try_in_child(broker)
        try:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        finally:
            broker.close()

    def _try_in_child(self, broker):
        """Publish and hear; ends the process, with 0 when that works."""
        code = 1
        try:
            ear = Ear(broker)
            ear.wait_until_up(self.TIMEOUT_S)
            broker.publish([a_logged_event(1)])
            ear.wait_for(1, self.TIMEOUT_S)
            broker.close()
            code = 0
        except BaseException:       # nobody else would ever show it
            traceback.print_exc()
        finally:
            os._exit(code)

    @contextmanager
    def _ears(self):
        """(a broker, two subscribers, one as in another process)."""
        with ExitStack() as ends:
            broker = self.make_broker()
            ends.callback(broker.close)
            second = self.make_second(broker)
            ends.callback(second.close)
            ears = [Ear(broker), Ear(second)]
            for ear in ears:
                ear.wait_until_up(self.TIMEOUT_S)
            yield broker, ears


def a_logged_event(seq):
    """Return a logged event."""
    return Event("e0", seq, "a", "t", f'{{"n": {seq}}}')


def parts(event):
    """Return what two events that are equal have in common."""
    return event.epoch, event.seq, event.topic, event.type, event.data, event.key
