"""Who asks, by which scheme and for which host: what the connection says, unless it comes from a proxy that is trusted to say otherwise."""
from contextlib import contextmanager

import pytest

import myapp

from .inside import serving
from .raw import get, say, statuses
from .server import HOST

ELSEWHERE = "203.0.113.7"
CLAIMS = {
    "X-Forwarded-For": ELSEWHERE, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "elsewhere.example", "X-Forwarded-Port": "443",
    "X-Forwarded-By": ELSEWHERE, "Forwarded": f"for={ELSEWHERE};proto=https;host=elsewhere.example", "X-Real-IP": ELSEWHERE,
    "X-Forwarded-Ssl": "on", "Front-End-Https": "on", "X-Url-Scheme": "https", "X-Client-IP": ELSEWHERE, "X-Host": "elsewhere.example",
    "Via": "1.1 elsewhere.example", "X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/users", "X-Rewrite-URL": "/users"}
TRUSTED = {"trusted_proxy": HOST, "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto x-forwarded-host"}
PLAIN = (HOST, "http", "localhost")
FORWARDED = (ELSEWHERE, "https", "shop.example")


class Asked:
    """The application, served. What it was asked is in `seen`, as it is about to be answered: (address, scheme, host)."""

    def __init__(self, app, server):
        self._app, self.server, self.seen = app, server, []

    def ask(self, path, *headers):
        """Return (status, {header of the answer, in small letters: [value]}, body)."""
        answered = say(self.server.addresses[0], get(path, *headers))
        head, _, body = answered.decode().partition("\r\n\r\n")
        found = {}
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            found.setdefault(name.lower(), []).append(value)
        status, = statuses(answered)
        return status, found, body


@pytest.fixture
def asked(migrated_sqlite):
    """asked(**settings of [server:main]): within, an Asked."""
    @contextmanager
    def asked(**settings):
        app = myapp.main({}, **{"sqlalchemy.url": migrated_sqlite})

        def noting(environ, start_response):
            asked.seen.append((environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ["HTTP_HOST"]))
            return app(environ, start_response)

        with serving(noting, **settings) as server:
            asked = Asked(app, server)
            try:
                yield asked
            finally:
                app.registry.realtime.close()
                app.registry["dbsession_factory"].kw["bind"].dispose()
    return asked


def is_secure(headers):
    """Whether an answer treats its client as one who came by https: all cookies are Secure, and the browser is to stay with it."""
    cookies = headers["set-cookie"]
    secure = [("secure" in cookie.lower().split("; ")) for cookie in cookies]
    assert cookies and len({*secure, "strict-transport-security" in headers}) == 1, headers
    return secure[0]


@pytest.mark.parametrize("settings", [{}, TRUSTED | {"trusted_proxy": "192.0.2.1"}, {"clear_untrusted_proxy_headers": "false"}],
                         ids=["no proxy", "another one is trusted", "headers are passed on"])
def test_what_a_client_says_of_itself_changes_nothing(asked, settings):
    with asked(**settings) as asked:
        _, honest, page = asked.ask("/login")
        for name, value in CLAIMS.items():
            status, headers, same = asked.ask("/login", f"{name}: {value}")
            assert status == 200 and asked.seen.pop() == PLAIN, name
            assert not is_secure(headers) and headers.keys() == honest.keys() and len(same) == len(page), name
            assert "elsewhere.example" not in same and ELSEWHERE not in same, name


def test_what_a_trusted_proxy_says_counts(asked):
    with asked(**TRUSTED) as asked:
        status, headers, _ = asked.ask(
            "/login", f"X-Forwarded-For: {ELSEWHERE}", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example")
        assert status == 200 and asked.seen == [FORWARDED] and is_secure(headers)
        assert headers["strict-transport-security"] == ["max-age=31536000"]
        _, headers, _ = asked.ask("/login", f"X-Forwarded-For: {ELSEWHERE}", "X-Forwarded-Proto: http", "X-Forwarded-Host: shop.example")
        assert asked.seen[-1] == (ELSEWHERE, "http", "shop.example") and not is_secure(headers)


def test_forwarded_of_a_trusted_proxy_counts_where_it_is_told_to_and_then_nothing_else_does(asked):
    with asked(trusted_proxy=HOST, trusted_proxy_headers="forwarded") as asked:
        _, headers, _ = asked.ask("/login", f"Forwarded: for={ELSEWHERE};proto=https;host=shop.example", "X-Forwarded-For: 192.0.2.9",
                                  "X-Forwarded-Proto: http", "X-Forwarded-Host: elsewhere.example")
        assert asked.seen == [FORWARDED] and is_secure(headers)


@pytest.mark.parametrize(("count", "chains"), [
    ("1", ["192.0.2.9, {}", "127.0.0.1,, 192.0.2.9,{}"]), ("2", ["192.0.2.9, {}, 198.51.100.1", "{}, 198.51.100.1"])])
def test_what_a_client_says_before_a_trusted_proxy_adds_its_own_does_not_count(asked, count, chains):
    """A proxy appends to what it is sent: only so many parts from the end are of proxies as there are proxies."""
    with asked(**TRUSTED, trusted_proxy_count=count) as asked:
        for chain in chains:
            addresses = chain.format(ELSEWHERE)
            for headers in ([f"X-Forwarded-For: {addresses}"], [f"X-Forwarded-For: {part}" for part in addresses.split(",")]):
                asked.ask("/login", *headers, "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example")
                assert asked.seen.pop() == FORWARDED, headers


def test_what_a_proxy_cannot_have_meant_is_refused(asked):
    with asked(**TRUSTED) as asked:
        for header in ("X-Forwarded-Proto: https, http", "X-Forwarded-Proto: ftp", "X-Forwarded-Proto: javascript",
                       'X-Forwarded-For: "1', 'X-Forwarded-Host: "'):
            status, _, body = asked.ask("/login", header)
            assert status == 400 and asked.seen == [] and "javascript" not in body, header


def test_a_header_with_underscores_is_no_header_of_a_proxy(asked):
    """In the environ it would have the name of the real one."""
    with asked(**TRUSTED) as asked:
        asked.ask("/login", f"X-Forwarded-For: {ELSEWHERE}", "X_Forwarded_For: 192.0.2.9", "X-Forwarded-Proto: https",
                  "X_Forwarded_Proto: http", "X-Forwarded-Host: shop.example", "X_Forwarded_Host: elsewhere.example")
        assert asked.seen == [FORWARDED]
