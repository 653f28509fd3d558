"""The channels beside the feed of updates, with how much of each the viewer has yet to read; read anew by itself when one changes.

It has an address of its own, because that of the page may be refused by then: whoever is taken off a channel sees it go from here.
"""
from pyramid.view import view_config

from myapp.app.channels import visible_to
from myapp.app.contexts import EDIT_CHANNELS, VIEW, ChannelsContext
from myapp.app.models import Channel
from myapp.app.reads import with_unread
from myapp.app.topics import CHANNELS, UPDATES, USER

MOST_CHANNELS = 200     # that are listed
MOST_LIVE = 30          # of these that are followed, besides the one shown: a stream takes realtime.max_topics, other tabs' among them


@view_config(route_name="channels_beside", request_method="GET", permission=VIEW, renderer="myapp.app:templates/updates/channels.jinja2")
def read(request):
    """`shown` is the name of the channel whose feed is beside it; none: that of all."""
    return {"cursor": request.realtime.cursor(), **channels_beside(request, request.GET.get("shown", ""))}


def channels_beside(request, shown):
    """Return the values of the template, but for the cursor; shown: the name of the channel that is open, "" for all."""
    identity, channels = request.identity, _channels(request, shown)
    followed = [each["name"] for place, each in enumerate(channels) if place < MOST_LIVE or each["is_here"]]
    return {
        "channels": channels, "shown": shown, "channels_topic": CHANNELS, "user_topic": identity and USER.format(id=identity.id),
        "topics": " ".join(UPDATES.format(channel=name) for name in followed),
        "may_edit_channels": bool(request.has_permission(EDIT_CHANNELS, ChannelsContext(request))),
    }


def _channels(request, shown):
    """Those that the viewer may read, by their titles; the one that is shown is among them, however many there are."""
    identity = request.identity
    wanted = with_unread(visible_to(identity), identity and identity.id).order_by(Channel.name != shown, Channel.id).limit(MOST_CHANNELS)
    found = sorted(request.dbsession.execute(wanted), key=lambda row: (row.Channel.title.casefold(), row.Channel.id))
    return [{"name": row.Channel.name, "title": row.Channel.title, "visibility": row.Channel.visibility, "unread": row.unread,
             "mark": row.mark, "last": row.last, "own": row.own, "is_here": row.Channel.name == shown} for row in found]


def includeme(config):
    config.add_route("channels_beside", "/channels/beside", factory=ChannelsContext)
    config.scan(__name__)
