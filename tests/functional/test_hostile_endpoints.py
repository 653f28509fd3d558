"""Hostile bytes on every endpoint that the configuration knows: on each field, parameter and part of a path, of those added later too."""
import json
import re
from itertools import cycle
from urllib.parse import quote

import pytest

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PLACEHOLDER = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^}]*\})*)?\}")

# What each endpoint that changes something takes: a valid value of each field, None where it is better left out. One that is not
# here fails the first test, so that whoever adds it says what hostile values are to be tried on.
TAKES = {
    "POST /api/users": {"name": "Bob", "email": "bob@example.org", "role": None, "password": None},
    "PUT /api/users/{id}": {"name": "Bob", "email": None, "role": None, "password": None, "version": None},
    "DELETE /api/users/{id}": {},
    "POST /api/channels": {"name": "more", "title": "More", "kind": "discussion", "visibility": "public"},
    "PUT /api/channels/{channel}": {"name": None, "title": "Changed", "kind": None, "visibility": None, "version": None},
    "DELETE /api/channels/{channel}": {},
    "PUT /api/channels/{channel}/members/{id}": {},
    "DELETE /api/channels/{channel}/members/{id}": {},
    "POST /api/rows": {"value": 5},
    "PUT /api/rows/{id}": {"a": 6, "b": None, "version": None},
    "DELETE /api/rows/{id}": {},
    "POST /api/updates": {"channel": "general", "text": "Hello", "title": None, "level": "info"},
    "DELETE /api/updates/{id}": {},
    "POST /api/topics/{topic}/events": {"type": "value", "data": {"value": 1}, "key": None, "transient": None},
    "POST /api/displays": {"slug": "hall", "name": "Hall", "panels": [{"kind": "text", "text": "Hello"}]},
    "PUT /api/displays/{slug}": {"name": "Lobby", "panels": [{"kind": "metric", "metric": "load"}], "slug": None, "version": None},
    "POST /api/displays/{slug}/key": {},
    "DELETE /api/displays/{slug}/key": {},
    "POST /api/displays/{slug}/commands": {"command": "identify"},
    "DELETE /api/displays/{slug}": {},
    "POST /displays/new": {"slug": "hall", "name": "", "csrf_token": None},
    "POST /displays/{slug}/edit": {"act": "add", "kind": "text", "text": "Hello", "place": "1", "channel": None, "metric": None,
                                   "name": None, "version": None},
    "POST /displays/{slug}/key": {"act": "make", "csrf_token": None},
    "POST /displays/{slug}/commands": {"command": "identify", "csrf_token": None},
    "POST /displays/{slug}/delete": {"csrf_token": None},
    "POST /api/tokens": {"name": "mine", "scopes": ["read:*"], "username": None, "password": None},
    "DELETE /api/tokens/{id}": {},
    "DELETE /api/tokens/current": {},
    "DELETE /api/sessions/{id}": {},
    "POST /users/new": {"name": "Bob", "email": "bob@example.org", "role": "member", "password": "", "csrf_token": None},
    "POST /users/{id}/edit": {"name": "Bob", "email": "bob@example.org", "role": "member", "password": "", "version": None},
    "POST /users/{id}/meanwhile": {"name": "Bob", "email": "bob@example.org", "role": "member", "password": "", "version": None},
    "POST /users/{id}/delete": {"csrf_token": None},
    "POST /rows/new": {"value": "5", "csrf_token": None},
    "POST /rows/{id}/edit": {"a": "5", "b": "6", "version": None},
    "POST /rows/{id}/delete": {"csrf_token": None},
    "POST /updates/new": {"channel": "general", "title": "", "text": "Hello", "level": "info", "csrf_token": None},
    "POST /updates/{id}/delete": {"csrf_token": None},
    "POST /updates/read": {"update_id": "1", "csrf_token": None},
    "POST /updates/{channel}/read": {"update_id": "2", "csrf_token": None},
    "POST /channels/new": {"name": "again", "title": "", "kind": "discussion", "visibility": "private", "csrf_token": None},
    "POST /channels/{channel}/edit": {"title": "General", "kind": "discussion", "visibility": "private", "version": None},
    "POST /channels/{channel}/members": {"user": "Ada", "csrf_token": None},
    "POST /channels/{channel}/members/{id}/remove": {"csrf_token": None},
    "POST /channels/{channel}/delete": {"csrf_token": None},
    "POST /login": {"username": "nobody", "password": "", "next": "/users", "csrf_token": None},
    "POST /logout": {"csrf_token": None},
    "POST /account/password": {"present": "", "password": "", "csrf_token": None},
    "POST /account/tokens": {"name": "mine", "scopes": "read:*", "csrf_token": None},
    "POST /account/credentials/{id}/end": {"csrf_token": None},
    "POST /account/sessions/end": {"csrf_token": None},
}
PARTS = {"id": "2", "channel": "general", "topic": "metric:load", "build": "x", "slug": "lobby", "name": "load"}    # of a path
PARAMETERS = ["limit", "offset", "since", "before", "channel", "topic", "last_event_id", "fragments", "wait", "viewer", "next", "done",
              "key", "panel", "q", "sort"]      # their number and that of SQL have no common factor

