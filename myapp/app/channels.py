"""The acts on channels: create, change, delete, and who is a member; their rules, and what they publish.

Each act flushes and publishes within the caller's transaction; a Refusal leaves nothing behind once the caller rolls back. Who may
act at all, the permissions of contexts.py have said before.
"""
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from . import fields
from .acts import SET_BY_SERVER, VERSION, assign, differing, writing
from .audit import Action, audit_into, user_subject
from .contexts import ChannelContext
from .errors import InvalidFields, NotFound, NotPrivate, Taken
from .models import Channel, ChannelKind, Membership, Role, Visibility, now
from .scopes import is_limited
from .topics import CHANNEL_CREATED, CHANNEL_DELETED, CHANNEL_UPDATED, CHANNELS, UPDATES

NAME = fields.slug("new")       # /updates/new is the form
CASTS = {"name": NAME, "title": fields.line(100), "kind": fields.choice(list(ChannelKind)), "visibility": fields.choice(list(Visibility)),
         "version": VERSION}
TAKEN = {"name": "Another channel has this name."}


class Channels:
    """The channels, as one person may act on them in one transaction. One thread.

    The topic `channels` is public, so it never tells of a private one: a channel that becomes private is deleted there, one that
    becomes public is created.
    """

    def __init__(self, dbsession, realtime, actor, *, audit):
        """realtime: with the methods publish(), recheck() and revoke(); actor: the Identity who acts; audit: as request.audit."""
        self._dbsession, self._realtime, self._actor, self._audit = dbsession, realtime, actor, audit

    @classmethod
    def of(cls, request, actor=None):
        """The channels as the person behind `request` may act on them; or as `actor` may, for a script, whose request is nobody's."""
        audit = request.audit if actor is None else audit_into(request.dbsession, actor)
        return cls(request.dbsession, request.realtime, actor or request.identity, audit=audit)

    def create(self, given):
        """Create a channel of the fields `given`, an untrusted mapping with at least a name. Returns the Channel.

        Whoever creates a private one is its first member. Raises InvalidFields, Taken.
        """
        values = fields.read_fields(given, CASTS, required=("name",), ignored=SET_BY_SERVER)
        values.pop("version", None)
        moment = now()
        defaults = {"title": values["name"], "kind": ChannelKind.DISCUSSION, "visibility": Visibility.PUBLIC}
        channel = Channel(**defaults | values, created=moment, changed=moment)
        if self._realtime.has_events(_topic(channel)):      # else whoever reads this one could be given what was said in that one
            raise Taken({"name": "A channel that was deleted had this name not long ago. Choose another one."})
        with writing(self._dbsession, taken=TAKEN):
            self._dbsession.add(channel)
        if _is_public(channel):
            self._publish(CHANNEL_CREATED, channel, channel.as_dict())
        else:
            self._enrol(channel, self._actor.id)
        self._audit(Action.CHANNEL_CREATED, subject=_subject(channel), detail=f"{channel.kind}, {channel.visibility}")
        return channel

    def change(self, channel, given):
        """Change the fields of `channel` that `given`, an untrusted mapping, names; its name stays what it is.

        With a `version` the change is made only to that version. Nothing is published when nothing differs. Whoever makes it
        private is its first member; when it becomes public, its members are forgotten. Raises InvalidFields, Stale.
        """
        values = fields.read_fields(given, CASTS, ignored=SET_BY_SERVER)
        if values.pop("name", channel.name) != channel.name:
            raise InvalidFields({"name": "The name stays: it is part of addresses that others have."})
        values = differing(channel, values)
        if values:
            self._write(channel, values)
        return channel

    def delete(self, channel):
        """Delete `channel` with all that is in it, and end the streams of its updates."""
        with writing(self._dbsession):
            self._dbsession.delete(channel)
        if _is_public(channel):
            self._publish(CHANNEL_DELETED, channel, {"id": channel.id})
        self._realtime.revoke(topic=_topic(channel))
        self._audit(Action.CHANNEL_DELETED, subject=_subject(channel))

    def add_member(self, channel, user):
        """Make `user` a member of the private `channel`, if he is not one already. Raises NotPrivate, NotFound."""
        self._insist_on_private(channel)
        if self._dbsession.get(Membership, (channel.id, user.id)) is None:
            self._enrol(channel, user.id)
            self._audit(Action.MEMBER_ADDED, subject=_subject(channel), detail=user_subject(user))

    def remove_member(self, channel, user):
        """Make `user` a member no more, and end his streams of the channel's updates. Raises NotPrivate, NotFound."""
        self._insist_on_private(channel)
        membership = self._dbsession.get(Membership, (channel.id, user.id))
        if membership is None:
            raise NotFound("This user is not a member of the channel, or no longer.")
        with writing(self._dbsession):
            self._dbsession.delete(membership)
        self._realtime.recheck(topic=_topic(channel))
        self._audit(Action.MEMBER_REMOVED, subject=_subject(channel), detail=user_subject(user))

    def _write(self, channel, values):
        detail = "; ".join(f"{field}: {getattr(channel, field)} -> {value}" for field, value in values.items())
        was_public = _is_public(channel)
        with writing(self._dbsession, taken=TAKEN):
            assign(channel, values)
        self._publish_change(channel, was_public)
        if "visibility" in values:
            self._renew_members(channel)
        self._audit(Action.CHANNEL_CHANGED, subject=_subject(channel), detail=detail)

    def _publish_change(self, channel, was_public):
        if _is_public(channel):
            self._publish(CHANNEL_UPDATED if was_public else CHANNEL_CREATED, channel, channel.as_dict())
        elif was_public:
            self._publish(CHANNEL_DELETED, channel, {"id": channel.id})

    def _renew_members(self, channel):
        """After a change of the visibility: who has just made it private is its only member, a public one has none."""
        if _is_public(channel):
            # Nobody can see or change who they are while it is public, and forgotten people would come back with the next change.
            self._dbsession.execute(sa.delete(Membership).where(Membership.channel_id == channel.id))
        else:
            self._enrol(channel, self._actor.id)
            self._realtime.recheck(topic=_topic(channel))

    def _insist_on_private(self, channel):
        # The lock makes a change of the visibility wait, and another one who adds the same member.
        locked = sa.select(Channel.visibility).where(Channel.id == channel.id).with_for_update(key_share=True)
        visibility = self._dbsession.scalar(locked)
        if visibility is None:
            raise NotFound("There is no such channel, or no longer.")
        if visibility == Visibility.PUBLIC:
            raise NotPrivate()

    def _enrol(self, channel, user_id):
        try:
            with self._dbsession.begin_nested():
                self._dbsession.add(Membership(channel_id=channel.id, user_id=user_id))
                self._dbsession.flush()
        except IntegrityError as error:     # deleted meanwhile
            raise NotFound("There is no such user, or no longer.") from error

    def _publish(self, type, channel, data):
        self._realtime.publish(CHANNELS, type, data, key=f"channel-{channel.id}")


