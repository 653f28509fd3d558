"""What the acts on users, channels and every further object share."""
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from . import fields
from .errors import Stale, Taken
from .models import now

SET_BY_SERVER = {"id", "created", "changed"}    # fields that are ignored, so that an object may be sent back as it was read
VERSION = fields.whole(1, 2**31)                # a cast, the same for every object that has one


def differing(subject, values):
    """Return those of `values`, {field: value}, that `subject` does not have already. Raises Stale when they name another version."""
    if values.get("version", subject.version) != subject.version:
        raise Stale(subject.as_dict())
    return {field: value for field, value in values.items() if field != "version" and getattr(subject, field) != value}


def assign(subject, values):
    """Give `subject` the values, {field: value}; it is changed now."""
    for field, value in values.items():
        setattr(subject, field, value)
    subject.changed = now()


@contextmanager
def writing(dbsession, *, taken=None):
    """What is done within is written at its end, or not at all; the session stays usable for the answer either way.

    Raises Taken with the errors `taken`, {field: sentence}, when what must be unique is not; None where nothing must be.
    """
    try:
        with dbsession.begin_nested():
            yield
            dbsession.flush()
    except IntegrityError as error:
        if taken is None:
            raise
        # Only the database can say that a name is free at this very moment.
        raise Taken(taken) from error
