"""The security headers: on each kind of answer."""
import pytest

import myapp
from myapp.realtime import StartUpError

CSP = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
WANTED = {
    "Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": None,
}
ORIGINS = "https://intranet.example.org:8443 https://wall.example.org"
ANSWERS = [
    ("GET", "/", 200), ("GET", "/users", 200), ("GET", "/users/new", 200), ("GET", "/nothing", 404), ("GET", "/%ff", 400),
    ("GET", "/?x=%ff", 400), ("GET", f"/?x={'a' * 17_000}", 414), ("GET", "/?token=x", 400),
    ("DELETE", "/users", 405), ("POST", "/users/new", 422), ("POST", "/users/1/edit", 303),
    ("GET", "/api/users", 200), ("GET", "/api/users/99", 404), ("POST", "/api/users", 415), ("DELETE", "/api/users/1", 409),
    ("GET", "/api/%ff", 400), ("GET", "/events", 400), ("GET", "/events?topic=nothing", 404), ("HEAD", "/events?topic=users", 200),
    ("GET", "/events/poll", 400), ("GET", "/events/poll?topic=users", 200), ("HEAD", "/events/poll?topic=users", 200),
    ("GET", "/static/x/nothing.css", 404), ("GET", "/healthz", 200), ("GET", "/readyz", 200)]


@pytest.mark.parametrize("method, url, status", ANSWERS)
def test_every_answer_has_the_headers_and_is_not_cached(sqlite_client, method, url, status):
    answer = sqlite_client.request(url, method=method, status=status)
    assert {name: answer.headers.get(name) for name in WANTED} == WANTED
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_static_file_has_them_too_and_is_kept_for_ever(sqlite_client):
    page = sqlite_client.get("/")
    for link in page.html.find_all("link", rel="stylesheet"):
        if "vendor" in link["href"]:
            continue
        answer = sqlite_client.get(link["href"])
        assert {name: answer.headers.get(name) for name in WANTED} == WANTED
        assert "immutable" in answer.headers["Cache-Control"]


def test_the_anonymous_get_them_with_their_refusal(sqlite_client, as_role):
    answer = as_role(sqlite_client, "anonymous").get("/users", status=401)
    assert {name: answer.headers.get(name) for name in WANTED} == WANTED


@pytest.mark.parametrize("method, url, status", ANSWERS)
def test_over_https_every_answer_tells_the_browser_to_stay_with_it(sqlite_client, method, url, status):
    answer = sqlite_client.request(f"https://localhost{url}", method=method, status=status)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


FRAMED = ["/displays/lobby", "/displays/lobby?key=x", "/displays/Lobby-2"]
NOT_FRAMED = [
    "/", "/displays", "/displays/", "/displays/new", "/displays/lobby/edit", "/displays/lobby/", "/api/displays/lobby", "/users",
    "/displaysx/lobby", "/x/displays/lobby", "//displays/lobby", "/events?topic=display:lobby", "/login", "/static/x/displays/lobby"]


@pytest.mark.parametrize("url", FRAMED + NOT_FRAMED)
def test_only_a_display_may_be_framed_and_only_by_the_origins_that_are_set(migrated_sqlite, make_client, url):
    client = make_client(migrated_sqlite, **{"myapp.frame_origins": ORIGINS})
    headers = client.get(url, status="*").headers
    if url in FRAMED:
        assert headers["Content-Security-Policy"] == CSP.replace("ancestors 'none'", f"ancestors {ORIGINS}")
        assert "X-Frame-Options" not in headers
    else:
        assert headers["Content-Security-Policy"] == CSP and headers["X-Frame-Options"] == "DENY"


def test_a_display_is_framed_by_nobody_where_nothing_is_set(sqlite_client):
    headers = sqlite_client.get("/displays/lobby", status="*").headers
    assert headers["Content-Security-Policy"] == CSP and headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("given", [
    "https://wall.example.org/", "https://*.example.org", "*", "'self'", "wall.example.org",
    "https://a;script-src *", "https://a, https://b", "https://a:", "https://a:port", "https://user@a", "https://a\u0660",
    "https://a https://", "data:", "https:"])
def test_what_is_no_origin_ends_the_start(migrated_sqlite, given):
    with pytest.raises(StartUpError, match="myapp.frame_origins"):
        myapp.main({}, **{"sqlalchemy.url": migrated_sqlite, "myapp.frame_origins": given})


def test_nothing_inline_that_the_policy_would_refuse(sqlite_client):
    sqlite_client.add_user("Ada")
    for url in ("/", "/users", "/users/new", "/users/2/edit", "/users/2/delete", "/nothing"):
        html = sqlite_client.get(url, status="*").html
        assert not html.find_all(style=True) and not html.find_all("style")
        assert all(script.get("src") and not script.text for script in html.find_all("script"))
        assert not [name for tag in html.find_all(True) for name in tag.attrs if name.startswith(("on", "hx-on"))]
