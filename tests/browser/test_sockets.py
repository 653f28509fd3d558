"""Pages that are told to prefer WebSockets: by one where the server carries any, else by a stream."""
import secrets

from playwright.sync_api import expect

from tests.live.api import Api

from .test_polls import KEEP_STATES

SOCKETS_FIRST = {"realtime.transports": "websocket sse longpoll poll"}


def test_a_page_has_its_events_by_a_websocket_and_misses_none_while_the_server_is_away(start_server, migrated_sqlite, visit):
    server, name = start_server(migrated_sqlite, SOCKETS_FIRST), f"Ada {secrets.token_hex(4)}"
    person = visit(server.url, may_fail=True).is_connected("WebSocket")
    Api(server.address).create(name)
    expect(person.row(name)).to_have_count(1)
    assert Api(server.address).ask("GET", "/api/stats").json["streams"] == 1
    server.kill()
    person.is_disconnected()
    server.start()
    Api(server.address).create(f"{name} II")
    person.is_connected("WebSocket")
    expect(person.row(f"{name} II")).to_have_count(1)
    assert [each for each in person.names() if each.startswith(name)] == [f"{name} II", name]


def test_where_the_server_carries_no_websocket_a_page_has_a_stream_at_once(start_server, migrated_sqlite, visit):
    server = start_server(migrated_sqlite, SOCKETS_FIRST, runner="egg:waitress#main")
    person = visit(server.url, "/account")
    person.page.add_init_script(KEEP_STATES)
    person.page.goto(f"{server.url}/users")
    person.is_connected()
    assert person.page.evaluate("() => window.states") == ["connecting", "sse"]
