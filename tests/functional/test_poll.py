"""GET /events/poll: what it answers, page by page, and that it misses nothing, tells nothing twice and holds nothing."""
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from myapp import realtime
from myapp.realtime.core.window import PAGE
from tests.waiting import wait_until

from .shop import StreamShop, ok, say

GOODS = "/events/poll?topic=goods"
WRITERS, EACH = 3, 40


class PollShop(StreamShop):
    """The shop, and polls and streams of it."""

    def poll(self, cursor=None, url=GOODS, **options):
        headers = {"Last-Event-ID": cursor} if cursor else {}
        return self.get(url, headers=headers, **options).json

    def publish(self, count=1, topic="goods", size=0):
        with realtime.session(self.registry) as rt:
            for number in range(count):
                rt.publish(topic, "added", {"number": number, "text": "x" * size}, key=f"good-{number}")

    def catch_up(self):
        """Wait until this process knows of all that is committed; returns where that is."""
        head = self.registry.realtime.log.head().cursor
        wait_until(lambda: self.registry.realtime.hub.cursor == head)
        return str(head)


def buy(request):
    say(request, "added", key="good-1")
    say(request, "ticked", transient=True)
    return ok()


@pytest.fixture
def make_shop(migrated_sqlite):
    shops = []

    def make(configure=None, url=migrated_sqlite, **options):
        shops.append(PollShop(url, lambda config: (config.add_topic("other"), configure and configure(config)), buy=buy, **options))
        return shops[-1]
    yield make
    for shop in shops:
        shop.close()


@pytest.fixture
def shop(make_shop):
    return make_shop()


def seqs(events):
    return [int(event["id"].rpartition("-")[2]) for event in events]


def moved(cursor, by):
    epoch, _, seq = cursor.rpartition("-")
    return f"{epoch}-{int(seq) + by}"


# An answer

def test_without_a_cursor_it_says_where_one_stands_and_the_build(shop):
    shop.publish()
    answer = shop.get(GOODS)
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {"cursor": shop.catch_up(), "build": shop.registry.realtime.build, "reset": None, "more": False, "events": []}


def test_it_tells_what_is_new_of_its_topics_and_nothing_that_is_transient(shop):
    start = shop.poll()["cursor"]
    shop.post("/buy")
    shop.publish(topic="other")
    head = shop.catch_up()
    event = {"id": moved(start, 1), "topic": "goods", "type": "added", "data": {"by": "/buy"}, "key": "good-1"}
    said = {"cursor": head, "build": shop.registry.realtime.build, "reset": None, "more": False, "events": [event]}
    assert shop.poll(start) == shop.poll(url=f"{GOODS}&last_event_id={start}") == said
    assert shop.poll(start, url=f"{GOODS}&last_event_id=the-header-wins") == said
    assert shop.poll(moved(start, 1)) == shop.poll(head) == {**said, "events": []}


def test_an_event_is_encoded_once_for_all_who_poll(shop):
    encoding, encoded = shop.registry.realtime.poll_encoding(has_fragments=False), []
    start, encode = shop.poll()["cursor"], encoding.event
    encoding.event = lambda event: encoded.append(event.seq) or encode(event)
    shop.publish(3)
    head = shop.catch_up()
    assert [shop.poll(start), shop.poll(moved(start, 1))] and shop.poll(start)["cursor"] == head
    assert encoded == [1, 2, 3]