SQL = ["'; DROP TABLE users; --", "' OR '1'='1", '"', "1 UNION SELECT password_hash FROM users", "%(name)s", "1' OR 1=1 --",
       "1; DELETE FROM users", "1) OR (1=1", "%' AND '%'='", "admin'/*", "\\'; --", "$$", ":name", "?", "NULL", "0x31", "1e1", "-1",
       "9" * 30, "CURRENT_USER", "'"]
TEXTS = ["a\rb", "a\r\nSet-Cookie: x=y", "\0", "a\0b", "a\u2028b", "\u202ea", "\x1b[2J", *SQL[:3]]
VALUES = [      # JSON, as it is sent
    *(json.dumps(text) for text in TEXTS), r'"\ud800"', r'"a\udfffb"', '"\u2028"', json.dumps("x" * 200_000), "9" * 50_000, "1e400", "NaN",
    "[" * 50_000, "null", "true", "-1.5", "[null]", "{}", '{"a": {"b": []}}', '{"value": 1e999}', '{"\\u0000": 1}']
BODIES = [json.dumps("x" * (1 << 20)), "9" * 50_000, "Infinity", '{"a":' * 5000 + "1" + "}" * 5000, '{"__proto__": {}}', "[]", "null", "",
          "'", "\\", '"', "01", "1 2", '{"a": 1, "a": 2}', "\ufeff{}"]
FORM_VALUES = [*(quote(text).encode() for text in TEXTS), b"%ED%A0%80", b"%FF", b"\xff", b"%C3%28", b"%", b"%zz", b"x" * 300_000]
INSIDE = ["argon2", "Traceback", "sqlalchemy", "sqlite3", "syntax error"]


class Attacker:
    """An admin's browser, with the token that lets it write; and all that was stored after its last request."""

    def __init__(self, client):
        self._browser = client.elsewhere()
        self._token, self._before = self._browser.token(), client.everything()
        self._log = client.registry.realtime.log
        self._pulse = self._log.pulse()
        assert self._pulse is not None, "nobody says whether anything was committed"

    def ask(self, endpoint, content_type, body, case):
        """Ask an endpoint of TAKES. What is refused must have left everything as it was."""
        method, _, pattern = endpoint.partition(" ")
        headers = {"Content-Type": content_type, "X-CSRF-Token": self._token}
        answer = self._browser.request(path_of(pattern), method=method, body=body, headers=headers, status="*")
        assert_harmless(answer, case)
        pulse = self._log.pulse()
        if pulse != self._pulse:        # else nothing was committed, and there is nothing to compare
            after = self._browser.everything()
            assert answer.status_int < 400 or after == self._before, case
            self._before, self._pulse = after, pulse
        return answer


@pytest.fixture
def client(migrated_sqlite, make_client):
    """A Client whose viewer is an admin, with one of everything that a path may name; writes are not counted."""
    client = make_client(migrated_sqlite, **{"myapp.rate_limit.enabled": "false"})
    client.add_user("admin", "admin", email="admin@localhost")
    client.add_user("Ada")
    client.post_json("/api/channels", {"name": "general", "title": "General", "kind": "discussion", "visibility": "private"}, status=201)
    client.post_json("/api/displays", {"slug": "lobby"}, status=201)
    for value in (1, 2):
        client.post_json("/api/rows", {"value": value}, status=201)
    for text in ("First", "Second"):
        client.post_json("/api/updates", {"channel": "general", "text": text}, status=201)
    client.give(1, "token")
    client.give(2, "token")
    return client


