"""GET /events: what it answers, and what an open stream holds."""
import gc
import json
import threading

import pytest
from pyramid.events import NewResponse
from pyramid.response import Response

from tests.waiting import wait_until

from .shop import StreamShop, buy, ok, whisper


@pytest.fixture
def shop(migrated_sqlite):
    shop = StreamShop(migrated_sqlite, buy=buy, whisper=whisper)
    yield shop
    shop.close()


# A stream

def test_a_stream_is_an_event_stream_that_nobody_may_keep_or_buffer(shop):
    answer = shop.head("/events?topic=goods")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Accel-Buffering"] == "no"
    assert shop.registry.realtime.allowance.taken == 0


def test_the_first_frame_says_where_one_stands_and_the_build(shop):
    shop.post("/buy")
    with shop.stream("/events?topic=goods") as stream:
        (connected,) = stream.take(1, controls=True)
    assert connected.type == "connected" and connected.id == str(shop.registry.realtime.hub.cursor)
    assert json.loads(connected.data) == {"status": "connected", "heartbeat_s": 15, "build": shop.registry.realtime.build}


def test_a_stream_has_the_events_of_its_topics_with_their_ids(shop):
    with shop.stream("/events?topic=goods") as stream:
        shop.post("/buy")
        shop.post("/whisper")
        logged, transient = stream.take(2)
    assert logged.id.endswith("-1") and logged.type == "added" and json.loads(logged.data) == {"by": "/buy"}
    assert transient.id is None and transient.type == "ticked"


def test_a_client_that_comes_back_has_all_that_it_missed_once(shop):
    with shop.stream("/events?topic=goods") as stream:
        shop.post("/buy")
        (first,) = stream.take(1)
    for _ in range(3):
        shop.post("/buy")
    for how in ({"headers": {"Last-Event-ID": first.id}}, {"params": {"last_event_id": first.id}},
                {"headers": {"Last-Event-ID": first.id}, "params": {"last_event_id": "the header wins"}}):
        with shop.stream("/events?topic=goods", **how) as stream:
            shop.post("/whisper")
            assert [message.type for message in stream.take(5, controls=True)] == ["connected", "added", "added", "added", "ticked"]
        with shop.stream("/events?topic=goods", **how) as stream:
            assert stream.take(1, controls=True)[0].id == first.id


def test_a_page_that_is_ahead_of_this_process_is_not_reset(shop, migrated_sqlite):
    other = StreamShop(migrated_sqlite, buy=buy)
    with other.stream("/events?topic=goods"):
        shop.post("/buy")       # in another process, whose memory broker does not reach us
        head = str(shop.registry.realtime.log.head().cursor)
        with other.stream("/events?topic=goods", headers={"Last-Event-ID": head}) as stream:
            other.post("/buy")
            assert [message.type for message in stream.take(2, controls=True)] == ["connected", "added"]
    other.close()


def test_fragments_come_in_an_envelope(shop, migrated_sqlite, tmp_path):
    (tmp_path / "row.jinja2").write_text("<li id='good-1'>{{ item.by }}</li>")

    def with_fragments(config):
        config.include("pyramid_jinja2")
        config.add_jinja2_search_path(str(tmp_path))
        config.add_topic("shelf", fragments={"added": "row.jinja2", "removed": None, "broken": "missing.jinja2"})

    def act(request):
        for type_ in ("added", "removed", "other", "broken"):
            request.realtime.publish("shelf", type_, {"by": "<b>"}, key="good-1")
        return ok()
    shelf = StreamShop(migrated_sqlite, with_fragments, act=act)
    with shelf.stream("/events?topic=shelf&fragments=1") as stream, shelf.stream("/events?topic=shelf") as plain:
        shelf.post("/act")
        added, removed, other, broken = [json.loads(message.data) for message in stream.take(4)]
        assert json.loads(plain.take(1)[0].data) == {"by": "<b>"}
    common = {"topic": "shelf", "data": {"by": "<b>"}, "key": "good-1"}
    assert added == {**common, "type": "added", "html": "<li id='good-1'>&lt;b&gt;</li>"}
    assert removed == {**common, "type": "removed", "html": None}
    assert other == {**common, "type": "other"} and broken == {**common, "type": "broken"}
    assert shelf.registry.realtime.fragments.failed == 1
    shelf.close()


def test_a_renderer_that_gives_bytes_or_fails_keeps_no_event_from_anybody(migrated_sqlite):
    def with_renderers(config):
        config.add_renderer("bytes", lambda info: lambda value, system: b"<li>\xc3\xa9</li>")
        config.add_renderer("broken", lambda info: lambda value, system: b"\xff")
        config.add_topic("shelf", fragments={"added": "bytes", "broken": "broken"})

    def act(request):
        for type_ in ("broken", "added", "other"):
            request.realtime.publish("shelf", type_, {})
        return ok()
    shelf = StreamShop(migrated_sqlite, with_renderers, act=act)
    with shelf.stream("/events?topic=shelf&fragments=1") as stream:
        shelf.post("/act")
        broken, added, _ = [json.loads(message.data) for message in stream.take(3)]
    assert "html" not in broken and added["html"] == "<li>é</li>"
    shelf.close()


