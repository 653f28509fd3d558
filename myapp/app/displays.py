"""The acts on displays: create, change, delete, command, and the key by which one opens; their rules, and what they publish.

Each act flushes and publishes within the caller's transaction; a Refusal leaves nothing behind once the caller rolls back. Who may
act at all, the permissions of contexts.py have said before.
"""
import secrets

import sqlalchemy as sa

from . import fields
from .acts import SET_BY_SERVER, VERSION, assign, differing, writing
from .audit import Action, audit_into
from .contexts import DisplayContext
from .credentials import SECRET_BYTES
from .errors import InvalidFields, NotFound
from .identity import display_credential
from .models import Channel, Display, Visibility, now
from .panels import panels
from .topics import DISPLAY, DISPLAY_CHANGED, DISPLAY_COMMAND, DISPLAYS

COMMANDS = ("identify", "reload")
SLUG = fields.slug("new")       # /displays/new is the form
CASTS = {"slug": SLUG, "name": fields.line(100), "panels": panels, "version": VERSION}
CASTS_COMMAND = {"command": fields.choice(COMMANDS)}
NOWHERE = "There is no such display, or no longer."
TAKEN = {"slug": "Another display has this address."}


class Displays:
    """The displays, as one person may act on them in one transaction. One thread."""

    def __init__(self, dbsession, realtime, terms, *, audit):
        """realtime: with the methods publish(), recheck() and revoke(); terms: the Terms of credentials; audit: as request.audit."""
        self._dbsession, self._realtime, self._terms, self._audit = dbsession, realtime, terms, audit

    @classmethod
    def of(cls, request, actor=None):
        """The displays as the transaction of `request` meets them. actor: who acts, for a script, whose request is nobody's."""
        audit = request.audit if actor is None else audit_into(request.dbsession, actor)
        return cls(request.dbsession, request.realtime, request.registry["myapp.terms"], audit=audit)

    def create(self, given):
        """Create a display of the fields `given`, an untrusted mapping with at least a slug. Returns the Display.

        Raises InvalidFields, Taken.
        """
        values = fields.read_fields(given, CASTS, required=("slug",), ignored=SET_BY_SERVER)
        values.pop("version", None)
        self._insist_on_public_channels(values.get("panels", ()))
        moment = now()
        display = Display(**{"name": values["slug"], "panels": []} | values, key_number=0, created=moment, changed=moment)
        with writing(self._dbsession, taken=TAKEN):
            self._dbsession.add(display)
        self._publish(display)
        self._audit(Action.DISPLAY_CREATED, subject=_subject(display))
        return display

    def change(self, display, given):
        """Change the fields of `display` that `given`, an untrusted mapping, names; its slug stays what it is.

        With a `version` the change is made only to that version. Nothing is published when nothing differs. Returns the display.
        Raises InvalidFields, Stale.
        """
        values = fields.read_fields(given, CASTS, ignored=SET_BY_SERVER)
        if values.pop("slug", display.slug) != display.slug:
            raise InvalidFields({"slug": "The address stays: a display somewhere on a wall has it."})
        values = differing(display, values)
        if "panels" in values:
            self._insist_on_public_channels([panel for panel in values["panels"] if panel not in display.panels])
        if values:
            self._write(display, values)
        return display

    def delete(self, display):
        """Delete `display`, and end the streams of whoever looks at it."""
        with writing(self._dbsession):
            self._dbsession.delete(display)
        self._realtime.publish(DISPLAYS, DISPLAY_CHANGED, {"id": display.id}, key=_key(display))
        self._realtime.revoke(topic=_topic(display))
        self._revoke(display)
        self._audit(Action.DISPLAY_DELETED, subject=_subject(display))

    def command(self, display, given):
        """Tell the display to do the `command` of `given`, an untrusted mapping, if it listens. Returns it. Raises InvalidFields."""
        command = fields.read_fields(given, CASTS_COMMAND, required=("command",))["command"]
        self._realtime.publish(_topic(display), DISPLAY_COMMAND, {"command": command}, transient=True)
        return command

    def make_key(self, display):
        """Make a key by which `display` opens, and end the one that it had. Returns the secret, which nobody can tell again."""
        self._revoke(display)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        self._write_key(display, self._terms.hash(secret))
        self._audit(Action.DISPLAY_KEY_CREATED, subject=_subject(display))
        return secret

    def end_key(self, display):
        """End the key, and the streams that rest upon it: the display opens for those alone who are signed in."""
        if display.key_hash is None:
            raise NotFound("The display has no key, or no longer.")
        self._revoke(display)
        self._write_key(display, None)
        self._audit(Action.DISPLAY_KEY_ENDED, subject=_subject(display))

    def _write_key(self, display, key_hash):
        """Beside the mapped object: a key is no change of what the display shows, so the version stays."""
        number = display.key_number + 1
        self._dbsession.execute(sa.update(Display.__table__).where(Display.id == display.id).values(key_hash=key_hash, key_number=number))
        self._dbsession.refresh(display)

    def _revoke(self, display):
        if display.key_hash is not None:    # else no stream rests upon one
            self._realtime.revoke(session=display_credential(display.id, display.key_number))

    def _write(self, display, values):
        with writing(self._dbsession, taken=TAKEN):
            assign(display, values)
        self._publish(display)
        if "panels" in values and display.key_hash is not None:     # of what it shows no more it may not read any more
            self._realtime.recheck(session=display_credential(display.id, display.key_number))
        self._audit(Action.DISPLAY_CHANGED, subject=_subject(display), detail=", ".join(values))

    def _insist_on_public_channels(self, panels):
        """Whoever passes by reads a wall: what is for the members of a channel is not shown there, whoever composes it."""
        wanted = {panel["channel"] for panel in panels if panel["kind"] == "channel"}
        public = sa.select(Channel.name).where(Channel.name.in_(wanted), Channel.visibility == Visibility.PUBLIC)
        if wanted and (missing := wanted - set(self._dbsession.scalars(public))):
            raise InvalidFields({"panels": f"There is no public channel {', '.join(sorted(missing))}."})

    def _publish(self, display):
        for topic in DISPLAYS, _topic(display):     # the list of all, and the display itself
            self._realtime.publish(topic, DISPLAY_CHANGED, display.as_dict(), key=_key(display))


def display_of(request):
    """Route factory. Return the context of the display that the path names. Raises NotFound."""
    try:
        return DisplayContext(request, request.matchdict["slug"])
    except LookupError:
        raise NotFound(NOWHERE) from None


def get_display(request, *, to_change=False):
    """Return the Display that the request's path names. Raises NotFound.

    to_change: whoever else wants to change it waits until this transaction is over.
    """
    wanted = sa.select(Display).where(Display.slug == request.matchdict["slug"])
    display = request.dbsession.scalar(wanted.with_for_update() if to_change else wanted)
    if display is None:
        raise NotFound(NOWHERE)
    return display


def _topic(display):
    return DISPLAY.format(slug=display.slug)


def _key(display):
    return f"display-{display.id}"


def _subject(display):
    return f"display {display.id} ({display.slug})"
