"""The contract of brokers, held against each one that there is, on real servers; and what is each one's own."""
import subprocess
import sys
import threading
from contextlib import closing
from urllib.parse import quote, urlsplit

import psycopg2
import pytest
import redis

from myapp.realtime.brokers import find_broker
from myapp.realtime.brokers.memory import MemoryBroker
from myapp.realtime.brokers.networked import BrokerUnavailable
from myapp.realtime.brokers.postgresql import PostgresBroker
from myapp.realtime.brokers.rabbitmq import RabbitBroker
from myapp.realtime.brokers.redis import RedisBroker
from myapp.realtime.core.event import Event
from myapp.realtime.testing import BrokerContract, NetworkedBrokerContract
from myapp.realtime.testing.ear import Ear
from tests.servers import PASSWORD, USER
from tests.servers.postgresql import GUARDED
from tests.waiting import wait_until

from .dribble import Dribble

URLS = ["redis://:{}@localhost", "rediss://me:{}@localhost:1/0", "amqp://me:{}@localhost/%2F", "amqps://me:{}@a,amqp://me:{}@b",
        "postgresql://me:{}@localhost/x"]


class TestMemoryBroker(BrokerContract):
    def make_broker(self):
        return MemoryBroker("memory://")


class TestRedisBroker(NetworkedBrokerContract):
    factory = RedisBroker

    @pytest.fixture(autouse=True)
    def use(self, own_redis):
        self.server = own_redis


class TestRabbitBroker(NetworkedBrokerContract):
    factory = RabbitBroker

    @pytest.fixture(autouse=True)
    def use(self, own_rabbitmq):
        self.server = own_rabbitmq


class TestPostgresBroker(NetworkedBrokerContract):
    factory, CARRIES_LARGE = PostgresBroker, False

    @pytest.fixture(autouse=True)
    def use(self, own_postgres):
        self.server = own_postgres
        with closing(psycopg2.connect(own_postgres.url)) as connection, connection:
            connection.cursor().execute(f"DO $$ BEGIN CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'; "
                                        "EXCEPTION WHEN duplicate_object THEN NULL; END $$")

    @property
    def url(self):
        return self.server.url.replace(f"{USER}@", f"{GUARDED}:{quote(PASSWORD, safe='')}@")


# What it is made from

def test_the_scheme_names_the_broker():
    assert isinstance(find_broker("memory://", {}), MemoryBroker)


def test_a_broker_that_is_added_wins():
    assert find_broker("memory://x", {"memory": lambda url: url.upper()}) == "MEMORY://X"


def test_a_misspelt_scheme_names_the_nearest():
    with pytest.raises(ValueError, match=r"no such broker; use amqp://, amqps://, memory://.*did you mean 'memory'"):
        find_broker("memroy://", {})


def test_a_driver_that_is_missing_is_named_with_what_to_install():
    needs = {"redis": ("redis", "redis"), "rediss": ("redis", "redis"), "amqp": ("pika", "rabbitmq"), "amqps": ("pika", "rabbitmq"),
             "postgresql": ("psycopg2", "postgresql")}
    program = ("import sys; sys.modules.update(dict.fromkeys(('redis', 'pika', 'psycopg2')))\n"      # as if not installed
               "from myapp.realtime.brokers import find_broker\n"
               f"for scheme in {[*needs]}:\n"
               "    try: find_broker(f'{scheme}://me:secret@localhost', {})\n"
               "    except ValueError as error: print(error)")
    answer = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == [
        f"its driver, the Python package {driver}, is not installed; pip install 'myapp[{extra}]'" for driver, extra in needs.values()]


def test_another_package_adds_a_scheme_by_an_entry_point(tmp_path):
    package = tmp_path / "pigeons-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeons\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[myapp.brokers]\npigeon = pigeons:Pigeons\nowl = pigeons:Owls [night]\n")
    (tmp_path / "pigeons.py").write_text("from myapp.realtime.brokers.memory import MemoryBroker\nclass Pigeons(MemoryBroker): pass\n"
                                         "def __getattr__(name): import no_such_driver\n")
    program = ("from myapp.realtime.brokers import find_broker\nprint(type(find_broker('pigeon://loft', {})).__name__)\n"
               "try: find_broker('owl://barn', {})\nexcept ValueError as error: print(error)")
    answer = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert answer.stdout.splitlines() == [
        "Pigeons", "its driver, the Python package no_such_driver, is not installed; pip install 'pigeons[night]'"]


@pytest.mark.parametrize("url", URLS)
def test_making_one_connects_to_nothing_and_starts_no_thread(url):
    before = threading.active_count()
    find_broker(url.format("secret", "secret"), {}).close()
    assert threading.active_count() == before


@pytest.mark.parametrize("url", [
    "amqp:me:s3cr3t@localhost", "amqp:/me:s3cr3t@localhost/v", "redis://:s3cr3t@localhost/?nosuch=1", "redis://:s3cr3t@localhost:port",
    "redis://:s3cr3t@localhost/?socket_timeout=no", "amqp://me:s3cr3t@localhost:port", "amqp://me:s3cr3t@[::1",
    "amqp://me:s3cr3t@a, amqps://me:s3cr3t@b:x", "postgresql://me:s3cr3t%zz@localhost/x", "postgresql://me:s3cr3t@localhost/x?no_such=1"])
def test_a_url_that_cannot_be_used_is_refused_at_once_and_not_quoted(url):
    with pytest.raises(ValueError, match="must be ") as refusal:
        find_broker(url, {})
    assert "s3cr3t" not in str(refusal.value)


