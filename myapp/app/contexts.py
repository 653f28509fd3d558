"""Contexts: what a view or a topic is about, and who has which permission there.

The only place that gives permissions to roles. What a permission does not reach, such as to set a role, the acts say themselves.

Each has `topic`, the name of the topic that tells of it, or None: a token that may only read or publish to some topics may do
that here when it is one of them, and nothing else. Where there is a topic of each object, `pattern` is what all are declared by.
"""
import re

import sqlalchemy as sa
from pyramid.authorization import ALL_PERMISSIONS, Allow, Authenticated, Everyone

from .models import Channel, ChannelKind, Display, Membership, Role, User, Visibility

VIEW = "view"                       # see what it is about
PUBLISH = "publish"                 # publish an event from outside, to a topic that takes such
EDIT_USERS = "edit_users"           # create, change and delete users; what only admins may do within that is in users.py
EDIT_ROWS = "edit_rows"             # add, change and delete rows
EDIT_DISPLAYS = "edit_displays"     # create, change, delete and command displays, and give them keys
EDIT_CHANNELS = "edit_channels"     # create, change and delete channels
POST = "post"                       # post updates in a channel
TAKE_PART = "take_part"             # delete updates of one's own, and keep a mark of how far one has read
DELETE_UPDATES = "delete_updates"   # delete updates of others
VIEW_MEMBERS = "view_members"       # see who the members of a channel are
MANAGE_MEMBERS = "manage_members"   # say who they are
VIEW_AUDIT = "view_audit"           # see who did what
MANAGE_CREDENTIALS = "manage_credentials"   # see, make and end sessions and tokens; whose, api/sessions.py says

ADMINS = (Allow, f"role:{Role.ADMIN}", ALL_PERMISSIONS)
EDITOR, MEMBER = f"role:{Role.EDITOR}", f"role:{Role.MEMBER}"
LOCAL_MEMBER, LOCAL_EDITOR = "local:member", "local:editor"     # a member of this very channel, and one who is an editor besides
USER_ID = re.compile("[1-9][0-9]{0,17}", re.ASCII)             # one spelling of each, so that one user has one topic


class Root:
    """The context of every view that names no other."""

    topic = None
    __acl__ = (
        ADMINS,
        (Allow, EDITOR, (VIEW, EDIT_USERS)),
        (Allow, MEMBER, VIEW),
    )

    def __init__(self, request):
        pass


class UsersContext(Root):
    """The users."""

    topic = "users"


class ChannelsContext:
    """The channels, as far as they are public."""

    topic = "channels"

    def __init__(self, request):
        self.__acl__ = (ADMINS, (Allow, everybody(request), VIEW), (Allow, EDITOR, EDIT_CHANNELS))


class RowsContext:
    """The rows of numbers."""

    topic = "rows"

    def __init__(self, request):
        self.__acl__ = (ADMINS, (Allow, everybody(request), VIEW), (Allow, EDITOR, EDIT_ROWS))


class UpdatesContext:
    """The updates of all channels at once, as far as one may view them. No topic tells of all."""

    topic = None

    def __init__(self, request):
        self.__acl__ = (ADMINS, (Allow, everybody(request), VIEW), (Allow, Authenticated, TAKE_PART), (Allow, EDITOR, DELETE_UPDATES))


class StatsContext:
    """What the processes are doing. Admins' alone, and a token's of theirs that may read it."""

    topic = "monitor"
    __acl__ = (ADMINS,)

    def __init__(self, request):
        pass


class BrokerContext(Root):
    """Whether the broker works; where it is and what it does, StatsContext guards."""

    topic = "broker"


class MetricsContext:
    """All metrics. A token must be allowed to read all of them: `read:metric:*`."""

    topic = "metric:*"

    def __init__(self, request):
        self.__acl__ = (ADMINS, (Allow, everybody(request), VIEW))


class MetricContext:
    """The metric `name`. There is one of any name."""

    pattern = "metric:{name}"

    def __init__(self, request, name):
        self.topic = self.pattern.format(name=name)
        self.__acl__ = (ADMINS, (Allow, everybody(request), VIEW), (Allow, EDITOR, PUBLISH))


