"""The roster: which displays are online. What each process knows of its own streams is written down, so that all of them say the same.

`seen` is written when a display opens its first stream in a process, and once a minute while it has one, or polls; `gone` when its last
one in that process has ended and no other has begun for GRACE_S, unless another process is the last that it came to. What a killed
process leaves behind is not seen again, and offline after ONLINE; who is taken for gone by mistake is seen within `realtime.recheck`.
"""
import logging
import os
import secrets
import threading
import time
from collections import Counter
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from myapp.realtime import ClientConnected, ClientDisconnected, RealtimeError, session

from .identity import DISPLAY
from .models import Display, now
from .topics import DISPLAY_SEEN, DISPLAYS

log = logging.getLogger(__name__)

ONLINE = timedelta(seconds=90)      # since it was last seen; that is written once a minute
GRACE_S = 10.0      # for a page that loads itself anew or connects again: that takes 5 s at most, as long as the server answers


def is_online(display):
    return display.seen is not None and now() - display.seen < ONLINE and (display.gone is None or display.gone < display.seen)


def are_online():
    """The same as an SQL expression."""
    return sa.and_(Display.seen > now() - ONLINE, sa.or_(Display.gone.is_(None), Display.gone < Display.seen))


def last_seen(display):
    """Return the moment up to which the display is known to have been there; None for one that never was."""
    return max(filter(None, (display.seen, display.gone)), default=None)


class Roster:
    """The displays that have streams in this process. `came` and `left` belong to the thread that tells of clients."""

    def __init__(self, registry, *, grace_s=GRACE_S, clock=time.monotonic):
        self.grace_s = grace_s
        self._registry, self._clock, self._name = registry, clock, secrets.token_hex(8)
        self._changed = threading.Condition()       # guards what follows
        self._streams = Counter()       # credential of a display -> how many it has
        self._leaving = {}              # credential -> (when it counts as gone, since when it has no stream); the next one first
        self._thread = None             # while somebody is leaving

    def came(self, notice):
        if not _is_display(notice):
            return
        with self._changed:
            is_new = not self._streams[notice.session] and self._leaving.pop(notice.session, None) is None
            self._streams[notice.session] += 1
        if is_new:
            self._write(notice.session, is_there=True, moment=now())

    def left(self, notice):
        if not _is_display(notice):
            return
        with self._changed:
            self._streams[notice.session] -= 1
            if self._streams[notice.session] > 0:
                return
            del self._streams[notice.session]
            self._leaving[notice.session] = self._clock() + self.grace_s, now()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="app-roster", daemon=True)
                self._thread.start()

    def stop(self, timeout_s=5.0):
        """Let nobody leave any more. For tests, whose next one has another database."""
        with self._changed:
            self._leaving, thread = {}, self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout_s)

    # The roster's own thread

    def _run(self):
        while (next_one := self._wait_for_next()) is not None:
            credential, moment = next_one
            try:
                self._write(credential, is_there=False, moment=moment)
            except Exception:       # the top of a thread: the next one may be well
                log.exception("writing that displays have gone goes on after an error")

    def _wait_for_next(self):
        """Return (credential, since when it has no stream) of the next one that counts as gone; None when nobody is leaving any more."""
        with self._changed:
            while self._leaving:
                credential, (due, moment) = next(iter(self._leaving.items()))
                if due <= self._clock():
                    del self._leaving[credential]
                    return credential, moment
                self._changed.wait(due - self._clock())
            self._thread = None
            return None

    def _write(self, credential, *, is_there, moment):
        id = int(credential.split(":")[1])
        process = f"{self._name}-{os.getpid()}"     # after a fork there are two of the same name
        change = sa.update(Display.__table__).where(Display.id == id)
        change = change.values(seen=moment, seen_by=process) if is_there else change.where(Display.seen_by == process).values(gone=moment)
        try:
            with self._registry["dbsession_factory"].begin() as dbsession:
                is_news = dbsession.execute(change).rowcount
            if is_news:
                with session(self._registry) as realtime:
                    realtime.publish(DISPLAYS, DISPLAY_SEEN, {"id": id, "is_online": is_there}, transient=True)
        except (SQLAlchemyError, RealtimeError) as error:
            log.warning("that display %d has come or gone cannot be written (%s); the roster is late by up to %s", id,
                        type(error).__name__, ONLINE)


def _is_display(notice):
    return (notice.session or "").startswith(f"{DISPLAY}:")


def includeme(config):
    registry = config.registry
    registry["myapp.roster"] = Roster(registry)
    config.add_subscriber(lambda notice: registry["myapp.roster"].came(notice), ClientConnected)
    config.add_subscriber(lambda notice: registry["myapp.roster"].left(notice), ClientDisconnected)
