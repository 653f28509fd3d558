"""/api/channels: the channels, and the members of the private ones, as JSON."""
import sqlalchemy as sa
from pyramid.response import Response
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.channels import Channels, channel_of, visible_to
from myapp.app.contexts import EDIT_CHANNELS, MANAGE_MEMBERS, VIEW, VIEW_MEMBERS, ChannelsContext
from myapp.app.errors import NotAllowed
from myapp.app.models import Membership, User
from myapp.app.users import get_user

from .body import read_object
from .listing import listing


@view_defaults(route_name="api_channels", renderer="json")
class ApiChannels:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return listing(self.request, visible_to(self.request.identity))

    @view_config(request_method="POST", permission=EDIT_CHANNELS)
    def create(self):
        channel = Channels.of(self.request).create(read_object(self.request))
        self.request.response.status_int = 201
        self.request.response.location = self.request.route_path("api_channel", channel=channel.name)
        return channel.as_dict()


@view_defaults(route_name="api_channel", renderer="json")
class ApiChannel:
    def __init__(self, request):
        self.request, self.channel = request, request.context.channel

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return self.channel.as_dict()

    @view_config(request_method="PUT", permission=EDIT_CHANNELS)
    def change(self):
        return Channels.of(self.request).change(self.channel, read_object(self.request)).as_dict()

    @view_config(request_method="DELETE", permission=EDIT_CHANNELS)
    def delete(self):
        Channels.of(self.request).delete(self.channel)
        return Response(status=204)


@view_config(route_name="api_members", request_method="GET", permission=VIEW_MEMBERS, renderer="json")
def members(request):
    """The users who are members; nobody, of a public channel. `since` is about when they became such."""
    wanted = sa.select(User).join(Membership, Membership.user_id == User.id).where(Membership.channel_id == request.context.channel.id)
    return listing(request, wanted, since=Membership.created)


@view_defaults(route_name="api_member")
class ApiMember:
    def __init__(self, request):
        self.request, self.channel, self.user = request, request.context.channel, get_user(request)

    @view_config(request_method="PUT", permission=MANAGE_MEMBERS)
    def add(self):
        Channels.of(self.request).add_member(self.channel, self.user)
        return Response(status=204)

    @view_config(request_method="DELETE", permission=VIEW_MEMBERS)
    def remove(self):
        if self.user.id != self.request.identity.id and not self.request.has_permission(MANAGE_MEMBERS):
            raise NotAllowed("You may only remove yourself.")
        Channels.of(self.request).remove_member(self.channel, self.user)
        return Response(status=204)


def includeme(config):
    name = f"{{channel:{fields.SLUG.pattern}}}"
    config.add_route("api_channels", "/api/channels", factory=ChannelsContext)
    config.add_route("api_channel", f"/api/channels/{name}", factory=channel_of)
    config.add_route("api_members", f"/api/channels/{name}/members", factory=channel_of)
    config.add_route("api_member", f"/api/channels/{name}/members/{{id:[0-9]{{1,18}}}}", factory=channel_of)
    config.scan(__name__)
