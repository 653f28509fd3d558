"""@event_source: a view's own stream is a proper one, within the allowance."""
import threading

import pytest
from pyramid.response import Response
from pyramid.view import view_config

from myapp.realtime import ServerSentEvent, event_source

from .shop import Shop, ok


@event_source()
def progress(request):
    for percent in (0, 100):
        yield {"percent": percent}


@event_source()
def with_context(context, request):
    return [ServerSentEvent(data="a\nb\r\nc\rd", event="note", id="7", retry_ms=1000, comment="hello"), "text", [1, None]]


@event_source()
def with_response(request):
    return Response(status=202, headers={"X-Own": "yes"}, app_iter=(ServerSentEvent(data=number) for number in range(2)))


@event_source()
def broken(request):
    yield {"ok": True}
    raise KeyError("secret")


@event_source()
def refusing(request):
    raise ValueError("before it began")


@event_source()
def forgetful(request):
    pass


@event_source()
def elsewhere(request):
    return Response("not now", status=409)


@event_source()
def one_dict(request):
    return {"percent": 1}


class Views:
    def __init__(self, request):
        self.request = request

    @view_config(route_name="method")
    @event_source()
    def method(self):
        yield {"path": self.request.path}


@pytest.fixture
def shop(migrated_sqlite):
    def configure(config):
        config.add_route("method", "/method")
        config.add_view(Views, attr="method", route_name="method")
    views = {"progress": progress, "context": with_context, "response": with_response, "broken": broken, "refusing": refusing,
             "forgetful": forgetful, "elsewhere": elsewhere, "dict": one_dict, "page": lambda request: ok()}
    shop = Shop(migrated_sqlite, configure, **views)
    yield shop
    assert shop.registry.realtime.allowance.taken == 0
    shop.close()


def test_what_a_view_yields_becomes_the_data(shop):
    answer = shop.get("/progress")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8" and answer.headers["Cache-Control"] == "no-store"
    assert answer.body == b'data: {"percent": 0}\n\ndata: {"percent": 100}\n\n'


def test_every_field_is_written_so_that_a_parser_reads_it_back(shop):
    assert shop.get("/context").body == (
        b": hello\nid: 7\nevent: note\nretry: 1000\ndata: a\ndata: b\ndata: c\ndata: d\n\ndata: text\n\ndata: [1, null]\n\n")


def test_a_response_keeps_its_status_and_headers(shop):
    answer = shop.get("/response")
    assert answer.status_int == 202 and answer.headers["X-Own"] == "yes" and answer.body == b"data: 0\n\ndata: 1\n\n"
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"


def test_a_method_of_a_view_class_can_be_one(shop):
    assert shop.get("/method").body == b'data: {"path": "/method"}\n\n'


def test_a_view_that_breaks_ends_its_stream_and_is_logged(shop, caplog):
    assert shop.get("/broken").body == b'data: {"ok": true}\n\n'
    assert "@event_source" in caplog.text


def test_a_view_that_never_begins_gives_its_place_back(shop):
    with pytest.raises(ValueError, match="before it began"):
        shop.get("/refusing")


def test_a_view_that_refuses_is_answered_as_it_says(shop):
    answer = shop.get("/elsewhere", status=409)
    assert answer.text == "not now" and answer.content_type == "text/html"


@pytest.mark.parametrize("name", ["forgetful", "dict"])
def test_a_view_that_gives_no_events_is_told_so(shop, name):
    with pytest.raises(TypeError, match="must yield events"):
        shop.get(f"/{name}")


def test_head_runs_nothing(shop):
    assert shop.head("/refusing").headers["Content-Type"] == "text/event-stream; charset=utf-8"


def test_it_takes_a_place_of_the_allowance_of_all_streams(shop):
    places = [shop.registry.realtime.allowance.take({}) for _ in range(2)]
    answer = shop.get("/progress", status=503)
    assert answer.headers["Retry-After"]
    shop.get("/page", status=200)
    for place in (*places, *places):
        place.give_back()
    shop.get("/progress", status=200)


@pytest.mark.parametrize("fields", [{"event": "a\nb"}, {"event": "a\rb"}, {"id": "1\0"}, {"id": "1\r\n"}])
def test_a_field_that_would_become_another_field_is_refused(fields):
    with pytest.raises(ValueError, match="line end"):
        ServerSentEvent(**fields)


def test_a_closed_stream_closes_the_views_generator(migrated_sqlite):
    closed = threading.Event()

    @event_source()
    def endless(request):
        try:
            while True:
                yield {}
        finally:
            closed.set()
    shop = Shop(migrated_sqlite, endless=endless)
    app_iter = shop.app({"REQUEST_METHOD": "GET", "PATH_INFO": "/endless", "wsgi.url_scheme": "http", "SERVER_NAME": "x",
                         "SERVER_PORT": "80", "SCRIPT_NAME": ""}, lambda status, headers: None)
    next(app_iter)
    app_iter.close()
    assert closed.is_set() and shop.registry.realtime.allowance.taken == 0
    shop.close()
