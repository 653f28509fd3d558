"""Where the sign-in sends one on to: the page that was asked for, and never another site."""
import pytest

from myapp.app.redirects import safe_next

OTHER_SITES = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example",
    "https:evil.example", "https:/evil.example", "https://evil.example", "HTTPS://evil.example", "http://localhost@evil.example/",
    "http://localhost:80@evil.example", "http://localhost/", "//localhost@evil.example", "evil.example", "@evil.example", ".evil.example",
    "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "/%09/evil.example", "\t//evil.example",
    "/\t/evil.example", "/\n/evil.example", " //evil.example", "/ /evil.example", "\u00a0//evil.example", "/%5cevil.example",
    "/%5Cevil.example", "/%2fevil.example", "/%2F%2Fevil.example", "/%252fevil.example", "/..//evil.example", "/.//evil.example",
    "/users/../..//evil.example", "/%2e%2e//evil.example", "/..%2f/evil.example", "/users/..", "/./", "/users//evil.example",
    "\uff0f\uff0fevil.example", "/\uff0fevil.example", "/\u2215evil.example", "/\u2044evil.example", "\u3002evil.example",
    "/users\r\nSet-Cookie: a=b", "/users\nLocation: //evil.example", "/users%0d%0aSet-Cookie:%20a=b", "/users\0", "\0//evil.example",
    "/users%00", "/users\u2028", "/users\ud800", "/users\x7f", "/users?a=\\evil", "/users#\\evil", "?next=/", "#x", "", " ", "users",
    "/" + "x" * 2000, None, b"/users", 7]

PATHS = ["/", "/users", "/users?sort=name&page=2", "/users/12/edit#form", "/updates/general", "/caf%C3%A9", "/users?next=//other.example",
         "/displays/a.b", "/displays/...", "/x?y=%0d%0a", "/a:b@c", "/users?"]


@pytest.mark.parametrize("text", OTHER_SITES, ids=ascii)
def test_what_could_lead_to_another_site_is_no_address_of_ours(text):
    assert safe_next(text) is None


@pytest.mark.parametrize("text", PATHS)
def test_a_path_of_ours_stays_as_it_is(text):
    assert safe_next(text) == text