class DisplaysContext:
    """The displays: the list of all."""

    topic = "displays"
    __acl__ = (ADMINS, (Allow, EDITOR, (VIEW, EDIT_DISPLAYS)), (Allow, MEMBER, VIEW))

    def __init__(self, request):
        pass


class DisplayContext(DisplaysContext):
    """The display of the slug `slug`. Raises LookupError when there is none."""

    pattern = "display:{slug}"

    def __init__(self, request, slug):
        if not is_display(request, slug):
            raise LookupError(slug)
        self.topic = self.pattern.format(slug=slug)


class CredentialsContext:
    """Sessions and tokens. No topic tells of them: a token with scopes may neither see nor make any."""

    topic = None
    __acl__ = (ADMINS, (Allow, Authenticated, MANAGE_CREDENTIALS))

    def __init__(self, request):
        pass


class UserContext:
    """What is for one user's eyes, not even for an admin's. Raises LookupError when no account has the id, a text."""

    pattern = "user:{id}"

    def __init__(self, request, id):
        if not USER_ID.fullmatch(id) or not is_account(request, id):
            raise LookupError(id)
        self.topic = self.pattern.format(id=id)
        self.__acl__ = ((Allow, f"user:{id}", VIEW),)


class ChannelContext:
    """The channel that has the name `channel`. Raises LookupError when there is none.

    It is the same whoever asks, so that one of them can say of thousands what they may. In a private channel that takes
    `local_principals`, for an identity alone does not tell where it is a member.
    """

    pattern = "updates:{channel}"

    def __init__(self, request, channel):
        self.channel = request.dbsession.scalar(sa.select(Channel).where(Channel.name == channel))
        if self.channel is None:
            raise LookupError(channel)
        self.topic = self.pattern.format(channel=channel)
        self._dbsession, self._id = request.dbsession, self.channel.id
        self._members = frozenset() if self.channel.visibility == Visibility.PUBLIC else None
        self.__acl__ = (ADMINS, *self._rules(request))

    def local_principals(self, identity):
        """Return what an Identity, or None, is besides in this channel, a list of principals. Reads the members once, if ever."""
        if identity is None:
            return []
        if self._members is None:
            wanted = sa.select(Membership.user_id).where(Membership.channel_id == self._id)
            self._members = frozenset(self._dbsession.scalars(wanted))
        if identity.id not in self._members:
            return []
        return [LOCAL_MEMBER, LOCAL_EDITOR] if identity.role == Role.EDITOR else [LOCAL_MEMBER]

    def _rules(self, request):
        is_public, is_discussion = self.channel.visibility == Visibility.PUBLIC, self.channel.kind == ChannelKind.DISCUSSION
        reader, person, editor = (
            (everybody(request), Authenticated, EDITOR) if is_public else (LOCAL_MEMBER, LOCAL_MEMBER, LOCAL_EDITOR))
        yield Allow, reader, VIEW
        yield Allow, person, (VIEW_MEMBERS, TAKE_PART, POST) if is_discussion else (VIEW_MEMBERS, TAKE_PART)
        yield Allow, editor, (POST, DELETE_UPDATES, EDIT_CHANNELS, MANAGE_MEMBERS)


def is_account(request, id):
    """Tell whether there is an account of this id, a text. Asks the database only for one that this request has not met already.

    Every open page sees the topic of its own user, so that a re-check of thousands would otherwise ask thousands of times: there
    the policy leaves the ids of the accounts that it has just read in `request.present_users`, a set of int.
    """
    if id == request.authenticated_userid or int(id) in getattr(request, "present_users", ()):
        return True
    return request.dbsession.scalar(sa.select(User.id).where(User.id == int(id))) is not None


def is_display(request, slug):
    """Tell whether there is a display of this slug. As for accounts, the policy leaves those that it has just read: `present_displays`."""
    if slug in getattr(request, "present_displays", ()):
        return True
    return request.dbsession.scalar(sa.select(Display.id).where(Display.slug == slug)) is not None


def everybody(request):
    """Return the principal of all who may view what is public: whoever is signed in, and with `myapp.public_read` whoever asks."""
    return Everyone if request.registry["myapp.settings"]["public_read"] else Authenticated
