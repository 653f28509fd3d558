"""What people have read: how far each has read each channel, and how many updates that leaves. One's own never count."""
import sqlalchemy as sa

from myapp.db import INSERTS

from .models import Channel, ReadMark, Update

MOST_UNREAD = 100       # that are counted: a page says "99+", and nobody's count costs more than that many rows
MOST_OWN = 100          # of the newest that are searched for one's own; of those before it is not known when they are deleted


def with_unread(channels, user_id):
    """Return, from a SELECT of Channels, one of rows that have besides the Channel, for the user of this id:

    unread  how many of its updates he has not read, at most MOST_UNREAD
    mark    the id of the last one that he has, 0 for none
    last    the id of the last one that there is, 0 for none
    own     the ids of those after the mark that are his own, a text with blanks between: they are not among the unread

    user_id: None for somebody without an account, who has read everything
    """
    last = sa.func.coalesce(sa.select(sa.func.max(Update.id)).where(Update.channel_id == Channel.id).scalar_subquery(), 0)
    if user_id is None:
        return channels.add_columns(sa.literal(0).label("unread"), last.label("mark"), last.label("last"), sa.literal("").label("own"))
    mark = sa.func.coalesce(ReadMark.update_id, 0)
    later = sa.select(Update.id, Update.author_id).where(Update.channel_id == Channel.id, Update.id > mark).correlate(Channel, ReadMark)
    few = later.where(Update.author_id.is_distinct_from(user_id)).limit(MOST_UNREAD).subquery()
    unread = sa.select(sa.func.count()).select_from(few).scalar_subquery()
    newest = later.order_by(Update.id.desc()).limit(MOST_OWN).subquery()
    own = sa.select(sa.func.coalesce(sa.func.aggregate_strings(sa.cast(newest.c.id, sa.String), " "), "")).where(
        newest.c.author_id == user_id).scalar_subquery()
    marks = channels.outerjoin(ReadMark, sa.and_(ReadMark.channel_id == Channel.id, ReadMark.user_id == user_id))
    return marks.add_columns(unread.label("unread"), mark.label("mark"), last.label("last"), own.label("own"))


def mark_read(dbsession, user_id, channels, update_id):
    """Write down that a user has seen the updates of `channels`, a SELECT of Channels, up to and with the one of that id.

    It never takes a mark back. Returns how many marks were set or moved.
    """
    seen = sa.select(sa.literal(user_id), Update.channel_id, sa.func.max(Update.id)).where(
        Update.channel_id.in_(channels.with_only_columns(Channel.id)), Update.id <= update_id).group_by(Update.channel_id)
    insert = INSERTS[dbsession.get_bind().dialect.name](ReadMark).from_select(["user_id", "channel_id", "update_id"], seen)
    statement = insert.on_conflict_do_update(
        index_elements=["user_id", "channel_id"], set_={"update_id": insert.excluded.update_id},
        where=ReadMark.update_id < insert.excluded.update_id)
    return dbsession.execute(statement).rowcount
