"""/rows: the live table of numbers. A number is changed where it stands, with JavaScript; without, by the form of its row."""
import sqlalchemy as sa
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.response import Response
from pyramid.view import view_config, view_defaults

from myapp.app import fields
from myapp.app.acts import VERSION
from myapp.app.contexts import EDIT_ROWS, VIEW, RowsContext
from myapp.app.errors import NotFound, Refusal
from myapp.app.models import NumberRow
from myapp.app.rows import VALUES, Rows, get_row
from myapp.app.topics import ROW_CREATED, ROWS

from .forms import done, typed_fields

MOST_ROWS = 200     # of the table: some 200 kB of HTML
DRAW_MS = 250       # the table is drawn four times a second at most: a person cannot read it any faster
TEMPLATES = "myapp.app:templates/rows/"
CELLS = ("a", "b")
FIELDS = (*CELLS, "version")


@view_config(route_name="rows", request_method="GET", permission=VIEW, renderer=TEMPLATES + "list.jinja2")
def read(request):
    cursor = request.realtime.cursor()      # before the rows: an event may then come twice, never not at all
    rows = request.dbsession.scalars(sa.select(NumberRow).order_by(NumberRow.id.desc()).limit(MOST_ROWS))
    return {"topic": ROWS, "brings": ROW_CREATED, "draw_ms": DRAW_MS, "values": VALUES, "cursor": cursor, "most": MOST_ROWS,
            "items": [row.as_dict() for row in rows], "totals": read_totals(request.dbsession)}


@view_config(route_name="rows_totals", request_method="GET", permission=VIEW, renderer=TEMPLATES + "totals.jinja2")
def totals(request):
    """For a table that does not show all the rows; one that does adds them up itself."""
    return {"topic": ROWS, "totals": read_totals(request.dbsession), "is_whole": False}


@view_config(route_name="rows_row", request_method="GET", permission=VIEW, renderer=TEMPLATES + "row.jinja2")
def read_row(request):
    """One row, for htmx: nothing when it is no more, so that it goes from the table, too."""
    if not request.is_htmx:
        return HTTPSeeOther(request.route_path("rows"))
    cursor = request.realtime.cursor()
    try:
        return {"item": get_row(request).as_dict(), "rev": cursor}
    except NotFound:
        return Response()


@view_config(route_name="rows_meanwhile", request_method="GET", permission=EDIT_ROWS, renderer=TEMPLATES + "meanwhile.jinja2")
def read_meanwhile(request):
    """What has become of a row since the `version` that somebody edits: by whom, for this person's eyes alone."""
    version = fields.read_fields(request.GET, {"version": VERSION}, required=("version",))["version"]
    try:
        row = get_row(request)
    except NotFound:
        return {"row": None, "is_changed": True, "path": request.route_path("rows_row", id=request.matchdict["id"])}
    return {"row": row.as_dict(), "by": row.changed_by, "is_changed": row.version != version,
            "path": request.route_path("rows_row", id=row.id)}


@view_defaults(route_name="rows_new", permission=EDIT_ROWS, renderer=TEMPLATES + "new.jinja2")
class NewRow:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET")
    def show(self):
        return {"values": VALUES, "problem": None}

    @view_config(request_method="POST")
    def create(self):
        try:
            Rows.of(self.request).create(typed_fields(self.request, ("value",)))
        except Refusal as refusal:
            self.request.response.status_int = refusal.status
            return {"values": VALUES, "problem": f"Choose a number from {VALUES.start} to {VALUES.stop - 1}."}
        return done(self.request, "rows")


@view_defaults(route_name="rows_edit", permission=EDIT_ROWS)
class EditRow:
    """With `cell`, "a" or "b", htmx gets the row as it stands in the table, with the form in that cell; all others get the page."""

    def __init__(self, request):
        self.request = request
        cell = request.GET.get("cell")
        self.cell = cell if request.is_htmx and cell in CELLS else None

    @view_config(request_method="GET")
    def show(self):
        self.rev = self.request.realtime.cursor()
        return self._form(get_row(self.request), {})

    @view_config(request_method="POST")
    def change(self):
        typed = typed_fields(self.request, FIELDS)
        self.rev = self.request.realtime.cursor()
        row = get_row(self.request, to_change=True)
        try:
            Rows.of(self.request).change(row, typed)
        except Refusal as refusal:
            return self._form(row, typed, refusal)
        if self.cell:
            return self._render("row.jinja2", {"item": row.as_dict()})
        return done(self.request, "rows")

    def _form(self, row, typed, refusal=None):
        """The form, with what was typed. One that was refused says what is wrong, and of each number what it is now."""
        if refusal is not None:
            self.request.response.status_int = refusal.status
        is_stale = hasattr(refusal, "present")
        numbers = {cell: typed.get(cell, str(getattr(row, cell))) for cell in CELLS}
        editing = {
            "cell": self.cell, "values": VALUES, "typed": numbers, "version": row.version, "by": is_stale and row.changed_by,
            "errors": getattr(refusal, "errors", {}),
            "present": {cell: getattr(row, cell) for cell in CELLS if is_stale and str(getattr(row, cell)) != numbers[cell]}}
        return self._render("row.jinja2" if self.cell else "form.jinja2", {"item": row.as_dict(), "editing": editing})

    def _render(self, template, values):
        return render_to_response(TEMPLATES + template, {**values, "rev": self.rev}, request=self.request, response=self.request.response)


@view_defaults(route_name="rows_delete", permission=EDIT_ROWS, renderer=TEMPLATES + "delete.jinja2")
class DeleteRow:
    def __init__(self, request):
        self.request = request

    @view_config(request_method="GET")
    def show(self):
        return {"row": get_row(self.request).as_dict()}

    @view_config(request_method="POST")
    def delete(self):
        Rows.of(self.request).delete(get_row(self.request, to_change=True))
        return done(self.request, "rows")


def read_totals(dbsession):
    """Return how many rows there are and what their numbers come to, {"count", "a", "b", "sum"}: of one moment."""
    wanted = sa.select(sa.func.count(NumberRow.id), *(sa.func.coalesce(sa.func.sum(getattr(NumberRow, cell)), 0) for cell in CELLS))
    count, a, b = dbsession.execute(wanted).one()
    return {"count": count, "a": a, "b": b, "sum": a + b}


def includeme(config):
    row = "/rows/{id:[0-9]{1,18}}"
    for name, pattern in {"rows": "/rows", "rows_totals": "/rows/totals", "rows_new": "/rows/new", "rows_row": row,
                          "rows_meanwhile": f"{row}/meanwhile", "rows_edit": f"{row}/edit", "rows_delete": f"{row}/delete"}.items():
        config.add_route(name, pattern, factory=RowsContext)
    config.scan(__name__)