def test_fragments_come_with_the_events_for_those_who_ask(make_shop, tmp_path):
    (tmp_path / "row.jinja2").write_text("<li id='good-1'>{{ item.by }}</li>")

    def with_fragments(config):
        config.include("pyramid_jinja2")
        config.add_jinja2_search_path(str(tmp_path))
        config.add_topic("shelf", fragments={"added": "row.jinja2", "removed": None, "broken": "missing.jinja2"})
    shelf = make_shop(with_fragments)
    start = shelf.poll()["cursor"]
    with realtime.session(shelf.registry) as rt:
        for type_ in ("added", "removed", "other", "broken"):
            rt.publish("shelf", type_, {"by": "<b>\u2028é"}, key="good-1")
    shelf.catch_up()
    plain = shelf.poll(start, "/events/poll?topic=shelf&fragments=0")["events"]
    events = shelf.poll(start, "/events/poll?topic=shelf&fragments=1")["events"]
    assert [event.get("html", "none") for event in events] == ["<li id='good-1'>&lt;b&gt;\u2028é</li>", None, "none", "none"]
    assert [{**event, "html": 0} for event in events] == [{**event, "html": 0} for event in plain]
    assert not any("html" in event for event in plain) and plain[0]["data"] == {"by": "<b>\u2028é"}


def test_an_answer_is_a_page_and_says_that_there_is_more(shop):
    start = cursor = shop.poll()["cursor"]
    for topic, count in ("goods", 300), ("other", 600), ("goods", 1), ("other", 100):
        shop.publish(count, topic)
    head, told, sizes, more = shop.catch_up(), [], [], True
    while more:
        answer = shop.poll(cursor)
        cursor, more, told = answer["cursor"], answer["more"], told + seqs(answer["events"])
        sizes.append(len(answer["events"]))
        assert not told or int(cursor.rpartition("-")[2]) >= told[-1]
    assert told == [*range(1, 301), 901] and max(sizes) == PAGE and cursor == head
    assert seqs(shop.poll(moved(start, 300))["events"]) == [901]      # pages without an event of one's own are no answer


@pytest.mark.parametrize(("text", "status"), [
    ("0", 200), ("25", 200), ("2.5", 200), ("25.001", 400), ("26", 400), ("-1", 400), ("", 400), ("1e1", 400), ("\u0661", 400),
    ("nan", 400), ("99999999999", 400)])
def test_a_wait_is_a_number_of_seconds_up_to_25(shop, text, status):
    assert shop.get(GOODS, params={"wait": text, "topic": "goods"}, status=status)


# What cannot be gone on from

@pytest.mark.parametrize(("settings", "size"), [({"realtime.replay_limit": "10"}, 0), ({"realtime.replay_bytes": "64KiB"}, 60_000)])
def test_who_has_missed_too_much_starts_over(make_shop, settings, size):
    shop = make_shop(**settings)
    start = shop.poll()["cursor"]
    with shop.stream("/events?topic=other"):        # resets are spread over what the pages that are open will ask for
        shop.publish(11, size=size)
        head = shop.catch_up()
        answer = shop.poll(start)
    assert answer["reset"] == {"reason": "expired", "spread_ms": 5} and answer["cursor"] == head
    assert seqs(shop.poll(moved(head, -1))["events"]) == [11]


def test_who_has_missed_what_was_pruned_starts_over(make_shop):
    shop = make_shop(**{"realtime.retention_rows": "2"})
    start = shop.poll()["cursor"]
    shop.publish(5)
    shop.catch_up()
    shop.registry.realtime.prune()
    wait_until(lambda: shop.poll(start)["reset"])
    assert shop.poll(start)["reset"]["reason"] == "expired" and seqs(shop.poll(moved(start, 3))["events"]) == [4, 5]


def test_a_log_that_does_not_answer_is_a_matter_of_a_while(shop, make_shop, migrated_sqlite):
    ahead = moved(shop.poll()["cursor"], 1)
    with sa.create_engine(migrated_sqlite).connect() as connection:
        connection.execute(sa.text("ALTER TABLE event_log_head RENAME TO elsewhere"))
        connection.commit()
    refusal = shop.get(GOODS, headers={"Last-Event-ID": ahead}, status=503)
    assert 1 <= int(refusal.headers["Retry-After"]) <= 30


# Nothing missed, nothing twice

