"""The server: waitress under `pserve`, with one loop for all streams, and a drain when it is told to stop.

    [server:main]
    use = egg:myapp#server

It offers the application keys of the environ:
    myapp.hand_over(stream)     takes a Stream with its connection: after start_response, instead of a body. After a 101 the
                                connection is a WebSocket; what its client asks for is done by the threads that answer requests
    myapp.max_streams           how many streams it has room for. Where there is no epoll (macOS, Windows) these two are missing, and
                                streams hold threads
    myapp.threads               how many threads answer requests
    myapp.at_shutdown(callback) has `callback("shutdown")` called when the server is about to stop: by the main thread, and again and
                                again until it has stopped, so that it must not block and must do no harm when nothing is left to do
"""
import logging
import os
import select
import signal
import sys
import time

from waitress import wasyncore
from waitress.server import BaseWSGIServer, create_server

from .deaf import DEAF_S, DeafWatch, timeouts
from .door import HEAD_S, Door
from .files import connections, raise_limit, room_for_streams
from .settings import read_settings
from .wsgi import StreamChannel

logger = logging.getLogger(__name__)

DRAIN_TIMEOUT_S = 10.0  # from SIGTERM to the end of the process; init systems kill after 10 (Docker) to 90 s (systemd)
LOOP_S = 1.0        # between looks of the main loop at the clock; it wakes at once for sockets and signals
DRAIN_LOOP_S = 0.05
IDLE_THREADS_S = 1.0    # for threads that answer nothing to notice that they may go
LAST_S = 2.0        # of the drain, for that and for what the interpreter does at its end
HAS_EPOLL = hasattr(select, "epoll") and hasattr(os, "eventfd")     # Linux has both


def serve_paste(app, global_conf=None, **settings):
    """The paste.server_runner: as `serve`, but a server that cannot be ends the process with its sentence and exit code 1.

    pserve takes a SystemExit of a runner for a wish to stop and ends with 0, after which no init system would try again.
    """
    try:
        return serve(app, global_conf, **settings)
    except SystemExit as end:
        if not isinstance(end.code, str):
            raise
        print(end.code, file=sys.stderr, flush=True)
        logging.shutdown()
        os._exit(1)


def serve(app, global_conf=None, **settings):
    """Serve until SIGTERM. `settings` are waitress's; `pserve x.ini port=7000` overrides the ini's port.

    Raises SystemExit, a sentence, when a setting is wrong or the address cannot be listened on.
    """
    settings |= {key: value for key, value in (global_conf or {}).items() if key == "port"}
    try:
        server = Server(app, **settings)
    except ValueError as error:
        raise SystemExit(f"[server:main]: {error}; it was to listen on {_where(settings)}") from error
    except OSError as error:
        raise SystemExit(f"cannot listen on {_where(settings)}: {error.strerror}; "
                         "is it in use? Another port: pserve INI port=7000") from error
    server.stop_on_signals(signal.SIGTERM, signal.SIGINT)
    server.run()
    return 0


def _quieten(queue):
    """Requests that wait for a thread are nothing to warn of: thousands do, for a moment, when all pages come back at once."""
    if queue.level == logging.NOTSET:
        queue.setLevel(logging.ERROR)


def _where(settings):
    return settings.get("listen") or settings.get("unix_socket") or f"{settings.get('host', '')}:{settings.get('port', '')}"


