"""/api/displays: the displays as JSON, the key of each, and what one is told to do."""
import sqlalchemy as sa
from pyramid.response import Response
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.contexts import EDIT_DISPLAYS, VIEW, DisplaysContext
from myapp.app.displays import Displays, display_of, get_display
from myapp.app.models import Display

from .body import read_object
from .listing import listing


@view_defaults(route_name="api_displays", renderer="json")
class ApiDisplays:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return listing(self.request, sa.select(Display))

    @view_config(request_method="POST", permission=EDIT_DISPLAYS)
    def create(self):
        display = Displays.of(self.request).create(read_object(self.request))
        self.request.response.status_int = 201
        self.request.response.location = self.request.route_path("api_display", slug=display.slug)
        return display.as_dict()


@view_defaults(route_name="api_display", renderer="json")
class ApiDisplay:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return get_display(self.request).as_dict()

    @view_config(request_method="PUT", permission=EDIT_DISPLAYS)
    def change(self):
        return Displays.of(self.request).change(get_display(self.request, to_change=True), read_object(self.request)).as_dict()

    @view_config(request_method="DELETE", permission=EDIT_DISPLAYS)
    def delete(self):
        Displays.of(self.request).delete(get_display(self.request, to_change=True))
        return Response(status=204)


@view_defaults(route_name="api_display_key", permission=EDIT_DISPLAYS, renderer="json")
class ApiDisplayKey:
    def __init__(self, request):
        self.request, self.display = request, get_display(request, to_change=True)

    @view_config(request_method="POST")
    def make(self):
        """The key is shown once, in this answer; one that there was opens nothing any more."""
        key = Displays.of(self.request).make_key(self.display)
        self.request.response.status_int = 201
        return {"key": key, "path": self.request.route_path("display", slug=self.display.slug, _query={"key": key})}

    @view_config(request_method="DELETE")
    def end(self):
        Displays.of(self.request).end_key(self.display)
        return Response(status=204)


@view_config(route_name="api_display_commands", request_method="POST", permission=EDIT_DISPLAYS, renderer="json")
def command(request):
    """Answers 202: whoever does not listen just now does not hear it."""
    given = Displays.of(request).command(get_display(request), read_object(request))
    request.response.status_int = 202
    return {"command": given}


def includeme(config):
    display = f"/api/displays/{{slug:{fields.SLUG.pattern}}}"
    config.add_route("api_displays", "/api/displays", factory=DisplaysContext)
    config.add_route("api_display", display, factory=display_of)
    config.add_route("api_display_key", f"{display}/key", factory=display_of)
    config.add_route("api_display_commands", f"{display}/commands", factory=display_of)
    config.scan(__name__)
