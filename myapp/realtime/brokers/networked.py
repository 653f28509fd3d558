"""What every broker at the other end of a network needs: a thread that publishes, a thread that listens, and patience with both.

An adapter says how to connect, send and receive, and knows nothing of threads; this file knows no driver.
"""
import atexit
import logging
import os
import threading
import time
import traceback
from abc import ABC, abstractmethod
from contextlib import contextmanager

from ..errors import BrokerUnavailable
from ..secret import passwords_in
from ..throttle import Throttle
from . import Broker, message
from .backlog import Backlog
from .pauses import Pauses

logger = logging.getLogger(__name__)

MOST_BYTES = 256 << 10      # of a message; a larger event is sooner read from the table by each process than pushed to all at once
IDLE_S = 1.0                # between looks at a connection that has nothing to send: what must answer a peer is then in time
HEARING_S = 0.25            # between looks whether whoever listens has been closed
CLOSE_S = 3.0               # for both threads to end; whoever closes a broker is promised 4 s
MOST_REASON = 300           # characters
LAST_S = 1.0                # for what waits when the process ends: a server that hangs is not to hold up a deploy
PUBLISHING, LISTENING = "realtime-publish", "realtime-listen"   # the two ends, named as their threads are


class Sending(ABC):
    """A connection that publishes. One thread, the one that made it. Its methods raise BrokerUnavailable."""

    @abstractmethod
    def send(self, messages):
        """Hand over messages, a list of bytes, within some seconds; after each second without any, [], to do what keeps it alive."""

    @abstractmethod
    def close(self):
        """End it, whatever state it is in. Never raises, and waits for the other side a second at most."""


class Receiving(ABC):
    """A connection that has subscribed. One thread, the one that made it. Its methods raise BrokerUnavailable."""

    @abstractmethod
    def receive(self, timeout_s):
        """Return messages, a list of bytes or text, as soon as there are any; [] after `timeout_s`, roughly."""

    @abstractmethod
    def close(self):
        """As of Sending."""


@contextmanager
def translated(*errors, opened=None):
    """Within, `errors` of a driver become BrokerUnavailable. `opened`, a connection that is being made, is closed by whatever is raised."""
    try:
        yield
    except BaseException as error:
        if opened is not None:
            opened.close()
        if isinstance(error, errors):
            said = str(error) or " ".join(map(str, error.args))
            raise BrokerUnavailable(": ".join([type(error).__name__, *said.strip().splitlines()[:1]])) from error
        raise


