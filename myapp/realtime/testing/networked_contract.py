"""What every broker promises whose server can be absent, die, hang and refuse, as tests to subclass."""
from contextlib import closing
from urllib.parse import unquote, urlsplit

from ..core.event import Event
from .broker_contract import BrokerContract, a_logged_event
from .ear import Ear, time_of, wait_until

MANY = 20_000       # twice what any backlog holds
MANY_S = 2.0        # for so many; whoever waited for the server, each time for the least, would take as long as that for a thousand
TRIES = 3           # of which one must be as quick: a busy machine may have other things to do for some seconds
QUICK_S = 0.1       # by which a write may be slowed, whatever state the broker is in


class NetworkedBrokerContract(BrokerContract):
    """What is promised besides by one whose server can be absent, die, hang and refuse. Five lines make it run:

        class TestCarrierPigeons(NetworkedBrokerContract):
            factory = CarrierPigeons

            @pytest.fixture(autouse=True)
            def use(self, loft):
                self.server = loft      # a private one: it has url, kill(), start(), freeze() and thaw()

    The URL has a password. kill() ends it as a power failure would, start() begins it again at the same address; after freeze() it
    keeps its connections open and answers nothing, until thaw().
    """
    RETURN_S = 30.0     # within which a broker works again, once its server does
    NOTICE_S = 15.0     # within which it is known that a server hangs

    @property
    def url(self):
        return self.server.url

    def make_broker(self):
        return self.factory(self.url)

    def make_second(self, broker):
        return self.factory(self.url)

    def test_while_there_is_no_server_nothing_fails_nothing_waits_and_later_it_works(self):
        with closing(self.make_broker()) as broker:
            self.server.kill()
            try:
                broker.publish([a_logged_event(1)])
                wait_until(lambda: broker.figures.dropped, self.TIMEOUT_S)
                ear = Ear(broker)
                ear.wait_until(lambda: ear.reason, self.TIMEOUT_S)
                dropped = broker.figures.dropped
                assert any(time_of(lambda: publish_many(broker)) < MANY_S for _ in range(TRIES))
                wait_until(lambda: broker.figures.dropped > dropped, self.TIMEOUT_S)
                broker.publish([Event("e0", None, "a", "tick", "{}")])
            finally:
                self.server.start()
            self._insist_that_it_works(broker, ear)
            assert "tick" not in {event.type for event in ear.heard}, "a transient event of the outage came after it"

    def test_after_its_server_was_killed_it_works_again_by_itself(self):
        with self._ears() as (broker, ears):
            self.server.kill()
            try:
                for ear in ears:
                    ear.wait_until(lambda ear=ear: not ear.is_up, self.TIMEOUT_S)
                    assert ear.reason
                broker.publish([a_logged_event(1)])
            finally:
                self.server.start()
            for ear in ears:
                self._insist_that_it_works(broker, ear)

    def test_while_its_server_hangs_nothing_fails_nothing_waits_and_later_it_works(self):
        with self._ears() as (broker, ears):
            self.server.freeze()
            try:
                slowest_s = max(time_of(lambda seq=seq: broker.publish([a_logged_event(seq)])) for seq in range(1, 1001))
                other = self.make_broker()
                Ear(other)
                other.publish([a_logged_event(1)])
                closing_s = time_of(other.close)
                for ear in ears:
                    ear.wait_until(lambda ear=ear: not ear.is_up, self.NOTICE_S)
            finally:
                self.server.thaw()
            assert slowest_s < QUICK_S and closing_s < 4.0
            for ear in ears:
                self._insist_that_it_works(broker, ear)

    def test_a_wrong_password_is_a_reason_and_is_never_shown(self, caplog):
        wrong = "wrong-5d2b8e40-word"
        broker = self.factory(self.url.replace(self._password(), wrong))
        ear = Ear(broker)
        ear.wait_until(lambda: ear.reason, self.TIMEOUT_S)
        publisher = self.factory(self.url.replace(self._password(), wrong))
        publisher.publish([a_logged_event(1)])
        wait_until(lambda: caplog.records, self.TIMEOUT_S)
        publisher.close()
        broker.close()
        said = caplog.text + ear.reason
        assert wrong not in said and unquote(self._password()) not in said and len(ear.reason.splitlines()) == 1

    def _password(self):
        """As the URL has it."""
        return urlsplit(self.url).netloc.rpartition("@")[0].partition(":")[2]

    def _insist_that_it_works(self, broker, ear):
        """One of the events that are published from now on is heard, soon."""
        heard = len(ear.heard)

        def is_heard():
            broker.publish([Event("later", 1, "a", "t", "{}")])
            return any(event.epoch == "later" for event in ear.heard[heard:])
        wait_until(is_heard, self.RETURN_S, look_s=0.05)
        ear.wait_until(lambda: ear.is_up, self.RETURN_S)


def publish_many(broker):
    for seq in range(1, MANY + 1):
        broker.publish([a_logged_event(seq)])
