"""What every broker at the other end of a network needs: a thread that publishes, a thread that listens, and patience with both.

An adapter says how to connect, send and receive, and knows nothing of threads; this file knows no driver.
"""
import logging
import random
import re
import threading
import time
import traceback
from abc import ABC, abstractmethod
from urllib.parse import unquote

from ..errors import BrokerUnavailable
from ..throttle import Throttle
from . import Broker, message
from .backlog import Backlog

logger = logging.getLogger(__name__)

MOST_BYTES = 256 << 10      # of a message; a larger event is sooner read from the table by each process than pushed to all at once
IDLE_S = 1.0                # between looks at a connection that has nothing to send: what must answer a peer is then in time
HEARING_S = 0.25            # between looks whether whoever listens has been closed
PAUSES_S = 0.05, 1.0        # before the second attempt to connect, and before any later one
CLOSE_S = 3.0               # for both threads to end; whoever closes a broker is promised 4 s
PUBLISHING, LISTENING = "realtime-publish", "realtime-listen"   # the two ends, named as their threads are
PASSWORDS = re.compile(r"//[^:/@]*:(.*?)@|//[^:/@]*:(.*)@|[?&]password=([^&\s]*)", re.DOTALL)


class Sending(ABC):
    """A connection that publishes. One thread, the one that made it. Its methods raise BrokerUnavailable."""

    @abstractmethod
    def send(self, messages):
        """Hand over messages, a list of bytes, within some seconds; after each second without any, [], to do what keeps it alive."""

    @abstractmethod
    def close(self):
        """End it, whatever state it is in. Never raises, never waits for the other side."""


class Receiving(ABC):
    """A connection that has subscribed. One thread, the one that made it. Its methods raise BrokerUnavailable."""

    @abstractmethod
    def receive(self, timeout_s):
        """Return messages, a list of bytes or text, as soon as there are any; [] after `timeout_s`, roughly."""

    @abstractmethod
    def close(self):
        """As of Sending."""


class NetworkedBroker(Broker):
    """A Broker by what an adapter says.

        class CarrierPigeons(NetworkedBroker):
            def connect(self): return ...       # a Sending
            def listen(self): return ...        # a Receiving
    """
    most_bytes = MOST_BYTES

    def __init__(self, url):
        super().__init__(url)
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
                self._publishing = self._start(self._publish, PUBLISHING)

    def subscribe(self, subscriber):
        with self._lock:
            self._subscriber = subscriber
            self._listening = self._start(self._listen, LISTENING)

    def close(self):
        deadline = time.monotonic() + CLOSE_S
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
                self._note(end, self._censored(str(error)))
            except Exception as error:      # the top of a thread; drivers have errors that their documentation does not tell of
                self._surprises.warning("%s goes on after an error: %s", end, self._censored(traceback.format_exc()))
                self._note(end, self._censored(repr(error)))
            if self._closed.wait(pauses.next_s()):
                return

    def _note(self, end, fault=""):
        """An end works, or does not. Whoever listens is told of changes, and of each subscription; where nobody listens, the log is."""
        with self._lock:
            was_up, is_known = not self._faults, self._is_known
            self._faults.pop(end, None)
            if fault:
                self._faults[end] = " ".join(fault.split()).rstrip(".")
            is_up, subscriber = not self._faults, self._subscriber
            self._is_known = is_known or end == LISTENING
        if self._closed.is_set():
            return
        if subscriber is None and is_up != was_up:
            logger.warning("the broker answers again" if is_up else f"the broker does not answer, so others see changes later: {fault}")
        if subscriber is not None and self._is_known and (is_up != was_up or not is_known or end == LISTENING and not fault):
            self._tell(subscriber)

    def _tell(self, subscriber):
        """Tell the state, and again if the other thread has changed it meanwhile: what is told last must be true."""
        told = None
        while told is not (is_up := not self._faults):
            told = is_up
            subscriber.take_state(is_up, next(iter([*self._faults.values()]), ""))

    def _censored(self, text):
        """`text` without the passwords of our URL, as they are written there and as they are meant."""
        secrets = {form for found in PASSWORDS.findall(self.url) for secret in found if secret for form in (secret, unquote(secret))}
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, "…")
        return text

    # The publishing thread

    def _publish(self, pauses):
        """Send what there is, until a connection fails that is fresh, or all is over."""
        sending, events = self.connect() if PUBLISHING in self._faults else None, []
        try:
            while not self._backlog.is_over:
                events = self._backlog.take(IDLE_S)
                messages, left_out = message.write(events, most_bytes=self.most_bytes)
                if messages or sending:
                    sending = self._send(sending, messages)
                    pauses.begin_anew()
                    self._note(PUBLISHING)
                self.figures.add(published=len(events) - left_out, dropped=left_out)
                events = []
        finally:
            self.figures.add(dropped=len(events))
            if sending:
                sending.close()

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
            pauses.begin_anew()
            self._note(LISTENING)
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


class Pauses:
    """Between attempts: a moment at first, then longer, each shortened by chance so that a crowd does not come back in step."""

    def __init__(self):
        self.begin_anew()

    def begin_anew(self):
        self._next_s = PAUSES_S[0]

    def next_s(self):
        """Return how long to wait now, in seconds."""
        pause_s, self._next_s = self._next_s, min(2 * self._next_s, PAUSES_S[1])
        return pause_s * random.uniform(0.5, 1)