def channel_of(request):
    """Route factory. Return the context of the channel that the path names. Raises NotFound."""
    return channel_context(request, request.matchdict["channel"])


def channel_context(request, name):
    """Return the ChannelContext of a name, which may be any text. Raises NotFound."""
    try:
        if fields.SLUG.fullmatch(name):    # else PostgreSQL would be asked for a text with NUL, which it does not know
            return ChannelContext(request, name)
    except LookupError:
        pass
    raise NotFound("There is no such channel, or no longer.")


def visible_to(identity):
    """Return the SELECT of the channels that an Identity, or None, may view: for lists, what ChannelContext says of one.

    A token that may only read some topics is shown the public ones, for of them alone the topic `channels` tells.
    """
    channels, is_public = sa.select(Channel), Channel.visibility == Visibility.PUBLIC
    if identity is None or is_limited(identity.scopes):
        return channels.where(is_public)
    if identity.role == Role.ADMIN:
        return channels
    own = sa.select(Membership.channel_id).where(Membership.user_id == identity.id)
    return channels.where(sa.or_(is_public, Channel.id.in_(own)))


def postable_by(identity):
    """Return the SELECT of the channels in which an Identity, or None, may post: for lists, what ChannelContext says of one."""
    if identity is None or is_limited(identity.scopes):
        return sa.select(Channel).where(sa.false())
    visible = visible_to(identity)
    return visible if identity.role in (Role.ADMIN, Role.EDITOR) else visible.where(Channel.kind == ChannelKind.DISCUSSION)


def _is_public(channel):
    return channel.visibility == Visibility.PUBLIC


def _topic(channel):
    return UPDATES.format(channel=channel.name)


def _subject(channel):
    return f"channel {channel.id} ({channel.name})"
