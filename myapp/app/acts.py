"""What the acts on users, channels and every further object share."""
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from . import fields
from .errors import Taken

SET_BY_SERVER = {"id", "created", "changed"}    # fields that are ignored, so that an object may be sent back as it was read
VERSION = fields.whole(1, 2**31)                # a cast, the same for every object that has one


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