@pytest.fixture
def attacker(client):
    return Attacker(client)


def endpoints(registry):
    """Yield (method, pattern without its expressions) of every view that a route leads to; static files are left out."""
    views = [view["introspectable"] for view in registry.introspector.get_category("views")]
    for route in (route["introspectable"] for route in registry.introspector.get_category("routes")):
        if route["pattern"].endswith("*subpath"):
            continue
        for methods in (view["request_methods"] for view in views if view["route_name"] == route["name"]):
            for method in [methods] if isinstance(methods, str) else methods or ():
                yield method, PLACEHOLDER.sub(r"{\1}", route["pattern"])


def path_of(pattern, **parts):
    """Return the path of a pattern. Each placeholder has its value of PARTS, unless `parts` have another."""
    return PLACEHOLDER.sub(lambda match: quote({**PARTS, **parts}[match[1]]), pattern)


def hostile(fields, values):
    """Yield (field, value): all values for each field, and some for those that are the same for all endpoints."""
    for field in [*fields, "unknown"]:
        yield from ((field, value) for value in (values[::5] if field in {"csrf_token", "unknown"} else values))


def assert_harmless(answer, case):
    """Nothing that a client may send is the server's fault; no answer tells of the inside, or has a header of the client's making."""
    assert answer.status_int < 500, (case, answer.status_int)
    assert "x=y" not in answer.headers.get("Set-Cookie", ""), case
    assert not [word for word in INSIDE if word in answer.text], case


def test_every_endpoint_that_changes_something_is_tried(client):
    changing = {f"{method} {pattern}" for method, pattern in endpoints(client.registry) if method not in {"GET", "HEAD", "OPTIONS"}}
    assert changing == TAKES.keys()


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in TAKES if " /api/" in endpoint])
def test_a_hostile_value_of_any_json_field_is_refused_whole_or_is_only_a_value(attacker, endpoint):
    for field, value in hostile(TAKES[endpoint], VALUES):
        others = json.dumps({name: other for name, other in TAKES[endpoint].items() if name != field and other is not None})
        assert_problem_or_done(attacker.ask(
            endpoint, JSON, f'{others[:-1]}{", " * (others != "{}")}"{field}": {value}}}'.encode(), (field, value[:40])))
    for body in BODIES:
        assert_problem_or_done(attacker.ask(endpoint, JSON, body.encode(), body[:40]))


def assert_problem_or_done(answer):
    assert answer.status_int < 400 or (answer.content_type == "application/problem+json" and len(answer.body) < 2000)


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in TAKES if " /api/" not in endpoint])
def test_a_hostile_value_of_any_field_of_a_form_is_refused_whole_or_is_only_a_value(attacker, endpoint):
    for field, value in hostile(TAKES[endpoint], FORM_VALUES):
        others = "".join(f"{name}={quote(other)}&" for name, other in TAKES[endpoint].items() if name != field and other is not None)
        attacker.ask(endpoint, FORM, f"{others}{field}=".encode() + value, (field, value[:40]))


def test_sql_in_any_parameter_of_any_address_is_only_text(client):
    before, texts, tried = client.everything(), cycle(SQL), set()
    for pattern in [pattern for method, pattern in endpoints(client.registry) if method == "GET"]:
        for name, text in zip(PARAMETERS, texts, strict=False):     # in turn, so that all are tried on all parameters
            tried.add((name, text))
            address = f"{path_of(pattern)}?topic=users&wait=0&{name}={quote(text)}"
            answer = client.request(address, method="HEAD" if pattern == "/events" else "GET", status="*")
            assert_harmless(answer, address)
    assert client.everything() == before and len(tried) == len(PARAMETERS) * len(SQL)


def test_sql_in_any_part_of_any_path_is_no_name_of_anything(client):
    before = client.everything()
    for method, pattern in endpoints(client.registry):
        content_type, body = (JSON, b"{}") if "/api/" in pattern else (FORM, b"")
        for part in {match[1] for match in PLACEHOLDER.finditer(pattern)}:
            for text in SQL:
                address = path_of(pattern, **{part: text})
                answer = client.request(address, method=method, headers={"Content-Type": content_type}, body=body, status="*")
                assert_harmless(answer, (method, address))
    assert client.everything()[0] == before[0]
