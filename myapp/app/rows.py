"""The acts on rows of numbers: create, change, delete; their rules, and what they publish. Pages, API and commands all go through here.

Each act flushes and publishes within the caller's transaction; a Refusal leaves nothing behind once the caller rolls back. Who may
act at all, the permissions of contexts.py have said before.
"""
from . import fields
from .acts import SET_BY_SERVER, VERSION, assign, differing, writing
from .audit import Action, audit_into
from .errors import NotFound
from .models import NumberRow, now
from .topics import ROW_CREATED, ROW_DELETED, ROW_UPDATED, ROWS

VALUES = range(1, 10)       # what a number may be
NUMBER = fields.whole(VALUES.start, VALUES.stop - 1)
CASTS_NEW = {"value": NUMBER}
CASTS = {"a": NUMBER, "b": NUMBER, "version": VERSION}


class Rows:
    """The rows, as one person may act on them in one transaction. One thread."""

    def __init__(self, dbsession, realtime, actor, *, audit):
        """realtime: with the method publish(); actor: the Identity who acts; audit: as request.audit."""
        self._dbsession, self._realtime, self._actor, self._audit = dbsession, realtime, actor, audit

    @classmethod
    def of(cls, request, actor=None):
        """The rows as the person behind `request` may act on them; or as `actor` may, for a script, whose request is nobody's."""
        audit = request.audit if actor is None else audit_into(request.dbsession, actor)
        return cls(request.dbsession, request.realtime, actor or request.identity, audit=audit)

    def create(self, given):
        """Create a row that has the `value` of `given`, an untrusted mapping, twice. Returns the NumberRow. Raises InvalidFields."""
        value = fields.read_fields(given, CASTS_NEW, required=("value",))["value"]
        moment = now()
        row = NumberRow(a=value, b=value, changed_by=self._actor.name, created=moment, changed=moment)
        with writing(self._dbsession):
            self._dbsession.add(row)
        self._publish(ROW_CREATED, row, row.as_dict())
        self._audit(Action.ROW_CREATED, subject=_subject(row), detail=f"{value} twice")
        return row

    def change(self, row, given):
        """Change the numbers of `row` that `given`, an untrusted mapping, names.

        With a `version` the change is made only to that version. Nothing is published when nothing differs. Returns the row.
        Raises InvalidFields, Stale.
        """
        values = fields.read_fields(given, CASTS, ignored=SET_BY_SERVER | {"sum"})
        values = differing(row, values)
        if values:
            self._write(row, values)
        return row

    def delete(self, row):
        """Delete `row`."""
        with writing(self._dbsession):
            self._dbsession.delete(row)
        self._publish(ROW_DELETED, row, {"id": row.id})
        self._audit(Action.ROW_DELETED, subject=_subject(row), detail=f"{row.a}, {row.b}")

    def _write(self, row, values):
        detail = "; ".join(f"{field}: {getattr(row, field)} -> {value}" for field, value in values.items())
        with writing(self._dbsession):
            assign(row, values)
            row.changed_by = self._actor.name
        self._publish(ROW_UPDATED, row, row.as_dict())
        self._audit(Action.ROW_CHANGED, subject=_subject(row), detail=detail)

    def _publish(self, type, row, data):
        self._realtime.publish(ROWS, type, data, key=f"row-{row.id}")


def get_row(request, *, to_change=False):
    """Return the NumberRow that the request's path names. Raises NotFound.

    to_change: whoever else wants to change it waits until this transaction is over, instead of being told to try again.
    """
    row = request.dbsession.get(NumberRow, int(request.matchdict["id"]), with_for_update=to_change or None)
    if row is None:
        raise NotFound("There is no such row, or no longer.")
    return row


def _subject(row):
    return f"row {row.id}"
