"""/displays: the list of displays, the forms New, Delete and Key, and the page on which one is composed, by plain forms, with a preview."""
import sqlalchemy as sa
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.contexts import EDIT_DISPLAYS, VIEW, DisplaysContext
from myapp.app.displays import Displays, display_of, get_display
from myapp.app.errors import Refusal
from myapp.app.models import Channel, Display, Metric, Visibility, rfc3339
from myapp.app.panels import CASTS as KINDS
from myapp.app.roster import is_online, last_seen
from myapp.app.topics import DISPLAYS

from .forms import done, refused, typed_fields
from .wall import shown

MOST_ROWS = 200                     # of the list
MOST_CHOICES = 100                  # channels and metrics that a form offers
TEMPLATES = "myapp.app:templates/displays/"
FIELDS = ("slug", "name")


@view_config(route_name="displays", request_method="GET", permission=VIEW, renderer=TEMPLATES + "list.jinja2")
def read(request):
    cursor = request.realtime.cursor()
    found = request.dbsession.scalars(sa.select(Display).order_by(Display.name, Display.id).limit(MOST_ROWS))
    return {"topic": DISPLAYS, "cursor": cursor, "items": [as_row(display) for display in found], "build": request.realtime.build,
            "may_edit": bool(request.has_permission(EDIT_DISPLAYS))}


def as_row(display):
    """The object, and what the roster says of it."""
    seen = last_seen(display)
    return {**display.as_dict(), "has_key": display.key_hash is not None, "seen": seen and rfc3339(seen), "build": display.build,
            "is_online": is_online(display)}


@view_defaults(route_name="displays_new", permission=EDIT_DISPLAYS, renderer=TEMPLATES + "new.jinja2")
class NewDisplay:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET")
    def show(self):
        return self.form({})

    @view_config(request_method="POST")
    def create(self):
        typed = typed_fields(self.request, FIELDS)
        try:
            display = Displays.of(self.request).create({field: value for field, value in typed.items() if field != "name" or value.strip()})
        except Refusal as refusal:
            return self.form(typed, refusal)
        return HTTPSeeOther(self.request.route_path("display_edit", slug=display.slug))

    def form(self, typed, refusal=None):
        return {"typed": {field: typed.get(field, "") for field in FIELDS}, **refused(self.request, refusal)}


@view_defaults(route_name="display_edit", permission=EDIT_DISPLAYS, renderer=TEMPLATES + "compose.jinja2")
class ComposeDisplay:
    """Each button changes the display at once; what is on the wall follows."""

    def __init__(self, request):
        self.request, self.display = request, get_display(request, to_change=request.method == "POST")

    @view_config(request_method="GET")
    def show(self):
        return self.page()

    @view_config(request_method="POST")
    def change(self):
        typed = typed_fields(self.request, ("name", "version", "act", "place", "kind", "channel", "metric", "text"))
        try:
            Displays.of(self.request).change(self.display, self.wanted(typed))
        except Refusal as refusal:
            return self.page(typed, refusal)
        return HTTPSeeOther(self.request.path)

    def wanted(self, typed):
        """Return the fields that the pressed button stands for."""
        version = {"version": typed["version"]} if "version" in typed else {}
        if "name" in typed:
            return {"name": typed["name"], **version}
        return {"panels": arranged(list(self.display.panels), typed), **version}

    def page(self, typed=(), refusal=None):
        dbsession = self.request.dbsession
        channels = sa.select(Channel).where(Channel.visibility == Visibility.PUBLIC).order_by(Channel.title).limit(MOST_CHOICES)
        metrics = sa.select(Metric.name).order_by(Metric.name).limit(MOST_CHOICES)
        return {
            "display": self.display.as_dict(), "panels": shown(self.request, list(enumerate(self.display.panels, 1))), "kinds": list(KINDS),
            "channels": [channel.as_dict() for channel in dbsession.scalars(channels)], "metrics": list(dbsession.scalars(metrics)),
            "typed": dict(typed), **refused(self.request, refusal),
        }


def arranged(panels, typed):
    """Return the panels after a button: `act` is add, up, down or remove; `place` counts from 1. What makes no sense does nothing."""
    act, place = typed.get("act"), typed.get("place", "")
    if act == "add":
        kind = typed.get("kind", "")
        return [*panels, {"kind": kind, **{field: typed.get(field, "") for field in KINDS.get(kind, ())}}]
    index = int(place) - 1 if place.isascii() and place.isdecimal() and len(place) < 3 else -1
    if not 0 <= index < len(panels):
        return panels
    panel = panels.pop(index)
    if act != "remove":
        panels.insert(max(0, index + {"up": -1, "down": 1}.get(act, 0)), panel)
    return panels


@view_defaults(route_name="display_delete", permission=EDIT_DISPLAYS, renderer=TEMPLATES + "delete.jinja2")
class DeleteDisplay:
    def __init__(self, request):
        self.request, self.display = request, get_display(request, to_change=request.method == "POST")

    @view_config(request_method="GET")
    def show(self):
        return {"display": self.display.as_dict()}

    @view_config(request_method="POST")
    def delete(self):
        Displays.of(self.request).delete(self.display)
        return done(self.request, "displays")


@view_defaults(route_name="display_key", permission=EDIT_DISPLAYS, renderer=TEMPLATES + "key.jinja2")
class DisplayKey:
    """`act` is make or end. What is made is shown in the answer, and never again."""

    def __init__(self, request):
        self.request, self.display = request, get_display(request, to_change=request.method == "POST")

    @view_config(request_method="GET")
    def show(self):
        return self.page()

    @view_config(request_method="POST")
    def change(self):
        displays = Displays.of(self.request)
        if self.request.POST.get("act") == "make":
            key = displays.make_key(self.display)
            return self.page(self.request.route_url("display", slug=self.display.slug, _query={"key": key}))
        displays.end_key(self.display)
        return HTTPSeeOther(self.request.path)

    def page(self, address=None):
        return {"display": as_row(self.display), "address": address}


@view_config(route_name="display_commands", request_method="POST", permission=EDIT_DISPLAYS)
def command(request):
    Displays.of(request).command(get_display(request), typed_fields(request, ("command",)))
    return Response(status=204) if request.is_htmx else HTTPSeeOther(request.route_path("displays"))


def includeme(config):
    display = f"/displays/{{slug:{fields.SLUG.pattern}}}"
    config.add_route("displays", "/displays", factory=DisplaysContext)
    config.add_route("displays_new", "/displays/new", factory=DisplaysContext)
    for page in "edit", "delete", "key", "commands":
        config.add_route(f"display_{page}", f"{display}/{page}", factory=display_of)
    config.scan(__name__)
