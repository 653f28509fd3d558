"""/channels: the channels of the updates, the forms New, Edit and Delete, and the members of the private ones."""
import sqlalchemy as sa
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.channels import Channels, channel_of, visible_to
from myapp.app.contexts import EDIT_CHANNELS, MANAGE_MEMBERS, VIEW, VIEW_MEMBERS, ChannelsContext
from myapp.app.errors import InvalidFields, NotAllowed, Refusal
from myapp.app.models import Channel, ChannelKind, Membership, User, Visibility
from myapp.app.topics import CHANNELS
from myapp.app.users import find_by_name_or_email, get_user

from .forms import done, refused, typed_fields

MOST_ROWS = 200         # of either table
FORM = "myapp.app:templates/channels/form.jinja2"
DELETE = "myapp.app:templates/channels/delete.jinja2"
MEMBERS = "myapp.app:templates/channels/members.jinja2"
CHANGEABLE = ("title", "kind", "visibility")
FIELDS = ("name", *CHANGEABLE, "version")


@view_config(route_name="channels", request_method="GET", permission=VIEW, renderer="myapp.app:templates/channels/list.jinja2")
def read(request):
    cursor = request.realtime.cursor()
    found = request.dbsession.scalars(visible_to(request.identity).order_by(Channel.title, Channel.id).limit(MOST_ROWS))
    return {"topic": CHANNELS, "cursor": cursor, "items": [channel.as_dict() for channel in found],
            "may_edit": bool(request.has_permission(EDIT_CHANNELS)), "is_signed_in": request.identity is not None}


@view_defaults(route_name="channels_new", permission=EDIT_CHANNELS, renderer=FORM)
class NewChannel:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET")
    def show(self):
        return form(self.request, None, {"kind": ChannelKind.DISCUSSION, "visibility": Visibility.PUBLIC})

    @view_config(request_method="POST")
    def create(self):
        typed = typed_fields(self.request, FIELDS)
        try:
            channel = Channels.of(self.request).create(_without_empty_title(typed))
        except Refusal as refusal:
            return form(self.request, None, typed, refusal)
        page = "channels_members" if channel.visibility == Visibility.PRIVATE else "updates_of"
        return done(self.request, page, channel=channel.name)


@view_defaults(route_name="channels_edit", permission=EDIT_CHANNELS, renderer=FORM)
class EditChannel:
    def __init__(self, request):
        self.request, self.channel = request, request.context.channel

    @view_config(request_method="GET")
    def show(self):
        return form(self.request, self.channel, self.channel.as_dict())

    @view_config(request_method="POST")
    def change(self):
        typed = typed_fields(self.request, FIELDS)
        try:
            Channels.of(self.request).change(self.channel, typed)
        except Refusal as refusal:
            return form(self.request, self.channel, typed, refusal)
        return done(self.request, "updates_of", channel=self.channel.name)


@view_defaults(route_name="channels_delete", permission=EDIT_CHANNELS, renderer=DELETE)
class DeleteChannel:
    def __init__(self, request):
        self.request, self.channel = request, request.context.channel

    @view_config(request_method="GET")
    def show(self):
        return {"channel": self.channel.as_dict()}

    @view_config(request_method="POST")
    def delete(self):
        Channels.of(self.request).delete(self.channel)
        return done(self.request, "channels")


@view_defaults(route_name="channels_members", renderer=MEMBERS)
class Members:
    """Who reads a private channel; a public one has no members, and the page says so."""

    def __init__(self, request):
        self.request, self.channel = request, request.context.channel

    @view_config(request_method="GET", permission=VIEW_MEMBERS)
    def show(self):
        return self.page()

    @view_config(request_method="POST", permission=MANAGE_MEMBERS)
    def add(self):
        typed = self.request.POST.get("user", "")
        try:
            Channels.of(self.request).add_member(self.channel, self.named(typed))
        except Refusal as refusal:
            return self.page(typed, refusal)
        return HTTPSeeOther(self.request.path)

    def named(self, typed):
        """Return the User that was typed. Raises InvalidFields."""
        text = fields.read_fields({"user": typed}, {"user": fields.line(fields.EMAIL_MAX)})["user"]
        user = find_by_name_or_email(self.request.dbsession, text)
        if user is None:
            raise InvalidFields({"user": "There is no account of this e-mail or name, or more than one of this name."})
        return user

    def page(self, typed="", refusal=None):
        members = sa.select(User).join(Membership, Membership.user_id == User.id).where(Membership.channel_id == self.channel.id)
        found = self.request.dbsession.scalars(members.order_by(User.name, User.id).limit(MOST_ROWS + 1)).all()
        return {
            "channel": self.channel.as_dict(), "own_id": self.request.identity.id,
            "members": [user.as_dict() for user in found[:MOST_ROWS]], "has_more": len(found) > MOST_ROWS,
            "may_manage": bool(self.request.has_permission(MANAGE_MEMBERS)), "typed": typed[:fields.EMAIL_MAX],
            **refused(self.request, refusal),
        }


@view_config(route_name="channels_members_remove", request_method="POST", permission=VIEW_MEMBERS)
def remove(request):
    channel, user = request.context.channel, get_user(request)
    if user.id != request.identity.id and not request.has_permission(MANAGE_MEMBERS):
        raise NotAllowed("You may only remove yourself.")
    Channels.of(request).remove_member(channel, user)
    # Whoever has left sees nothing of it any more.
    back = "channels" if user.id == request.identity.id else "channels_members"
    return HTTPSeeOther(request.route_path(back, channel=channel.name))


def form(request, channel, typed, refusal=None):
    """Return the values of the form's template. A refused form keeps what was typed, and says what is wrong, field by field.

    channel   the Channel being edited, None for a new one; typed: {field: text}
    """
    present = getattr(refusal, "present", None)
    return {
        "channel": channel and channel.as_dict(),
        "typed": {field: typed.get(field, "") for field in FIELDS},
        "version": (present or typed).get("version", ""),
        **refused(request, refusal),
        "present": {field: present[field] for field in CHANGEABLE if present[field] != typed.get(field)} if present else {},
        "kinds": list(ChannelKind), "visibilities": list(Visibility),
    }


def _without_empty_title(typed):
    """A new channel without a title has its name for one."""
    return {field: value for field, value in typed.items() if field != "title" or value.strip()}


def includeme(config):
    channel = f"/channels/{{channel:{fields.SLUG.pattern}}}"
    config.add_route("channels", "/channels", factory=ChannelsContext)
    config.add_route("channels_new", "/channels/new", factory=ChannelsContext)
    config.add_route("channels_edit", f"{channel}/edit", factory=channel_of)
    config.add_route("channels_delete", f"{channel}/delete", factory=channel_of)
    config.add_route("channels_members", f"{channel}/members", factory=channel_of)
    config.add_route("channels_members_remove", f"{channel}/members/{{id:[0-9]{{1,18}}}}/remove", factory=channel_of)
    config.scan(__name__)
