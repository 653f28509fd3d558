"""The audit trail: who did what to accounts, credentials and rights, when, and from where.

A line is a row of the very transaction that it tells of. When that comes to nothing, what was tried is written afterwards.
"""
import logging
import sys
import unicodedata
from enum import StrEnum

import sqlalchemy as sa
from pyramid.tweens import EXCVIEW
from pyramid_retry import is_error_retryable
from sqlalchemy.exc import SQLAlchemyError
from transaction.interfaces import NoTransaction

from myapp.db import READING_METHODS

from .fields import REFUSED
from .models import AuditLine, now
from .requests import SAFE_METHODS

log = logging.getLogger(__name__)

# Characters of each text; those of the columns, and for those without a limit what a person still reads.
MOST = {"user_name": 100, "address": 45, "subject": 300, "detail": 1000}
UNPRINTABLE = "\ufffd"


class Action(StrEnum):
    """All that a line can tell of."""
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"       # one that the rate limit refuses is not written: it would be a flood
    SIGN_OUT = "sign_out"
    SESSION_ENDED = "session_ended"
    TOKEN_CREATED = "token_created"
    TOKEN_ENDED = "token_ended"
    PASSWORD_CHANGED = "password_changed"
    ROLE_CHANGED = "role_changed"
    USER_CREATED = "user_created"
    USER_CHANGED = "user_changed"
    USER_DELETED = "user_deleted"
    CHANNEL_CREATED = "channel_created"
    CHANNEL_CHANGED = "channel_changed"
    CHANNEL_DELETED = "channel_deleted"
    MEMBER_ADDED = "member_added"
    MEMBER_REMOVED = "member_removed"
    ROW_CREATED = "row_created"
    ROW_CHANGED = "row_changed"
    ROW_DELETED = "row_deleted"
    UPDATE_CREATED = "update_created"
    UPDATE_DELETED = "update_deleted"
    DISPLAY_CREATED = "display_created"
    DISPLAY_CHANGED = "display_changed"
    DISPLAY_DELETED = "display_deleted"
    DISPLAY_KEY_CREATED = "display_key_created"
    DISPLAY_KEY_ENDED = "display_key_ended"
    REFUSED = "refused"                     # an attempt to change what one may not


def audit(request, action, *, subject="", detail="", user=None):
    """Request method. Write a line: that `user`, or else the viewer, did `action`. Never raises for a fault of the database.

    action   an Action, or its text
    subject  upon what, such as "user 12 (Ada)"; detail: such as "role: member -> editor"; neither may hold a secret
    user     anything with `id` and `name`, where the one who acts is not the viewer, such as at a sign-in
    """
    request.audit_trail.add(_line(action, request.identity if user is None else user, subject, detail, request.remote_addr))


def audit_into(dbsession, actor=None):
    """Return what acts outside a request, in scripts, take for `request.audit`: it writes with the transaction of `dbsession`.

    actor: who acts unless a line says otherwise; anything with `id` and `name`.
    """
    def write(action, *, subject="", detail="", user=None):
        dbsession.add(AuditLine(**_line(action, actor if user is None else user, subject, detail, None)))
    return write


def user_subject(user):
    """Return how a line names a user, anything with `id` and `name`, such as "user 12 (Ada)"."""
    return f"user {user.id} ({user.name})"


def prune(dbsession, older_than):
    """Delete the lines from before the moment `older_than`; returns how many. For myapp-prune."""
    return dbsession.execute(sa.delete(AuditLine).where(AuditLine.created < older_than)).rowcount


class Trail:
    """The lines of one attempt at a request. The request's thread.

    They wait for the end of the transaction: a savepoint that is rolled back must not take them with it, and on SQLite nobody
    can write while the request's own transaction does.
    """

    def __init__(self, request):
        self._request = request
        self._dbsession = request.dbsession     # made now, so that the callback that closes it comes before ours
        self._transaction, self._lines = None, []
        self._flushed = 0                       # how many of the lines are rows of the transaction, the first ones
        request.add_finished_callback(self._finish)

    def add(self, line):
        self._lines.append(line)
        if self._request.method not in READING_METHODS:
            self._join()

    def _join(self):
        try:
            current = self._request.tm.get()
        except NoTransaction:       # it is over; the finished callback is left
            return
        if current is not self._transaction:
            self._transaction = current
            current.addBeforeCommitHook(self._before_commit)
            current.addAfterCommitHook(self._after_commit)

    def _before_commit(self):
        self._dbsession.flush()     # what is wrong with the request's own rows must stop the commit
        try:
            with self._dbsession.begin_nested():
                self._dbsession.add_all(AuditLine(**line) for line in self._lines)
        except SQLAlchemyError:     # the finished callback tries again, and logs the line if that fails too
            return
        self._flushed = len(self._lines)

    def _after_commit(self, is_committed):
        if is_committed:
            del self._lines[:self._flushed]

    def _finish(self, request):
        exception = getattr(request, "exception", None) or sys.exc_info()[1]
        if exception is not None and is_error_retryable(request, exception):
            return                  # pyramid_retry makes another attempt, which has a trail of its own
        if self._lines:
            _write(request.registry["dbsession_factory"], self._lines)


def _write(session_factory, lines):
    try:
        with session_factory.begin() as dbsession:
            dbsession.add_all(AuditLine(**line) for line in lines)
    except SQLAlchemyError as error:
        for line in lines:
            log.error("the audit trail cannot be written (%s): %s", type(error).__name__, {**line, "created": line["created"].isoformat()})


def _line(action, user, subject, detail, address):
    """The columns of an AuditLine, a dict: an object belongs to one session, and a line may be tried in two."""
    texts = {"user_name": getattr(user, "name", None), "subject": subject, "detail": detail, "address": address}
    return {"created": now(), "action": str(Action(action)), "user_id": getattr(user, "id", None),
            **{field: None if text is None else _printable(text, MOST[field]) for field, text in texts.items()}}


def _printable(text, most):
    """One line that every database, page and log can carry."""
    return "".join(UNPRINTABLE if unicodedata.category(character) in REFUSED else character for character in text[:most])


def refusals_tween_factory(handler, registry):
    """A line for what a signed-in person tried to change and was refused, whether a view or the error page says so."""
    def tween(request):
        response = handler(request)
        if response.status_int == 403 and request.method not in SAFE_METHODS and request.identity is not None:
            request.audit(Action.REFUSED, subject=f"{request.method} {request.path_info}")
        return response
    return tween


def includeme(config):
    config.add_request_method(audit)
    config.add_request_method(Trail, "audit_trail", reify=True)
    config.add_tween("myapp.app.audit.refusals_tween_factory", under="pyramid_tm.tm_tween_factory", over=EXCVIEW)