def test_one_event_to_a_hundred_streams_is_encoded_and_rendered_once(shop, migrated_sqlite, tmp_path):
    (tmp_path / "row.jinja2").write_text("{{ count() }}")
    rendered, encoded = [], []

    def with_fragments(config):
        config.include("pyramid_jinja2")
        config.add_jinja2_search_path(str(tmp_path))
        config.commit()
        config.get_jinja2_environment().globals["count"] = lambda: rendered.append(1) or "row"
        config.add_topic("shelf", fragments={"added": "row.jinja2"})

    def act(request):
        request.realtime.publish("shelf", "added", {})
        return ok()
    shelf = StreamShop(migrated_sqlite, with_fragments, act=act)
    for encoding in [shelf.registry.realtime.encoding(has_fragments=has_fragments) for has_fragments in (False, True)]:
        encode = encoding.event
        encoding.event = lambda event, encode=encode: encoded.append(1) or encode(event)
    streams = [shelf.stream(f"/events?topic=shelf&fragments={number % 2}") for number in range(100)]
    shelf.post("/act")
    for stream in streams:
        assert stream.take(1)[0].type == "added"
    assert len(rendered) == 1 and len(encoded) == 2
    for stream in streams:
        stream.close()
    shelf.close()


# What a stream holds

def test_a_stream_holds_no_connection_of_the_database(shop):
    checked_out = shop.engine.pool.checkedout
    with shop.stream("/events?topic=goods") as stream:
        assert checked_out() == 0
        shop.post("/buy")
        stream.take(1)
        assert checked_out() == 0
        wait_until(lambda: shop.registry.realtime.log._engine.pool.checkedout() == 0)       # the follow thread may be looking just now


def test_the_allowance_is_one_and_past_it_streams_are_refused_and_pages_are_not(shop):
    """On any WSGI server: what the view returns is an iterable that blocks, and gives its place back when it is closed."""
    allowed = {"myapp.threads": 5}
    open_ = [_open(shop, allowed) for _ in range(3)]
    answer = shop.get("/events?topic=goods", status=503, extra_environ=allowed)
    assert 1 <= int(answer.headers["Retry-After"]) <= 30 and answer.content_type == "application/problem+json"
    shop.post("/buy", status=200)
    assert shop.registry.realtime.hub.open_streams == 3
    open_[0].close()
    _open(shop, allowed).close()
    for app_iter in open_:
        app_iter.close()
        app_iter.close()
    assert shop.registry.realtime.hub.open_streams == 0 and shop.registry.realtime.allowance.taken == 0


def test_a_stream_on_a_thread_sends_what_comes_and_ends_with_a_farewell(shop):
    app_iter = _open(shop, {})
    assert b"event: connected" in next(app_iter)
    threading.Timer(0.05, shop.post, ["/buy"]).start()
    assert b"event: added" in next(app_iter)
    threading.Timer(0.05, shop.registry.realtime.hub.end_all, ["shutdown"]).start()
    assert next(app_iter) == b'event: closing\ndata: {"reason": "shutdown"}\n\n'
    with pytest.raises(StopIteration):
        next(app_iter)
    assert shop.registry.realtime.allowance.taken == 0 and shop.registry.realtime.hub.open_streams == 0


def test_a_client_that_has_gone_is_noticed_without_an_event(shop):
    app_iter = _open(shop, {"waitress.client_disconnected": lambda: True})
    next(app_iter)
    with pytest.raises(StopIteration):
        next(app_iter)
    assert shop.registry.realtime.allowance.taken == 0


def test_a_response_that_is_never_sent_holds_nothing(migrated_sqlite):
    def broken_tween(handler, registry):
        def tween(request):
            handler(request)
            raise KeyError("after the view")
        return tween

    def replacing_tween(handler, registry):
        def tween(request):
            handler(request)
            return Response("something else")
        return tween
    tweens = {"broken": broken_tween, "replacing": replacing_tween}
    for name, tween in tweens.items():
        globals()[name] = tween
        shop = StreamShop(migrated_sqlite, lambda config, name=name: config.add_tween(f"{__name__}.{name}"))
        try:
            shop.get("/events?topic=goods")
        except KeyError:
            assert name == "broken"
        assert shop.registry.realtime.allowance.taken == 0 and shop.registry.realtime.hub.open_streams == 0
        shop.close()


def test_a_response_that_is_made_and_not_sent_holds_nothing(migrated_sqlite):
    def fail(event):
        raise KeyError("after the response was made")
    shop = StreamShop(migrated_sqlite, lambda config: config.add_subscriber(fail, NewResponse))
    for _ in range(3):
        with pytest.raises(KeyError):
            shop.get("/events?topic=goods")
    gc.collect()
    shop.registry.realtime.hub.tick(0.0)
    assert shop.registry.realtime.allowance.taken == 0 and shop.registry.realtime.hub.open_streams == 0
    shop.close()


def _open(shop, environ):
    """Ask as a WSGI server does; returns the app_iter, not yet iterated."""
    from webob import Request
    started = []
    request = Request.blank("/events?topic=goods", environ=environ)
    app_iter = shop.app(request.environ, lambda status, headers: started.append(status))
    assert started == ["200 OK"]
    return app_iter
