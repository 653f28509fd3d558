"""/updates: the feed of one channel or of all, live, beside the list of channels; and the forms New and Delete."""
import sqlalchemy as sa
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.channels import channel_of, postable_by, visible_to
from myapp.app.contexts import DELETE_UPDATES, POST, TAKE_PART, VIEW, UpdatesContext
from myapp.app.errors import Refusal
from myapp.app.models import Channel, Level, Update
from myapp.app.reads import mark_read, with_unread
from myapp.app.topics import CHANNELS_READ, UPDATE_CREATED, UPDATES, USER
from myapp.app.updates import Updates, selected, update_of

from .channels_beside import MOST_CHANNELS, channels_beside
from .forms import done, refused, typed_fields

ROWS = 30               # of a page
LIST = "myapp.app:templates/updates/list.jinja2"
FORM = "myapp.app:templates/updates/form.jinja2"
DELETE = "myapp.app:templates/updates/delete.jinja2"
FIELDS = ("channel", "title", "text", "level")
ID = fields.whole(0, 2**63 - 1)


def words(value):
    """A cast to what is searched for; an empty field means nothing is."""
    return "" if isinstance(value, str) and not value.strip() else fields.line(100)(value)


CASTS = {"before": ID, "q": words}


@view_config(route_name="updates", request_method="GET", permission=VIEW, renderer=LIST)
@view_config(route_name="updates_of", request_method="GET", permission=VIEW, renderer=LIST)
def read(request):
    """`before` is the id of an update, so that a page stays the same while new ones come; `q` is what to look for."""
    given = fields.read_known(request.GET, CASTS)
    channel, cursor = getattr(request.context, "channel", None), request.realtime.cursor()
    items = _page(request, channel, **given)
    return {
        "channel": channel and channel.as_dict(), "topic": channel and UPDATES.format(channel=channel.name), "brings": UPDATE_CREATED,
        "items": [item.as_dict() for item in items[:ROWS]], "older": items[ROWS - 1].id if len(items) > ROWS else None, "cursor": cursor,
        "rows": ROWS, "q": given.get("q", ""), "is_newest": "before" not in given,
        **channels_beside(request, channel.name if channel else ""), **_rights(request, channel),
    }


def _page(request, channel, before=None, q=""):
    """One more than are shown: then there are older ones."""
    wanted = selected(request.identity, channel, q)
    if before is not None:
        wanted = wanted.where(Update.id < before)
    return request.dbsession.scalars(wanted.order_by(Update.id.desc()).limit(ROWS + 1)).all()


def _rights(request, channel):
    """What the viewer may do here, for the template; `why_not` says why he may not post, where he may not."""
    identity = request.identity
    may_post = _is_any(request.dbsession, postable_by(identity)) if channel is None else bool(request.has_permission(POST))
    reason = "Sign in to post." if identity is None else "Only editors post here."
    return {
        "may_post": may_post, "why_not": None if may_post else reason, "may_take_part": bool(request.has_permission(TAKE_PART)),
        "may_delete_all": bool(request.has_permission(DELETE_UPDATES)),
    }


def _is_any(dbsession, wanted):
    return dbsession.scalar(sa.select(wanted.exists()))


@view_defaults(permission=TAKE_PART, request_method="POST")
class ReadUpTo:
    """How far the viewer has read: said by the page itself while it is looked at, else by a button."""

    def __init__(self, request):
        self.request, self.identity = request, request.identity

    @view_config(route_name="updates_read")
    def all(self):
        self.mark(visible_to(self.identity))
        return self.answer("updates")

    @view_config(route_name="updates_of_read")
    def one(self):
        channel = self.request.context.channel
        self.mark(sa.select(Channel).where(Channel.id == channel.id))
        return self.answer("updates_of", channel=channel.name)

    def mark(self, channels):
        given = fields.read_fields(typed_fields(self.request, ("update_id",)), {"update_id": ID}, required=("update_id",))
        if mark_read(self.request.dbsession, self.identity.id, channels, given["update_id"]):
            self.tell(channels)

    def tell(self, channels):
        """Tell the viewer's other pages what is left unread, and of which moment that is: it may come late."""
        cursor = self.request.realtime.cursor()
        # Those that a page lists: of all that there may be, an event has no room to tell.
        told = with_unread(channels, self.identity.id).order_by(Channel.id).limit(MOST_CHANNELS)
        data = {"cursor": cursor, "channels": {
            row.Channel.name: {"unread": row.unread, "mark": row.mark, "last": row.last} for row in self.request.dbsession.execute(told)}}
        self.request.realtime.publish(USER.format(id=self.identity.id), CHANNELS_READ, data, transient=True)

    def answer(self, route_name, **parts):
        return Response(status=204) if self.request.is_htmx else HTTPSeeOther(self.request.route_path(route_name, **parts))


@view_defaults(route_name="updates_new", permission=TAKE_PART, renderer=FORM)
class NewUpdate:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET")
    def show(self):
        return self.form({"channel": self.request.GET.get("channel", ""), "level": Level.INFO})

    @view_config(request_method="POST")
    def create(self):
        typed = typed_fields(self.request, FIELDS)
        try:
            update = Updates.of(self.request).create(typed)
        except Refusal as refusal:
            return self.form(typed, refusal)
        return done(self.request, "updates_of", channel=update.channel.name)

    def form(self, typed, refusal=None):
        """Return the values of the template. A refused form keeps what was typed, and says what is wrong, field by field."""
        channels = self.request.dbsession.scalars(postable_by(self.request.identity).order_by(Channel.title, Channel.id))
        return {"typed": {field: typed.get(field, "") for field in FIELDS}, "channels": [channel.as_dict() for channel in channels],
                "levels": list(Level), **refused(self.request, refusal)}


@view_defaults(route_name="updates_delete", permission=TAKE_PART, renderer=DELETE)
class DeleteUpdate:
    def __init__(self, request):
        self.request, self.update = request, request.context.update

    @view_config(request_method="GET")
    def show(self):
        Updates.of(self.request).insist_on_right_to_delete(self.update)
        return {"update": self.update.as_dict()}

    @view_config(request_method="POST")
    def delete(self):
        channel = self.update.channel.name
        Updates.of(self.request).delete(self.update)
        return done(self.request, "updates_of", channel=channel)


def includeme(config):
    channel = f"{{channel:{fields.SLUG.pattern}}}"
    config.add_route("updates", "/updates", factory=UpdatesContext)
    config.add_route("updates_new", "/updates/new", factory=UpdatesContext)
    config.add_route("updates_delete", "/updates/{id:[0-9]{1,18}}/delete", factory=update_of)
    config.add_route("updates_read", "/updates/read", factory=UpdatesContext, request_method="POST")
    config.add_route("updates_of", f"/updates/{channel}", factory=channel_of)
    config.add_route("updates_of_read", f"/updates/{channel}/read", factory=channel_of)
    config.scan(__name__)
