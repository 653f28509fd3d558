"""/displays/{slug}: the page of a display on a wall. It opens by the display's key, or for whoever is signed in and may see displays."""
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config
from webob.cookies import make_cookie

from myapp.app import fields
from myapp.app.contexts import VIEW
from myapp.app.displays import display_of, get_display
from myapp.app.errors import NotAllowed
from myapp.app.identity import DISPLAY
from myapp.app.identity_queries import of_display_key
from myapp.app.panels import MOST_PANELS
from myapp.app.security import DISPLAY_COOKIE, note_display
from myapp.app.topics import DISPLAY as TOPIC

from .wall import shown

COOKIE_S = 400 * 86400      # seconds; browsers keep no cookie for longer, and each load of the page renews it
AGAIN_S = "30"              # seconds; nobody stands before a display to press a button
CASTS = {"panel": fields.whole(1, MOST_PANELS)}


@view_config(route_name="display", request_method="GET", request_param="key", permission=NO_PERMISSION_REQUIRED)
def open_by_key(request):
    """The key goes from the address, where others may read it, into a cookie. A wrong one does not tell whether there is such a display."""
    key, slug = request.GET["key"], request.matchdict["slug"]
    identity, _ = of_display_key(request.dbsession.connection(), request.registry["myapp.terms"], key)
    if identity is None or identity.slug != slug:
        raise NotAllowed("This key does not open this display, or no longer.")
    return HTTPSeeOther(request.route_path("display", slug=slug), headers=_cookie(request, key))


@view_config(route_name="display", request_method="GET", permission=VIEW, renderer="myapp.app:templates/displays/wall.jinja2")
def show(request):
    """With `panel` that panel alone, to be put in the place of an older one."""
    cursor = request.realtime.cursor()      # before what is shown: an event may then come twice, never not at all
    display, only = get_display(request), fields.read_known(request.GET, CASTS).get("panel")
    panels = [(place, panel) for place, panel in enumerate(display.panels, 1) if only in (None, place)]
    if request.identity is not None and request.identity.kind == DISPLAY and only is None:
        request.response.headers.extend(_cookie(request, request.cookies[DISPLAY_COOKIE]))
        note_display(request, display.id, request.realtime.build)
    return {"display": display.as_dict(), "topic": TOPIC.format(slug=display.slug), "cursor": cursor, "panels": shown(request, panels)}


def _cookie(request, key):
    return [("Set-Cookie", make_cookie(DISPLAY_COOKIE, key, max_age=COOKIE_S, path="/", secure=request.scheme == "https", httponly=True,
                                       samesite="Lax"))]


def display_or_key(request):
    """Route factory. Return the context of the display; one that is opened by a key says later whether it is right."""
    request.add_response_callback(_have_it_tried_again)
    return None if "key" in request.GET else display_of(request)


def _have_it_tried_again(request, response):
    """A display that happens to load its page while the server cannot make one would show the error for weeks."""
    if response.status_int >= 500:
        response.headers["Refresh"] = AGAIN_S


def includeme(config):
    config.add_route("display", f"/displays/{{slug:(?!new$){fields.SLUG.pattern}}}", factory=display_or_key)
    config.scan(__name__)