# Garbage, and what each server may do besides

@pytest.fixture
def listening(request):
    """listening(broker): an Ear that is up. The broker is closed with the test."""
    def make(broker):
        request.addfinalizer(broker.close)
        ear = Ear(broker)
        ear.wait_until_up(10.0)
        return ear
    return make


@pytest.mark.parametrize(("factory", "server"), [
    (RedisBroker, "redis_url"), (RabbitBroker, "rabbitmq_url"), (PostgresBroker, "postgresql_url")])
def test_garbage_is_counted_and_passed_over(request, listening, factory, server):
    broker = factory(request.getfixturevalue(server))
    ear, sending = listening(broker), broker.connect()
    sending.send([b"\xc3\xa9 garbage", b'{"v": 1, "events": [7]}', b"null"])
    sending.close()
    broker.publish([Event("e0", 1, "a", "t", "{}")])
    ear.wait_until(lambda: "e0" in {event.epoch for event in ear.heard}, 5.0)
    assert broker.figures.unreadable >= 3 and ear.is_up


@pytest.mark.parametrize(("factory", "server"), [
    (RedisBroker, "redis_url"), (RabbitBroker, "rabbitmq_url"), (PostgresBroker, "postgresql_url")])
def test_messages_that_come_in_pieces_are_whole_and_no_reason_to_be_cut(request, listening, factory, server):
    url = request.getfixturevalue(server)
    with Dribble(urlsplit(url).port) as slow:
        ear, sent = listening(factory(url.replace(f":{urlsplit(url).port}", f":{slow.port}"))), [*range(1, 21)]
        states, broker = record_states(ear), factory(url)
        request.addfinalizer(broker.close)
        for seq in sent:
            broker.publish([Event("slow", seq, "a", "t", '{"text": "%s"}' % ("x" * 7000))])
        ear.wait_until(lambda: [event.seq for event in ear.heard if event.epoch == "slow"] == sent, 10.0)
        assert states == []


def test_a_user_of_redis_who_may_not_publish_is_told_so_without_what_he_published(redis_url, listening):
    admin = redis.Redis.from_url(redis_url)
    admin.execute_command("ACL", "SETUSER", "reader", "on", ">secret-word", "~*", "&*", "+@all", "-publish")
    broker = RedisBroker(f"redis://reader:secret-word@{urlsplit(redis_url).netloc.rpartition('@')[2]}")
    ear = listening(broker)
    states = record_states(ear)
    broker.publish([Event("e0", 1, "user:5", "notice", '{"text": "only for you"}')])
    wait_until(lambda: admin.info("errorstats").get("errorstat_NOPERM", {}).get("count", 0) > 3)
    admin.close()
    assert states == [False], "it was taken to work because a connection could be made"
    assert "permissions" in ear.reason and not any(word in ear.reason for word in ("only", "user:5", "secret-word"))


def test_a_subscriber_that_redis_cuts_subscribes_again_and_says_so(redis_url, listening):
    broker = RedisBroker(redis_url)
    ear = listening(broker)
    states = record_states(ear)
    with redis.Redis.from_url(redis_url) as admin:
        admin.client_kill_filter(_type="pubsub")
    ear.wait_until(lambda: states[-1:] == [True], 5.0)
    assert states == [False, True]


def test_a_queue_that_rabbitmq_takes_away_is_noticed(rabbitmq_url):
    """As happens when its node leaves a cluster: the connection stays, and nothing would ever come again."""
    receiving = RabbitBroker(rabbitmq_url).listen()
    try:
        receiving._channel.queue_delete(receiving.queue)     # by its own connection, for the queue is no one else's to delete
        with pytest.raises(BrokerUnavailable, match="the queue was deleted"):
            for _ in range(50):
                receiving.receive(0.1)
    finally:
        receiving.close()


def test_rabbitmq_is_looked_for_at_each_of_several_addresses(rabbitmq_url, listening):
    listening(RabbitBroker(f"amqp://me:wrong@127.0.0.1:1/, {rabbitmq_url}"))


def test_a_backend_that_postgresql_ends_is_replaced(postgresql_url, listening):
    broker = PostgresBroker(postgresql_url)
    ear = listening(broker)
    states = record_states(ear)
    connection = psycopg2.connect(postgresql_url)
    connection.cursor().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'myapp.realtime'")
    connection.close()
    ear.wait_until(lambda: states[-1:] == [True], 5.0)
    assert states == [False, True]


def test_an_idle_connection_of_rabbitmq_outlives_many_heartbeats(rabbitmq_url, listening):
    broker = RabbitBroker(f"{rabbitmq_url}?heartbeat=1")
    ear = listening(broker)
    broker.publish([Event("e0", 1, "a", "t", "{}")])
    ear.wait_for(1, 5.0)
    states, neglected = record_states(ear), broker.connect()
    threading.Event().wait(4.0)
    with pytest.raises(BrokerUnavailable):      # one of which nobody has taken care is dead by now
        neglected.send([])
    neglected.close()
    broker.publish([Event("e0", 2, "a", "t", "{}")])
    ear.wait_for(2, 5.0)
    assert states == [] and broker.figures.dropped == 0


def record_states(ear):
    """Return a list to which each state that the broker tells from now on is added."""
    states, take_state = [], ear.take_state

    def record(is_up, reason=""):
        states.append(is_up)
        take_state(is_up, reason)
    ear.take_state = record
    return states