def test_whoever_asks_again_and_again_has_every_event_once_and_in_order_while_others_write(make_shop, migrated):
    """Of its own process and of another one; now by a poll, now by a stream, with one cursor."""
    here, there = make_shop(url=migrated), make_shop(url=migrated)
    cursor, told, turn = here.poll()["cursor"], [], 0

    def write(number):
        for _ in range(EACH):
            (here, there)[number % 2].publish(topic="other")
            (here, there)[number % 2].publish(2)
    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, number) for number in range(WRITERS)]
        while len(told) < WRITERS * EACH * 2 or not all(one.done() for one in writing):
            turn += 1
            if turn % 7:
                answer = (here, there)[turn % 2].poll(cursor)
                assert answer["reset"] is None
                events, cursor = seqs(answer["events"]), answer["cursor"]
            else:
                cursor, events = stream_a_while(here, cursor, len(told) < WRITERS * EACH * 2)
            told += events
        for one in writing:
            one.result()
    wanted = here.rows("SELECT seq FROM event_log WHERE topic = 'goods' ORDER BY seq")
    assert told == [seq for seq, in wanted] and len(told) == WRITERS * EACH * 2


def stream_a_while(shop, cursor, is_some_left):
    """Return (the cursor afterwards, the seqs of what a stream tells)."""
    with shop.stream("/events?topic=goods", headers={"Last-Event-ID": cursor}) as stream:
        messages = stream.take(1, timeout=10) if is_some_left else []
    return messages[-1].id if messages else cursor, [int(message.id.rpartition("-")[2]) for message in messages]


def test_a_page_that_is_ahead_of_this_process_is_waited_for(make_shop, migrated):
    here, there = make_shop(url=migrated), make_shop(url=migrated)
    there.poll()
    for _ in range(5):
        here.publish()      # of which no broker tells the other process
        head = str(here.registry.realtime.log.head().cursor)
        answer = there.poll(head)
        assert answer["reset"] is None and answer["cursor"] == head and answer["events"] == []


# What it holds and costs

def test_a_poll_holds_nothing_afterwards(shop):
    start = shop.poll()["cursor"]
    shop.publish(3)
    shop.catch_up()
    assert len(shop.poll(start)["events"]) == 3
    runtime = shop.registry.realtime
    assert shop.engine.pool.checkedout() == runtime.log._engine.pool.checkedout() == 0
    assert runtime.hub.open_streams == runtime.allowance.taken == runtime.hub._runs.pending == len(runtime.hub._feeds) == 0


@pytest.fixture
def statements():
    """The SQL of this thread so far: others follow the log meanwhile."""
    texts, mine = [], threading.get_ident()

    def note(connection, cursor, text, *rest):
        if threading.get_ident() == mine:
            texts.append(text)
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield texts
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_a_poll_costs_no_sql_but_of_what_is_no_more_in_memory(shop, statements):
    start = shop.poll()["cursor"]
    shop.publish(3)
    shop.catch_up()
    statements.clear()
    assert len(shop.poll(start)["events"]) == 3 and shop.poll(moved(start, 3))["events"] == [] and shop.poll()["events"] == []
    assert statements == []


def test_a_signed_in_poll_asks_who_it_is_and_no_more(visitor, statements):
    browser = visitor.signed_in(2)
    cursor = browser.get("/events/poll?topic=users").json["cursor"]
    statements.clear()
    assert browser.get("/events/poll?topic=users", headers={"Last-Event-ID": cursor}).json["events"] == []
    assert sum("credentials" in text for text in statements) == 1 and not [text for text in statements if "event_log" in text]


def test_data_are_told_as_they_were_published(shop):
    start, data = shop.poll()["cursor"], {"text": "\"\\\n\u2028\u0000\U0001f600é</script>", "deep": [[{"a": None}]], "n": 1.5}
    with realtime.session(shop.registry) as rt:
        rt.publish("goods", "added", data)
        rt.publish("goods", "added", {"half": "\ud800"})
    shop.catch_up()
    answer = shop.get(GOODS, headers={"Last-Event-ID": start})
    first, second = json.loads(answer.body)["events"]
    assert first["data"] == data and second["data"] == {"half": "\ud800"} and "key" not in first
