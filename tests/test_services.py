"""The private servers: they can be killed, frozen and started again, and nothing of them outlives whoever made them."""
import contextlib
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pika
import psycopg2
import pytest
import redis
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from tests import servers
from tests.conftest import run_statement
from tests.services import ServiceError
from tests.waiting import wait_until

ANSWER_S = 1.0
# Makes a server and waits; what it knows is in its line of output.
MAKER = """\
import sys
from tests import servers
server = getattr(servers, sys.argv[1])()
server.keep()
print(server.address, flush=True)
sys.stdin.read()
"""


def ask_redis(url):
    with redis.Redis.from_url(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, retry=None) as client:
        client.ping()


def ask_rabbitmq(url):
    """Declare a queue as the account of the URL."""
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = ANSWER_S
    with pika.BlockingConnection(parameters) as connection:
        connection.channel().queue_declare("", exclusive=True)


def ask_postgresql(url):
    connection = psycopg2.connect(url, connect_timeout=2)      # the least that libpq takes
    try:
        connection.cursor().execute("SELECT 1")
    finally:
        connection.close()


# Kind -> who asks it something, and what is raised when there is no answer.
KINDS = {
    "Redis": (ask_redis, redis.ConnectionError, redis.TimeoutError),
    "RabbitMQ": (ask_rabbitmq, AMQPConnectorException),
    "Postgres": (ask_postgresql, psycopg2.OperationalError),
}


@pytest.fixture
def make_server():
    """make(kind) -> (the process that made a server of this kind, the server as another process has it), running."""
    with contextlib.ExitStack() as makers:
        def make(kind):
            maker = makers.enter_context(subprocess.Popen([sys.executable, "-c", MAKER, kind], cwd=servers.ROOT, text=True,
                                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            makers.callback(maker.kill)
            server = getattr(servers, kind)(maker.stdout.readline().strip())
            server.start()
            return maker, server
        yield make


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_lives_again_after_kill_and_freeze_and_does_not_outlive_its_maker(make_server, kind):
    ask, *no_answer = KINDS[kind]
    maker, server = make_server(kind)
    url, folder, first = server.url, server.folder(), server.pids()
    ask(url)

    server.kill()
    assert not is_listening(url) and not still_there(first)
    server.start()
    ask(url)
    assert server.url == url and server.folder() == folder

    server.freeze()
    assert is_listening(url)
    with pytest.raises(tuple(no_answer)):
        ask(url)
    server.thaw()
    ask(url)

    server.freeze()
    second = server.pids()
    assert len(second) >= len(first) and not second & first
    maker.kill()
    wait_until(lambda: not still_there(second) and not folder.exists() and not is_listening(url))


def test_what_is_committed_lives_through_a_kill_and_a_killed_server_leaves_nothing_when_stopped():
    before = segments()
    with servers.Postgres() as server:
        run_statement(server.url, "CREATE TABLE kept ()")
        server.kill()
        server.start()
        run_statement(server.url, "DROP TABLE kept")
        folder, memory = server.folder(), shared_memory(server)
        server.kill()
        assert memory in segments() - before
    assert not folder.exists() and memory not in segments()


def test_a_server_that_does_not_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "redis-server").write_text("#!/bin/sh\necho the disk is on fire\nexit 3\n")
    (tmp_path / "redis-server").chmod(0o755)
    with pytest.raises(ServiceError, match="Redis did not start:\nthe disk is on fire"):
        servers.Redis().__enter__()


def shared_memory(server):
    """Return the id of the System V shared memory by which PostgreSQL knows who uses its folder."""
    return (server.folder() / "data/postmaster.pid").read_text().splitlines()[6].split()[1]


def segments():
    """Return the ids of all System V shared memory of the machine."""
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


def is_listening(url):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port)) == 0


def still_there(pids):
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}
