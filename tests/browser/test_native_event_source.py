"""A page of somebody else's, with the browser's own EventSource and no line of our scripts."""
from tests.live.native import CONTROL, EVENT, SETTINGS, TOPIC, Told, assert_told, play

LISTEN = """([topic, types]) => {
    window.told = [];
    const source = new EventSource(`/events?topic=${topic}`);
    for (const type of types) source.addEventListener(type, ({lastEventId, data}) => window.told.push({type, id: lastEventId, data}));
}"""


class EventSource:
    """The client, as tests/live/native.py has others."""

    def __init__(self, page):
        self._page = page
        page.evaluate(LISTEN, [TOPIC, [EVENT, *CONTROL]])

    @property
    def told(self):
        return [Told(**each) for each in self._page.evaluate("() => window.told")]


def test_the_event_source_of_a_browser_is_told_of_each_event_once_though_the_server_stops_and_dies(start_server, migrated_sqlite, visit):
    server = start_server(migrated_sqlite, SETTINGS, factory="call:tests.live.board:main")
    client = EventSource(visit(server.url, "/page", may_fail=True).page)
    ids = play(server, [client])
    assert_told(client.told, ids)
