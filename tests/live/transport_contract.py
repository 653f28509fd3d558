"""What every transport promises, against the real server over real sockets; a subclass says by which way its client listens."""
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import sqlalchemy as sa

from tests.waiting import wait_until

from .house import House
from .inside import serving
from .ways import PATIENCE_S, WAYS, Sse

REPLAY_LIMIT, MAX_TOPICS, PER_USER = 60, 5, 2
SETTINGS = {"realtime.heartbeat": "500ms", "realtime.recheck": "500ms", "realtime.max_topics": MAX_TOPICS,
            "realtime.replay_limit": REPLAY_LIMIT, "realtime.max_streams_per_user": PER_USER}
HOSTILE = ["\r\n\r\nid: 7\nevent: closing\ndata: {}", "\0\x1b[2J\x7f\x85", "\u2028\u2029\ufeff\u202e", "\ud800", "</script><!--<b>&amp;'\"",
           "'; DROP TABLE event_log; --", "data: \\u000a \\", "é\U0001f600", "\x81\x05HELLO", "x" * 30_000]


def url_of(sqlite_template, folder):
    return f"sqlite:///{shutil.copy(sqlite_template, folder)}"


class TransportContract:
    """Its fixtures `house`, with SETTINGS, and `address` are those of the module."""
    way = None

    @pytest.fixture
    def rooms(self):
        """The names of three topics that are this test's alone."""
        return [f"room:{uuid.uuid4().hex}" for _ in range(3)]

    @pytest.fixture
    def private(self):
        return f"private:{uuid.uuid4().hex}"

    @pytest.fixture
    def open_(self, address):
        """open_("room:7", cursor=…, user=…): a Way."""
        opened = []

        def open_(*topics, way=None, **options):
            opened.append((way or self.way)(address, *topics, **options))
            return opened[-1]
        yield open_
        for one in opened:
            one.close()

    # Order, and nothing missed or doubled

    def test_events_of_several_topics_come_in_the_order_of_their_commits_each_once(self, house, open_, rooms):
        listener = open_(*rooms[:2])
        for number in range(10):
            house.tell(*((rooms[(number + each) % 3], "said", {"number": 4 * number + each}) for each in range(4)))
        wanted = [4 * number + each for number in range(10) for each in range(4) if (number + each) % 3 < 2]
        assert [event["data"]["number"] for event in listener.take(len(wanted))] == wanted

    @pytest.mark.parametrize("other", WAYS, ids=lambda way: way.name)
    def test_one_cursor_leads_from_any_way_to_this_one_and_back_with_nothing_missed_or_doubled(self, house, open_, rooms, other):
        cursor, told = open_(rooms[0]).cursor, []
        for turn in range(4):
            house.tell(*((room, "said", {"number": 3 * turn + each}) for each in range(3) for room in rooms[:2]))
            with open_(rooms[0], way=self.way if turn % 2 else other, cursor=cursor) as listener:
                told += listener.take(2 if turn < 3 else 12 - len(told))
                cursor = listener.cursor
        assert [event["data"]["number"] for event in told] == [*range(12)] and {event["topic"] for event in told} == {rooms[0]}

    def test_where_nothing_is_new_it_is_told_where_it_stands_and_that_moves_on(self, house, open_, rooms):
        listener = open_(rooms[0])
        assert listener.cursor == house.cursor(house.last_seq)
        head = house.tell((rooms[1], "said", {}))
        wait_until(lambda: listener.position() == head, timeout_s=PATIENCE_S)

    # Losses

    @pytest.mark.parametrize(("spoil", "reason"), [
        (lambda epoch, seq: f"{epoch}-{seq + 1000}", "ahead"), (lambda epoch, seq: f"{epoch[::-1]}0-{seq}", "epoch"),
        (lambda epoch, seq: f"{epoch}-{seq - REPLAY_LIMIT - 1}", "expired"), (lambda epoch, seq: f"{epoch}-{seq}.0", "unreadable"),
        (lambda epoch, seq: "\u2028", "unreadable"), (lambda epoch, seq: "-1", "unreadable"),
        (lambda epoch, seq: "x" * 10_000, "unreadable")],
        ids=["ahead", "epoch", "expired", "fraction", "separator", "negative", "long"])
    def test_what_cannot_be_gone_on_from_is_a_reset_that_says_why_and_then_live_events(self, house, open_, rooms, spoil, reason):
        head = house.tell(*((rooms[1], "said", {}) for _ in range(REPLAY_LIMIT + 1)))
        assert open_(rooms[0], way=Sse, cursor=head).cursor == head     # the process has caught up
        epoch, _, seq = head.rpartition("-")
        spoilt = spoil(epoch, int(seq))
        listener = open_(rooms[0], **({"cursor": spoilt} if spoilt.isascii() else {"last_event_id": spoilt}))
        reset = listener.next("reset")
        assert (reset["id"], reset["data"]["reason"]) == (head, reason) and 0 <= reset["data"]["spread_ms"] <= 60_000
        event = house.tell((rooms[0], "said", {}))
        assert [one["id"] for one in listener.take(1)] == [event]

    # What is told

    def test_the_envelope_is_the_same_by_every_way(self, house, open_, rooms):
        listener, room = open_(rooms[0]), rooms[0]
        events = [("told", {"text": "<b>\u2028"}, {"key": "line-1"}), ("left", {}, {"key": "line-1"}), ("broken", {}, {"key": "line-2"}),
                  ("said", {"deep": [[{"a": None}]], "n": 1.5})]
        house.tell(*((room, *event) for event in events))
        told = listener.take(4)
        assert [{**one, "id": 0} for one in told] == [
            {"id": 0, "topic": room, "type": "told", "data": {"text": "<b>\u2028"}, "key": "line-1", "html": "<li>&lt;b&gt;\u2028</li>"},
            {"id": 0, "topic": room, "type": "left", "data": {}, "key": "line-1", "html": None},
            {"id": 0, "topic": room, "type": "broken", "data": {}, "key": "line-2"},
            {"id": 0, "topic": room, "type": "said", "data": {"deep": [[{"a": None}]], "n": 1.5}}]

    def test_hostile_text_arrives_as_it_was_published_live_and_again(self, house, open_, rooms):
        live = open_(rooms[0])
        start = live.cursor
        house.tell(*((rooms[0], "said", {"text": text, text[:99]: [text]}) for text in HOSTILE))
        wanted = [{"text": text, text[:99]: [text]} for text in HOSTILE]
        assert [event["data"] for event in live.take(len(HOSTILE))] == wanted
        assert [event["data"] for event in open_(rooms[0], cursor=start).take(len(HOSTILE))] == wanted

    def test_transient_events_come_without_an_id_to_those_who_listen_at_the_moment(self, house, open_, rooms):
        listener = open_(rooms[0])
        before = listener.cursor
        with ThreadPoolExecutor(1) as pool:
            taking = pool.submit(listener.take, 2 if self.way.CARRIES_TRANSIENT else 1)
            wait_until(lambda: listener.is_listening(house))
            house.tell((rooms[0], "ticked", {}, {"transient": True}), (rooms[0], "said", {}))
            told = taking.result(PATIENCE_S)
        assert [(event["type"], event["id"] is None) for event in told] == [("ticked", True)] * (len(told) - 1) + [("said", False)]
        assert [event["type"] for event in open_(rooms[0], cursor=before).take(1)] == ["said"]

    # Rights

    @pytest.mark.parametrize("has_cursor", [False, True])
    def test_who_may_not_is_refused_alike_and_told_the_topics_for_the_past_as_for_the_present(
            self, house, open_, rooms, private, has_cursor):
        house.porter.banned.add(("bea", private.partition(":")[2]))
        cursor = house.tell((private, "said", {})) if has_cursor else None
        for topics, user, status, named in [
                ([], "ada", 400, None), (["No topic"], "ada", 400, None), (["a" * 201], "ada", 400, None), ([*"abcdef"], "ada", 400, None),
                ([rooms[0], "cellar", "attic"], "bea", 404, ["attic", "cellar"]), ([private, rooms[0]], None, 401, [private]),
                ([private, rooms[0]], "bea", 403, [private])]:
            refused = open_(*topics, user=user, cursor=cursor)
            assert (refused.status, refused.problem["status"], refused.problem.get("topics")) == (status, status, named), topics
            assert refused.problem["detail"] and refused.headers["Content-Type"] == "application/problem+json"
        assert open_(private, user="ada", cursor=cursor).status in (200, 101)

    @pytest.mark.parametrize("how", ["banned", "gone", "revoked"])
    def test_it_ends_with_its_right_and_says_because_of_what(self, house, open_, rooms, private, how):
        user = f"user-{uuid.uuid4().hex}"
        listener, other = open_(private, rooms[0], user=user), open_(rooms[0], user=f"{user}-2")
        house.tell((private, "said", {}))
        listener.take(1)
        if how == "gone":
            house.porter.gone.add(user)
        else:
            house.porter.banned.add((user, private.partition(":")[2]))
        if how == "revoked":
            house.revoke(user)
        reason, topics = listener.end()
        assert reason == "revoked" and (topics == [private] or how != "banned" and self.way.IS_OPEN and not topics)
        house.tell((rooms[0], "said", {}))
        assert other.take(1)

    # Places, and a log that is away

    def test_a_user_who_has_all_that_one_may_have_is_told_to_come_later(self, open_, rooms):
        user = f"user-{uuid.uuid4().hex}"
        kept = [open_(rooms[0], way=Sse, user=user) for _ in range(PER_USER)]
        late = open_(rooms[0], user=user)
        if late.status == 200 and self.way.HOLDS_A_PLACE:       # a poll takes a place only while it waits
            late.position()
        assert late.status == (429 if self.way.HOLDS_A_PLACE else 200)
        assert not self.way.HOLDS_A_PLACE or 1 <= int(late.headers["Retry-After"]) <= 30
        assert all(one.status == 200 for one in kept)

    def test_a_log_that_does_not_answer_is_a_matter_of_a_while(self, house, open_, rooms):
        epoch, _, seq = house.cursor(house.last_seq).rpartition("-")
        self._rename(house, "event_log_head", "elsewhere")
        try:
            refused = open_(rooms[0], cursor=f"{epoch}-{int(seq) + 1}")
        finally:
            self._rename(house, "elsewhere", "event_log_head")
        assert refused.status == 503 and 1 <= int(refused.headers["Retry-After"]) <= 30 and refused.problem["status"] == 503

    @staticmethod
    def _rename(house, old, new):
        with house.engine.begin() as connection:
            connection.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))

    # The end

    def test_a_server_that_stops_says_farewell_and_loses_nothing(self, sqlite_template, tmp_path):
        with House(url_of(sqlite_template, tmp_path)) as house:
            with serving(house) as server:
                listener = self.way(server.addresses[0], "room:1")
                assert listener.farewell(house, server.stop) == ("shutdown" if self.way.HOLDS_A_PLACE else None)
                listener.close()
            seen = house.tell(("room:1", "said", {}))
            with serving(house) as server, closing(self.way(server.addresses[0], "room:1", cursor=listener.cursor)) as again:
                assert [event["id"] for event in again.take(1)] == [seen]
