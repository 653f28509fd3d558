"""/api/rows: the rows of numbers as JSON."""
import sqlalchemy as sa
from pyramid.response import Response
from pyramid.view import view_config, view_defaults

from myapp.app.contexts import EDIT_ROWS, VIEW, RowsContext
from myapp.app.models import NumberRow
from myapp.app.rows import Rows, get_row

from .body import read_object
from .listing import listing


@view_defaults(route_name="api_rows", renderer="json")
class ApiRows:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return listing(self.request, sa.select(NumberRow))

    @view_config(request_method="POST", permission=EDIT_ROWS)
    def create(self):
        row = Rows.of(self.request).create(read_object(self.request))
        self.request.response.status_int = 201
        self.request.response.location = self.request.route_path("api_row", id=row.id)
        return row.as_dict()


@view_defaults(route_name="api_row", renderer="json")
class ApiRow:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET", permission=VIEW)
    def read(self):
        return get_row(self.request).as_dict()

    @view_config(request_method="PUT", permission=EDIT_ROWS)
    def change(self):
        return Rows.of(self.request).change(get_row(self.request, to_change=True), read_object(self.request)).as_dict()

    @view_config(request_method="DELETE", permission=EDIT_ROWS)
    def delete(self):
        Rows.of(self.request).delete(get_row(self.request, to_change=True))
        return Response(status=204)


def includeme(config):
    config.add_route("api_rows", "/api/rows", factory=RowsContext)
    config.add_route("api_row", "/api/rows/{id:[0-9]{1,18}}", factory=RowsContext)
    config.scan(__name__)
