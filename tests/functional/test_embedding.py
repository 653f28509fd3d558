"""The add-on in somebody else's application: a session of its own under another name, its own policy, any WSGI server."""
import http.client
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import sqlalchemy as sa
import zope.sqlalchemy
from pyramid.config import Configurator
from pyramid.response import Response
from sqlalchemy.orm import sessionmaker

from myapp import realtime
from myapp.realtime.log import metadata
from myapp.realtime.testing import TestApp


@pytest.fixture
def engine(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path}/shop.sqlite")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def make_app(engine, **settings):
    maker = sessionmaker(engine)

    def db(request):
        session = maker()
        zope.sqlalchemy.register(session, transaction_manager=request.tm)
        request.add_finished_callback(lambda request: session.close())
        return session

    def pay(request):
        request.realtime.publish("orders", "order_paid", {"id": 7})
        return Response("ok")
    with Configurator(settings={"realtime.session": "db", "tm.manager_hook": "pyramid_tm.explicit_manager", **settings}) as config:
        config.include("pyramid_tm")
        config.include("myapp.realtime")
        config.add_request_method(db, reify=True)
        config.add_topic("orders")
        config.add_route("pay", "/pay")
        config.add_view(pay, route_name="pay")
    return config.make_wsgi_app()


@pytest.fixture
def app(engine):
    app = make_app(engine)
    yield app
    app.registry.realtime.close()


def test_three_lines_make_an_application_live(app):
    testapp = TestApp(app)
    with testapp.stream("/events?topic=orders") as stream:
        testapp.post("/pay")
        (message,) = stream.take(1)
    assert message.type == "order_paid" and message.data == '{"id": 7}'


def test_including_it_starts_nothing(engine):
    opened, before = [], threading.active_count()
    sa.event.listen(engine, "connect", lambda *args: opened.append(1))
    make_app(engine)
    assert not opened and threading.active_count() == before


def test_a_script_publishes_too(app):
    testapp = TestApp(app)
    with testapp.stream("/events?topic=orders") as stream:
        with realtime.session(app.registry) as rt:
            rt.publish("orders", "order_paid", {"id": 8})
        assert stream.take(1)[0].data == '{"id": 8}'


def test_its_modules_are_served_and_its_parts_can_be_inspected(app):
    (topic,) = app.registry.introspector.get_category("realtime topics")
    assert topic["introspectable"]["topic"].pattern == "orders"
    testapp, build = TestApp(app), app.registry.realtime.build
    answer = testapp.get(f"/realtime/{build}/page.js")
    assert "immutable" in answer.headers["Cache-Control"] and "javascript" in answer.content_type
    assert testapp.get("/realtime/another-build/page.js").headers["Cache-Control"] == "no-store"
    for path in ("..%2f__init__.py", "%2e%2e/__init__.py", "nothing.js", "%00", "//etc/passwd", "page.js/.."):
        assert testapp.get(f"/realtime/{build}/{path}", expect_errors=True).status_int == 404


@pytest.mark.parametrize(("settings", "part"), [
    ({"realtime.broker": "carrier-pigeon://"}, "carrier-pigeon"), ({"realtime.hart_beat": "1s"}, "did you mean 'realtime.heartbeat'"),
    ({"realtime.session": "dbsesion"}, "requests have no such attribute"), ({"realtime.tape": "64KiB"}, "realtime.max_event"),
    ({"realtime.transports": "sse longpol"}, "'longpol' is none (did you mean 'longpoll'?)"),
    ({"realtime.transports": "poll sse poll"}, "poll is there 2 times")])
def test_what_is_wrong_with_its_settings_stops_the_start(engine, settings, part):
    with pytest.raises(realtime.StartUpError) as caught:
        make_app(engine, **settings)
    assert part in str(caught.value)


def test_an_application_without_transactions_is_told_what_it_lacks(engine):
    def view(request):
        request.realtime.publish("orders", "order_paid", {})
    with Configurator() as config:
        config.include("myapp.realtime")
        config.add_request_method(lambda request: sessionmaker(engine)(), "dbsession", reify=True)
        config.add_topic("orders")
        config.add_route("pay", "/pay")
        config.add_view(view, route_name="pay")
    with pytest.raises(realtime.NotSetUp, match="pyramid_tm"):
        TestApp(config.make_wsgi_app()).post("/pay")


def test_any_wsgi_server_streams(app):
    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args):
            pass
    server = make_server("127.0.0.1", 0, app, Server, Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    streams = [http.client.HTTPConnection(*server.server_address, timeout=5) for _ in range(3)]
    answers = []
    for stream in streams:
        stream.request("GET", "/events?topic=orders")
        answers.append(stream.getresponse())
    assert [answer.status for answer in answers] == [200, 200, 503], "streams may hold two threads of a server that says nothing"
    TestApp(app).post("/pay")
    for answer in answers[:2]:
        read = b""
        while b"order_paid" not in read:
            read += answer.readline()
    app.registry.realtime.hub.end_all("shutdown")
    assert all(b"event: closing" in answer.read() for answer in answers[:2])
    for stream in streams:
        stream.close()
    server.shutdown()
    server.server_close()
    assert app.registry.realtime.allowance.taken == 0