class NetworkedBroker(Broker):
    """A Broker by what an adapter says.

        class CarrierPigeons(NetworkedBroker):
            def connect(self): return ...       # a Sending
            def listen(self): return ...        # a Receiving
    """
    most_bytes = MOST_BYTES

    def __init__(self, url):
        super().__init__(url)
        self._secrets, self._pid = passwords_in(url), os.getpid()
        self._backlog = Backlog()
        self._closed = threading.Event()
        self._lock = threading.Lock()       # guards what follows; never held while a subscriber is called
        self._publishing, self._listening, self._subscriber = None, None, None
        self._faults = {}                   # end -> why it does not work now
        self._is_known = False              # whether the listening end has either worked or failed
        self._garbage, self._surprises = Throttle(logger), Throttle(logger)

    @abstractmethod
    def connect(self):
        """Return a new Sending, within some seconds. Raises BrokerUnavailable. The publishing thread."""

    @abstractmethod
    def listen(self):
        """Return a new Receiving, within some seconds: what is published from now on comes. Raises as above. The listening thread."""

    # Any thread

    def publish(self, events):
        self.figures.add(dropped=self._backlog.add(events))
        with self._lock:
            if self._publishing is None and not self._closed.is_set():
                self._begin_publishing()

    def _begin_publishing(self):
        try:
            self._publishing = self._start(self._publish, PUBLISHING)
        except RuntimeError as error:       # there is no thread to be had; what waits goes out when there is one
            self._surprises.warning("events wait to be published: %s", error)
        else:
            self._pid = os.getpid()
            atexit.register(self._flush)

    def subscribe(self, subscriber):
        with self._lock:
            self._subscriber = subscriber
            if self._listening is None and not self._closed.is_set():
                self._listening = self._start(self._listen, LISTENING)

    def close(self):
        self._end(CLOSE_S)
        atexit.unregister(self._flush)

    def _flush(self):
        """At the end of the process: what waits goes out still."""
        if os.getpid() == self._pid:        # a child has neither our threads nor our connections
            self._end(LAST_S)

    def _end(self, timeout_s):
        deadline = time.monotonic() + timeout_s
        self._closed.set()
        self._backlog.close()
        for thread in filter(None, (self._publishing, self._listening)):
            thread.join(max(0, deadline - time.monotonic()))    # one that a hung server holds ends by itself, at its next timeout

    def _start(self, act, name):
        thread = threading.Thread(target=self._go_on_with, args=(act, name), name=name, daemon=True)
        thread.start()
        return thread

    # Either thread

    def _go_on_with(self, act, end):
        """Begin again after each fault, sooner at first, until the broker is closed."""
        pauses = Pauses()
        while True:
            try:
                act(pauses)
            except BrokerUnavailable as error:
                self._fails(end, str(error) or repr(error))
            except Exception as error:      # the top of a thread; drivers have errors that their documentation does not tell of
                # Not its text: that may have an event's data in it.
                where = self._censored("".join(traceback.format_tb(error.__traceback__)))
                self._surprises.warning("%s goes on after an error, %s:\n%s", end, type(error).__name__, where)
                self._fails(end, type(error).__name__)
            if self._closed.wait(pauses.next_s()):
                return

    def _works(self, end):
        """An end works. Each subscription is told of, for messages may have been missed before it; else only a change is."""
        with self._lock:
            changed = self._faults.pop(end, None) is not None and not self._faults
            is_news = changed or end == LISTENING
            self._is_known = self._is_known or end == LISTENING
        if is_news:
            self._tell()

    def _fails(self, end, fault):
        with self._lock:
            is_news = not self._faults or (end == LISTENING and not self._is_known)
            self._faults[end] = " ".join(self._censored(fault).split())[:MOST_REASON].rstrip(".")
            self._is_known = self._is_known or end == LISTENING
        if is_news:
            self._tell()

    def _tell(self):
        """Tell whoever listens the state, and again if the other thread has changed it meanwhile: what is told last must be true."""
        told = None
        while not self._closed.is_set() and told != (state := self._state()):
            told = state
            if self._subscriber is None:
                said = "the broker answers again" if state[0] else f"the broker does not answer: {state[1]}; others see changes later"
                logger.warning(said)
            elif self._is_known:
                self._subscriber.take_state(*state)

    def _state(self):
        """Return (whether all that is in use works, why not)."""
        with self._lock:
            return not self._faults, next(iter(self._faults.values()), "")

    def _censored(self, text):
        """`text` without the passwords that we were given."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "…")
        return text

    # The publishing thread

    def _publish(self, pauses):
        """Send what there is, until a connection fails that is fresh, or all is over."""
        sending, events = self._reconnect() if PUBLISHING in self._faults else None, []
        try:
            while not self._backlog.is_over:
                events = self._backlog.take(IDLE_S)
                messages, left_out = message.write(events, most_bytes=self.most_bytes)
                if messages or sending:
                    sending = self._send(sending, messages)
                    pauses.note_working()
                    self._works(PUBLISHING)
                self.figures.add(published=len(events) - left_out, dropped=left_out)
                events = []
        finally:
            self.figures.add(dropped=len(events))
            if sending:
                sending.close()

    def _reconnect(self):
        """Return a new Sending that works, after a fault. What is transient has become old meanwhile, and is worth nothing."""
        sending = self._send(None, [message.NOTHING])       # which shows more than a connection does: that we may publish
        self.figures.add(dropped=self._backlog.forget_transient())
        return sending

    def _send(self, sending, messages):
        """Send by `sending`, or by a new one where there is none or it has been cut meanwhile. Returns the one that works."""
        if sending is not None:
            try:
                sending.send(messages)
                return sending
            except BrokerUnavailable:
                sending.close()
        sending = self.connect()
        try:
            sending.send(messages)
        except BaseException:
            sending.close()
            raise
        return sending

    # The listening thread

    def _listen(self, pauses):
        receiving = self.listen()
        try:
            pauses.note_working()
            self._works(LISTENING)
            while not self._closed.is_set():
                if messages := receiving.receive(HEARING_S):
                    self._take(messages)
        finally:
            receiving.close()

    def _take(self, messages):
        taken, cursors = [], []
        for each in messages:
            try:
                events, cursor = message.read(each)
            except ValueError as error:
                self.figures.add(unreadable=1)
                self._garbage.warning("the broker brought what is no message of ours: %s", error)
            else:
                taken += events
                cursors += [cursor] if cursor else []
        self.figures.add(received=len(taken))
        if not self._closed.is_set():
            self._subscriber.take(taken)
            for cursor in cursors:
                self._subscriber.take_cursor(cursor)
