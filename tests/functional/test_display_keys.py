"""The key of a display: it reads the topics of the display's panels, by GET, for the display's own page, and nothing else."""
import pytest
import sqlalchemy as sa
from pyramid.interfaces import ISecurityPolicy

from myapp.realtime import session, viewer_name

PANELS = [{"kind": "users"}, {"kind": "channel", "channel": "general"}, {"kind": "metric", "metric": "load"}, {"kind": "clock"}]
READ = ("display:lobby", "users", "updates:general", "metric:load")
NOT_READ = ("rows", "channels", "displays", "display:other", "metric:other", "updates:other", "user:1", "monitor", "broker")


@pytest.fixture
def admin(visitor):
    """A program of the admin's: its headers."""
    return visitor.bearer(1)


@pytest.fixture
def screen(visitor, admin):
    """The browser of the display `lobby`, with its key in the cookie; nobody is signed in there."""
    for name in ("general", "other"):
        visitor.post_json("/api/channels", {"name": name}, headers=admin, status=201)
    for slug in ("lobby", "other"):
        visitor.post_json("/api/displays", {"slug": slug, "panels": PANELS if slug == "lobby" else []}, headers=admin, status=201)
    screen = visitor.elsewhere()
    screen.set_cookie("display", make_key(visitor, admin))
    return screen


def make_key(visitor, admin):
    return visitor.post_json("/api/displays/lobby/key", {}, headers=admin, status=201).json["key"]


def test_a_key_reads_the_topics_of_the_panels_and_no_other(screen):
    screen.head("/events?" + "&".join(f"topic={topic}" for topic in READ), status=200)
    for topic in NOT_READ:
        for ask in (screen.head, screen.get):
            ask(f"/events/poll?topic={topic}", status=(401, 403, 404))


def test_a_key_opens_no_page_of_a_person_and_changes_nothing(screen):
    before = screen.everything()
    for path in ("/users", "/displays", "/api/users", "/api/me", "/api/displays", "/api/displays/lobby", "/displays/other"):
        assert screen.get(path, status="*").status_int in (401, 404), path
    token = screen.token()
    for path, body in (("/api/rows", {"value": 1}), ("/api/displays/lobby/key", {}), ("/api/topics/metric:load/events", {})):
        screen.post_json(path, body, headers={"X-CSRF-Token": token}, status=401)
    assert screen.everything() == before


def test_what_the_display_shows_no_more_it_may_not_read_any_more(visitor, admin, screen):
    visitor.put_json("/api/displays/lobby", {"panels": PANELS[:1]}, headers=admin)
    screen.head("/events?topic=users", status=200)
    screen.head("/events?topic=updates:general", status=403)
    visitor.put_json("/api/displays/lobby", {"panels": PANELS}, headers=admin)
    visitor.put_json("/api/channels/general", {"visibility": "private"}, headers=admin)
    screen.head("/events?topic=updates:general", status=403)


def test_a_key_that_was_taken_away_or_replaced_opens_nothing_and_its_streams_end_on_every_process(visitor, admin, screen):
    make_key(visitor, admin)
    screen.head("/events?topic=users", status=401)
    screen.set_cookie("display", make_key(visitor, admin))
    screen.head("/events?topic=users", status=200)
    visitor.delete("/api/displays/lobby/key", headers=admin, status=204)
    screen.head("/events?topic=users", status=401)
    revoked = [event[3] for event in visitor.events() if event[1] == "revoke"]
    assert revoked == [{"session": f"display:1:{number}"} for number in (1, 2, 3)]


def test_beside_a_person_who_is_signed_in_each_page_is_answered_for_whom_it_was_made(visitor, admin, screen):
    """The sign-in is that of a member, who may see the rows; the display may not."""
    screen.set_cookie("session", visitor.give(2, "session"))
    [(key_hash,)] = visitor.rows("SELECT key_hash FROM displays WHERE slug = 'lobby'")
    viewer = viewer_name(f"None display:1:1 {key_hash}")
    screen.head(f"/events?topic=users&viewer={viewer}", status=200)
    screen.head(f"/events?topic=rows&viewer={viewer}", status=403)
    screen.head("/events?topic=rows", status=200)
    assert screen.get("/api/me").json["id"] == 2
    screen.head(f"/events?topic=users&viewer={'0' * 32}", status=401)
    visitor.delete("/api/displays/lobby/key", headers=admin, status=204)
    screen.head(f"/events?topic=users&viewer={viewer}", status=401)     # and not with the rights of the member


def test_a_wrong_key_is_nobodys(visitor, screen):
    before = visitor.everything()
    for key in ("", "A", "A" * 43, "' OR 1=1 --", '"' + "A" * 43 + '"', "%00"):
        visitor.get("/events/poll?topic=users", headers={"Cookie": f"display={key}"}, status=401)
    assert visitor.everything() == before


def test_only_a_hash_of_the_key_is_stored(visitor, admin, screen):
    key = make_key(visitor, admin)
    assert not any(key in str(row) for table in visitor.everything() for row in table)


def test_that_a_display_is_seen_is_written_at_most_once_a_minute_by_streams_and_polls(visitor, screen):
    def seen():
        return visitor.rows("SELECT seen FROM displays WHERE slug = 'lobby'")[0][0]
    assert seen() is None
    screen.head("/events?topic=users", status=200)
    first = seen()
    screen.get("/events/poll?topic=users", status=200)
    assert first is not None and seen() == first
    visitor.execute("UPDATE displays SET seen = '2026-01-01 00:00:00.000000'")
    screen.get("/events/poll?topic=users", status=200)
    assert seen() >= first


def test_the_sweep_of_open_streams_finds_displays_by_one_more_statement_and_writes_down_that_they_are_there(visitor, screen):
    policy, statements = visitor.registry.getUtility(ISecurityPolicy), []
    with session(visitor.registry) as rt:
        engine = rt.request.dbsession.connection().engine
        sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        found = policy.identities(rt.request, {"display:1:1", "display:1:2", "display:77:1", "display:2:0"})
        assert len(statements) == 1
        context = visitor.registry.realtime.topics.context(rt.request, "display:lobby")
        assert len(statements) == 1 and policy.identity_permits(found["display:1:1"], context, "view")
    assert found.keys() == {"display:1:1"}
    assert visitor.rows("SELECT slug FROM displays WHERE seen IS NOT NULL") == [("lobby",)]
