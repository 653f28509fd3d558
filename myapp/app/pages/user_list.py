"""/users: the live table, searched, sorted and in pages, by parameters of the address: it all works without JavaScript."""
import sqlalchemy as sa
from pyramid.view import view_config

from myapp.app import fields
from myapp.app.contexts import VIEW
from myapp.app.models import User, search_key
from myapp.app.topics import USER_CREATED, USERS

ROWS = 50               # of a page: some 25 kB of HTML
MOST_CHARACTERS = 100   # of what is searched for; as long as a name
NEWEST_FIRST = "-created"
COLUMNS = {"name": User.name_key, "email": User.email_key, "role": User.role, "changed": User.changed, "created": User.id}
ORDERS = [sign + name for name in COLUMNS for sign in ("", "-")]
CASTS = {"q": fields.line(MOST_CHARACTERS), "sort": fields.choice(ORDERS), "page": fields.whole(1, 10**6)}


@view_config(route_name="users", request_method="GET", permission=VIEW, renderer="myapp.app:templates/users/list.jinja2")
def read(request):
    shown = {"q": "", "sort": NEWEST_FIRST, "page": 1} | fields.read_known(
        {name: value for name, value in request.GET.items() if value.strip()}, CASTS)
    cursor = request.realtime.cursor()      # before the rows: an event may then come twice, never not at all
    found = matching(shown["q"])
    total = request.dbsession.scalar(sa.select(sa.func.count()).select_from(found.subquery()))
    pages = max(1, -(-total // ROWS))
    shown["page"] = min(shown["page"], pages)
    users = request.dbsession.scalars(found.order_by(*order(shown["sort"])).limit(ROWS).offset((shown["page"] - 1) * ROWS))
    return {
        "topic": USERS, "brings": USER_CREATED, "cursor": cursor, "items": [user.as_dict() for user in users], "total": total,
        **shown, "rows": ROWS, "pages": pages, "addresses": addresses(request, shown), "heads": heads(request, shown),
        "is_newest_first": shown["sort"] == NEWEST_FIRST,
        # Elsewhere the place of a new row, if it has one, is the database's to say.
        "insert": "prepend" if shown == {"q": "", "sort": NEWEST_FIRST, "page": 1} else "hold"}


def matching(query):
    """Return the SELECT of the users in whose name or address each word of `query` occurs."""
    wanted = sa.select(User)
    for word in search_key(query).split():
        wanted = wanted.where(sa.or_(User.name_key.contains(word, autoescape=True), User.email_key.contains(word, autoescape=True)))
    return wanted


def order(sort):
    """Return the ORDER BY of one of ORDERS; of those that are alike the newest comes first."""
    column = COLUMNS[sort.removeprefix("-")]
    return column.desc() if sort.startswith("-") else column.asc(), User.id.desc()


def addresses(request, shown):
    """Return the addresses of this table, of the pages next to it, of it without a search, and in the order that it has at first."""
    return {
        "own": address(request, **shown), "all": address(request, **shown | {"q": "", "page": 1}),
        "newest": address(request, **shown | {"sort": NEWEST_FIRST, "page": 1}),
        **{name: address(request, **shown | {"page": shown["page"] + step}) for name, step in (("previous", -1), ("next", 1))}}


def heads(request, shown):
    """Return of each column which way the table is sorted by it, if it is, and the address of it sorted by it, or the other way round."""
    return {name: {
        "sorted": {name: "ascending", f"-{name}": "descending"}.get(shown["sort"]),
        "path": address(request, shown["q"], f"-{name}" if shown["sort"] == name else name, 1)} for name in COLUMNS}


def address(request, q, sort, page):
    """Return the address of the table with these parameters, without those that are as they are anyhow."""
    given = {"q": q or None, "sort": sort if sort != NEWEST_FIRST else None, "page": page if page > 1 else None}
    return request.route_path("users", _query={name: value for name, value in given.items() if value})


def includeme(config):
    config.add_route("users", "/users")
    config.scan(__name__)
