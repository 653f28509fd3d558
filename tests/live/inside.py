"""A server that runs within the test's process, in a thread of its own, so that a test can look into it."""
import sys
import threading
from contextlib import contextmanager

from myapp.server import DRAIN_TIMEOUT_S, HEAD_S, Server

from .server import HOST

WAIT_S = 10.0       # for what must come
DEAF_S = 1.0        # instead of a minute


@contextmanager
def serving(app, *, deaf_s=DEAF_S, head_s=HEAD_S, has_loop=True, **settings):
    """Within, `app` is served. Gives the Server, whose thread is `server.thread`. settings: those of [server:main]."""
    where = {} if {"listen", "unix_socket"} & settings.keys() else {"host": HOST, "port": "0"}
    server, interval = Server(app, **({"threads": "2"} | where | settings)), sys.getswitchinterval()
    server.deaf_s, server.head_s, server.has_loop = deaf_s, head_s, has_loop
    server.thread = threading.Thread(target=server.run, daemon=True)
    server.thread.start()
    try:
        yield server
    finally:
        server.stop()
        server.thread.join(DRAIN_TIMEOUT_S + WAIT_S)
        sys.setswitchinterval(interval)     # the server sets it for the whole process
    assert not server.thread.is_alive()
