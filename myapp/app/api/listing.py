"""Lists: the parameters `limit`, `offset` and `since`, and the answer `{"items", "total", "cursor"}`."""
import sqlalchemy as sa

from myapp.app import fields

LIMIT, MAX_LIMIT = 100, 500     # objects in one answer: 500 users are about 100 kB
MAX_OFFSET = 10**9


CASTS = {"limit": fields.whole(1, MAX_LIMIT), "offset": fields.whole(0, MAX_OFFSET), "since": fields.moment}


def listing(request, wanted, *, since=None):
    """Return the list that the request asks for, newest first; `since` keeps what was changed then or later.

    wanted  a SELECT of the objects of one model, which may all be seen by whoever asks
    since   the column that `since` is about; the model's `changed` when None
    The cursor is read before the objects: events after it are all that the list may lack.
    """
    values = fields.read_known(request.GET, CASTS)
    model = wanted.column_descriptions[0]["entity"]
    if "since" in values:
        wanted = wanted.where((model.changed if since is None else since) >= values["since"])
    cursor = request.realtime.cursor()
    page = wanted.order_by(model.id.desc()).limit(values.get("limit", LIMIT)).offset(values.get("offset", 0))
    return {
        "items": [item.as_dict() for item in request.dbsession.scalars(page)],
        "total": request.dbsession.scalar(sa.select(sa.func.count()).select_from(wanted.subquery())),
        "cursor": cursor,
    }
