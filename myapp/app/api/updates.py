"""/api/updates: the updates of the channels as JSON."""
from pyramid.response import Response
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.channels import channel_context
from myapp.app.contexts import TAKE_PART, VIEW, UpdatesContext
from myapp.app.updates import Updates, selected, update_of

from .body import read_object
from .listing import listing

CASTS = {"q": fields.line(100)}


@view_defaults(route_name="api_updates", renderer="json")
class ApiUpdates:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        """`channel` names the one whose updates are wanted, else they are those of all that one may view; `q`: the words to look for."""
        channel, given = getattr(self.request.context, "channel", None), fields.read_known(self.request.GET, CASTS)
        return listing(self.request, selected(self.request.identity, channel, given.get("q", "")))

    @view_config(request_method="POST", permission=TAKE_PART)
    def create(self):
        update = Updates.of(self.request).create(read_object(self.request))
        self.request.response.status_int = 201
        self.request.response.location = self.request.route_path("api_update", id=update.id)
        return update.as_dict()


@view_defaults(route_name="api_update", renderer="json")
class ApiUpdate:
    def __init__(self, request):
        self.request, self.update = request, request.context.update

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return self.update.as_dict()

    @view_config(request_method="DELETE", permission=TAKE_PART)
    def delete(self):
        Updates.of(self.request).delete(self.update)
        return Response(status=204)


def context_of(request):
    """Route factory. Return the context of the channel that the query names, or that of all. Raises NotFound."""
    name = request.GET.get("channel") if request.method in {"GET", "HEAD"} else None
    return UpdatesContext(request) if name is None else channel_context(request, name)


def includeme(config):
    config.add_route("api_updates", "/api/updates", factory=context_of)
    config.add_route("api_update", "/api/updates/{id:[0-9]{1,18}}", factory=update_of)
    config.scan(__name__)
