"""What people have read: the counts of what is new to each, channel by channel."""
import pytest
import sqlalchemy as sa

from myapp.app.models import Channel
from myapp.app.reads import MOST_UNREAD, mark_read, with_unread

CHANNELS = sa.select(Channel)


@pytest.fixture
def house(client):
    """The admin's Client of an application with two channels and Ada, user 2."""
    client.add_user("Ada")
    for name in ("board", "news"):
        client.post_json("/api/channels", {"name": name}, status=201)
    return client


def post(client, channel, times=1):
    for _ in range(times):
        client.post_json("/api/updates", {"channel": channel, "text": "Hello"}, status=201)


def unread(client, user_id):
    """Return {channel: count}."""
    with client.registry["dbsession_readers"]() as dbsession:
        return {row.Channel.name: row.unread for row in dbsession.execute(with_unread(CHANNELS, user_id))}


def mark(client, user_id, update_id, channels=CHANNELS):
    with client.registry["dbsession_factory"].begin() as dbsession:
        return mark_read(dbsession, user_id, channels, update_id)


def test_what_others_have_posted_is_unread_until_it_is_marked(house):
    post(house, "board", 3)
    post(house, "news")
    assert unread(house, 2) == {"board": 3, "news": 1}
    assert unread(house, 1) == {"board": 0, "news": 0} == unread(house, None)      # his own; and nobody's
    assert mark(house, 2, 2, CHANNELS.where(Channel.name == "board")) == 1
    assert unread(house, 2) == {"board": 1, "news": 1}
    assert mark(house, 2, 4) == 2
    assert unread(house, 2) == {"board": 0, "news": 0}


def test_a_mark_is_never_taken_back_nor_set_on_what_is_yet_to_come(house):
    post(house, "board", 2)
    assert (mark(house, 2, 99), mark(house, 2, 1), mark(house, 2, 2)) == (1, 0, 0)
    post(house, "board")
    assert unread(house, 2)["board"] == 1


def test_ones_own_updates_after_the_mark_are_told_from_those_that_are_unread(house):
    post(house, "board", 3)
    house.execute("UPDATE updates SET author_id = 2 WHERE id IN (1, 3)")
    post(house, "news")
    with house.registry["dbsession_readers"]() as dbsession:
        own = {row.Channel.name: set(row.own.split()) for row in dbsession.execute(with_unread(CHANNELS, 2))}
    assert own == {"board": {"1", "3"}, "news": set()} and unread(house, 2) == {"board": 1, "news": 1}


def test_a_deleted_update_is_not_unread_and_no_count_costs_more_than_it_shows(house):
    post(house, "board", 2)
    house.delete("/api/updates/1", status=204)
    assert unread(house, 2)["board"] == 1
    columns = "channel_id, author, title, text, level, search_key, version, created, changed"
    values = ", ".join(["(1, 'x', '', 'x', 'info', 'x', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"] * 150)
    house.execute(f"INSERT INTO updates ({columns}) VALUES {values}")
    assert unread(house, 2)["board"] == MOST_UNREAD


def test_marks_go_with_the_account_and_with_the_channel(house):
    post(house, "board")
    post(house, "news")
    mark(house, 1, 9)
    mark(house, 2, 9)
    house.delete("/api/users/2")
    house.delete("/api/channels/board")
    assert [tuple(row) for row in house.rows("SELECT user_id, channel_id, update_id FROM read_marks")] == [(1, 2, 2)]