class Server:
    """waitress with a loop for streams, and a drain. All methods belong to the main thread, but for `stop`, which any thread may call."""

    # May be set before `run`:
    deaf_s = DEAF_S         # how long a client may take nothing of what waits for it
    head_s = HEAD_S         # how long it may take to say the head of a request
    has_loop = HAS_EPOLL    # else a stream holds a thread

    def __init__(self, app, **settings):
        """settings: TABLE's and waitress's, as text or typed. The sockets listen from here on. Raises ValueError for what cannot be."""
        self._map, self._callbacks, self._is_stopping, self._loop = {}, set(), False, None
        self._own_settings, of_waitress = read_settings(settings)
        # The one thing that an application may have of the add-on which is the server's business.
        self._drain_timeout_s = getattr(getattr(getattr(app, "registry", None), "realtime", None), "drain_timeout_s", DRAIN_TIMEOUT_S)
        file_limit = raise_limit()
        of_waitress.setdefault("connection_limit", connections(file_limit))
        self._max_streams = room_for_streams(file_limit, int(of_waitress["connection_limit"])) if HAS_EPOLL else 0
        try:
            create_server(app, map=self._map, **of_waitress)
        except BaseException:
            wasyncore.close_all(self._map)      # the socket that cannot listen, and those before it that can
            raise
        self._listeners = [dispatcher for dispatcher in self._map.values() if isinstance(dispatcher, BaseWSGIServer)]
        self._settings = self._listeners[0].adj

    @property
    def addresses(self):
        """The (host, port) pairs listened on, port an int; ("unix", path) for a unix socket."""
        pairs = [(listener.effective_host, listener.effective_port) for listener in self._listeners]
        return [(host, port if host == "unix" else int(port)) for host, port in pairs]

    def stop(self):
        """Stop listening, say farewell to the streams, answer what is being asked, and have `run` return. Twice is harmless."""
        if not self._is_stopping:       # later the trigger may be closed, and its descriptor be somebody else's
            self._is_stopping = True
            self._listeners[0].pull_trigger()

    def stop_on_signals(self, *signals):
        """Stop on the first signal. Ctrl-C for the second time ends the process at once.

        A second SIGTERM does not: supervisors send it to the group and to the process, and a drain is not to be cut short by that.
        """
        interrupts = []

        def handle(number, frame):
            interrupts.extend([number] if number == signal.SIGINT else [])
            if len(interrupts) > 1:
                raise SystemExit(1)
            self.stop()
        for number in signals:
            signal.signal(number, handle)

    def run(self):
        """Serve until `stop`, then drain."""
        sys.setswitchinterval(self._own_settings["switch_interval"])
        _quieten(logging.getLogger("waitress.queue"))
        self._start_loop()
        for host, port in self.addresses:
            logger.info("serving on %s:%s", f"[{host}]" if ":" in host else host, port)
        self._settings.socket_options = [*self._settings.socket_options, *timeouts(self.deaf_s)]   # of the clients that are yet to come
        watch, door = DeafWatch(self.deaf_s), Door(self._listeners, head_s=self.head_s)
        while not self._is_stopping:
            door.open_or_shut()
            self._turn(LOOP_S)
            if watch.is_due():
                watch.look(self._channels())
                door.look(self._channels())
        door.let_all_in()
        self._turn(0)       # they are heard, before whoever has said nothing is let go
        self._drain()

    def _start_loop(self):
        offers = {"myapp.threads": self._settings.threads, "myapp.at_shutdown": self._callbacks.add}
        if self.has_loop:
            from .loop import StreamLoop  # the module cannot be imported where there is no epoll
            self._loop = StreamLoop(send_buffer=self._own_settings["send_buffer"], deaf_s=self.deaf_s,
                                    add_task=self._listeners[0].task_dispatcher.add_task)
            self._loop.start()
            offers["myapp.max_streams"] = self._max_streams
            logger.info("room for %d streams", self._max_streams)
        else:
            logger.warning("no epoll here: each stream holds one of %d threads", self._settings.threads)
        for listener in self._listeners:
            listener.channel_class, listener.offers, listener.stream_loop = StreamChannel, offers, self._loop

    def _turn(self, timeout_s):
        wasyncore.loop(timeout_s, use_poll=self._settings.asyncore_use_poll, map=self._map, count=1)

    def _drain(self):
        drain_s = max(self._drain_timeout_s - LAST_S, self._drain_timeout_s / 2)
        logger.info("stopping: no new connections, at most %g s for %d open ones and %d streams", drain_s, *self._open())
        deadline = time.monotonic() + drain_s
        for listener in self._listeners:
            listener.accepting = False
            wasyncore.dispatcher.close(listener)    # its trigger stays: workers still ring it for their answers
        self._say_farewell()
        while any(self._open()) and time.monotonic() < deadline:
            for channel in self._channels():
                if not channel.requests and channel.request is None:    # nothing is asked, nor half asked: keep-alive ends here
                    channel.close_when_flushed = True
            self._turn(DRAIN_LOOP_S)
            self._say_farewell()        # again: a stream may have been in its view until now
        if any(self._open()):
            logger.warning("%d connections and %d streams were still busy after %g s and are cut", *self._open(), drain_s)
        self._end_threads()

    def _end_threads(self):
        if self._loop is not None:
            self._loop.stop(IDLE_THREADS_S)
        workers = self._listeners[0].task_dispatcher
        workers.shutdown(timeout=IDLE_THREADS_S)
        for listener in self._listeners if not workers.threads else ():     # else they may still ring, and the process ends anyway
            listener.trigger.close()

    def _open(self):
        """Return (connections that ask, streams)."""
        return len(self._channels()), 0 if self._loop is None else self._loop.open_streams

    def _say_farewell(self):
        for callback in tuple(self._callbacks):
            callback("shutdown")

    def _channels(self):
        return [channel for listener in self._listeners for channel in list(listener.active_channels.values())]
