"""The server: waitress under `pserve`, which drains when it is told to stop and says how many threads it has.

    [server:main]
    use = egg:myapp#server

It offers the application two keys of the environ: `myapp.threads`, the number of threads that answer requests, and
`myapp.at_shutdown(callback)`, to have `callback("shutdown")` called when the server is about to stop: by the main thread, and
again and again until it has stopped, so that it must not block and must do no harm when there is nothing left to do.
"""
import logging
import os
import signal
import sys
import time

from waitress import wasyncore
from waitress.server import BaseWSGIServer, create_server

from .deaf import DEAF_S, Channel, DeafWatch, timeouts
from .settings import read_settings

logger = logging.getLogger(__name__)

DRAIN_S = 8.0       # a request still unanswered then is given up; init systems kill after 10 (Docker) to 90 s (systemd)
LOOP_S = 1.0        # between looks of the main loop at the clock; it wakes at once for sockets and signals
DRAIN_LOOP_S = 0.05
IDLE_THREADS_S = 1.0    # for threads that answer nothing to notice that they may go


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


def _where(settings):
    return settings.get("listen") or settings.get("unix_socket") or f"{settings.get('host', '')}:{settings.get('port', '')}"


class Server:
    """waitress with a drain. All methods belong to the main thread, but for `stop` and `at_shutdown`, which any thread may call."""

    deaf_s = DEAF_S     # how long a client may take nothing of what waits for it; may be set before `run`

    def __init__(self, app, **settings):
        """settings: waitress's, as text or typed. The sockets listen from here on. Raises ValueError for settings that cannot be."""
        self._map, self._callbacks, self._is_stopping = {}, set(), False
        try:
            create_server(self._offer(app), map=self._map, **read_settings(settings))
        except BaseException:
            wasyncore.close_all(self._map)      # the socket that cannot listen, and those before it that can
            raise
        self._listeners = [dispatcher for dispatcher in self._map.values() if isinstance(dispatcher, BaseWSGIServer)]
        self._settings = self._listeners[0].adj
        for listener in self._listeners:
            listener.channel_class = Channel

    @property
    def addresses(self):
        """The (host, port) pairs listened on, port an int; ("unix", path) for a unix socket."""
        pairs = [(listener.effective_host, listener.effective_port) for listener in self._listeners]
        return [(host, port if host == "unix" else int(port)) for host, port in pairs]

    def _offer(self, app):
        def offering(environ, start_response):
            environ["myapp.threads"] = self._settings.threads
            environ["myapp.at_shutdown"] = self._callbacks.add
            return app(environ, start_response)
        return offering

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
        for host, port in self.addresses:
            logger.info("serving on %s:%s", f"[{host}]" if ":" in host else host, port)
        self._settings.socket_options = [*self._settings.socket_options, *timeouts(self.deaf_s)]   # of the clients that are yet to come
        watch = DeafWatch(self.deaf_s)
        while not self._is_stopping:
            self._turn(LOOP_S)
            watch.look(self._channels())
        self._drain()

    def _turn(self, timeout_s):
        wasyncore.loop(timeout_s, use_poll=self._settings.asyncore_use_poll, map=self._map, count=1)

    def _drain(self):
        logger.info("stopping: no new connections, at most %g s for %d open ones", DRAIN_S, len(self._channels()))
        deadline = time.monotonic() + DRAIN_S
        for listener in self._listeners:
            listener.accepting = False
            wasyncore.dispatcher.close(listener)    # its trigger stays: workers still ring it for their answers
        self._say_farewell()
        while self._channels() and time.monotonic() < deadline:
            for channel in self._channels():
                if not channel.requests and channel.request is None:    # nothing is asked, nor half asked: keep-alive ends here
                    channel.close_when_flushed = True
            self._turn(DRAIN_LOOP_S)
            self._say_farewell()        # again: a stream may have been in its view until now
        left = len(self._channels())
        if left:
            logger.warning("%d connections were still busy after %g s and are cut", left, DRAIN_S)
        workers = self._listeners[0].task_dispatcher
        workers.shutdown(timeout=IDLE_THREADS_S)
        for listener in self._listeners if not workers.threads else ():     # else they may still ring, and the process ends anyway
            listener.trigger.close()

    def _say_farewell(self):
        for callback in tuple(self._callbacks):
            callback("shutdown")

    def _channels(self):
        return [channel for listener in self._listeners for channel in list(listener.active_channels.values())]
