"""The acts on updates: post, delete; their rules, and what they publish. Pages, API and commands all go through here.

Each act flushes and publishes within the caller's transaction; a Refusal leaves nothing behind once the caller rolls back.
"""
import sqlalchemy as sa

from myapp.realtime import InvalidEvent

from . import fields
from .acts import SET_BY_SERVER, writing
from .audit import Action, audit_into
from .channels import NAME, visible_to
from .contexts import DELETE_UPDATES, POST, ChannelContext
from .errors import InvalidFields, NotAllowed, NotFound
from .models import Channel, Level, Update, now, search_key
from .topics import UPDATE_CREATED, UPDATE_DELETED, UPDATES, UPDATES_CHANGED

MOST_TEXT = 10_000      # characters, in UTF-8 at most 40 kB: an event has 64 KiB
MOST_WORDS = 10         # of a search; each is one more look at every text
SET_AT_ONCE = SET_BY_SERVER | {"version", "author", "author_id"}


def title(value):
    """A cast to a title, which may be empty."""
    return "" if value is None or (isinstance(value, str) and not value.strip()) else fields.line(100)(value)


CASTS = {"channel": NAME, "title": title, "text": fields.text(MOST_TEXT), "level": fields.choice(list(Level))}


class Updates:
    """The updates, as one person may act on them in one transaction. One thread."""

    def __init__(self, dbsession, realtime, actor, *, audit, permits):
        """realtime: with the method publish(); actor: the Identity who acts; audit: as request.audit.

        permits(permission, name): whether he has the permission in the channel of that name
        """
        self._dbsession, self._realtime, self._actor = dbsession, realtime, actor
        self._audit, self._permits = audit, permits

    @classmethod
    def of(cls, request, actor=None):
        """The updates as the person behind `request` may act on them; or, without limits, as `actor` does, for a script."""
        if actor is None:
            return cls(request.dbsession, request.realtime, request.identity, audit=request.audit,
                       permits=lambda permission, name: bool(request.has_permission(permission, ChannelContext(request, name))))
        return cls(request.dbsession, request.realtime, actor, audit=audit_into(request.dbsession, actor),
                   permits=lambda permission, name: True)

    def create(self, given):
        """Post an update of the fields `given`, an untrusted mapping with at least channel and text. Returns the Update.

        Raises InvalidFields, NotAllowed.
        """
        values = fields.read_fields(given, CASTS, required=("channel", "text"), ignored=SET_AT_ONCE)
        channel = self._lock(values.pop("channel"))
        if not self._permits(POST, channel.name):
            raise NotAllowed("You may not post in this channel.")
        values = {"title": "", "level": Level.INFO, **values}
        moment = now()
        update = Update(**values, channel=channel, author_id=self._actor.id, author=self._actor.name,
                        search_key=search_key(f"{values['title']}\n{values['text']}"), created=moment, changed=moment)
        with writing(self._dbsession):
            self._dbsession.add(update)
        self._publish(UPDATE_CREATED, update, update.as_dict())
        self._audit(Action.UPDATE_CREATED, subject=_subject(update))
        return update

    def delete(self, update):
        """Delete `update`. Raises NotAllowed."""
        self.insist_on_right_to_delete(update)
        with writing(self._dbsession):
            self._dbsession.delete(update)
        self._publish(UPDATE_DELETED, update, {"id": update.id})
        self._audit(Action.UPDATE_DELETED, subject=_subject(update), detail=f"by {update.author}")

    def insist_on_right_to_delete(self, update):
        """Raise NotAllowed to whoever is not the author of `update`, unless he may delete those of others."""
        is_own = update.author_id is not None and update.author_id == self._actor.id
        if not is_own and not self._permits(DELETE_UPDATES, update.channel.name):
            raise NotAllowed("Only its author and editors may delete an update.")

    def _lock(self, name):
        # Whoever posts here, changes this channel or its members waits: so ids rise in the order of commits, which is that of the
        # events and of the page, and nobody posts who has just lost the right to.
        channel = self._dbsession.scalar(sa.select(Channel).where(Channel.name == name).with_for_update(key_share=True))
        if channel is None:
            raise InvalidFields({"channel": "There is no such channel, or no longer."})
        return channel

    def _publish(self, type, update, data):
        topic = UPDATES.format(channel=update.channel.name)
        try:
            self._realtime.publish(topic, type, data, key=f"update-{update.id}")
        except InvalidEvent as error:       # realtime.max_event may be set to less than a long text takes
            raise InvalidFields({"text": "This is too long to be sent to open pages; shorten it."}) from error
        self._realtime.publish(topic, UPDATES_CHANGED, {"update_id": update.id})


def find_update(dbsession, id):
    """Return the Update of an id, int. Raises NotFound."""
    update = dbsession.get(Update, id)
    if update is None:
        raise NotFound("There is no such update, or no longer.")
    return update


def update_of(request):
    """Route factory. Return the context of the channel of the update that the path names, with `update`. Raises NotFound."""
    update = find_update(request.dbsession, int(request.matchdict["id"]))
    context = ChannelContext(request, update.channel.name)
    context.update = update
    return context


def selected(identity, channel=None, words=""):
    """Return the SELECT of the updates of a Channel, or else of all channels that the Identity, or None, may view.

    words: a text, whose words must all occur in an update's title or text, as a part of one of its words at least
    """
    if channel is None:
        updates = sa.select(Update).where(Update.channel_id.in_(visible_to(identity).with_only_columns(Channel.id)))
    else:
        updates = sa.select(Update).where(Update.channel_id == channel.id)
    for word in search_key(words).split()[:MOST_WORDS]:
        updates = updates.where(Update.search_key.contains(word, autoescape=True))
    return updates


def _subject(update):
    return f"update {update.id} ({update.channel.name})"
