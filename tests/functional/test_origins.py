"""Pages of other sites: none may open a stream, but those of realtime.allowed_origins, and these without cookies."""
import pytest

from .shop import Shop

ALLOWED = "https://wall.example.org"


@pytest.fixture(params=["/events", "/events/poll"])
def address(request):
    return f"{request.param}?topic=goods"


@pytest.fixture
def shop(migrated_sqlite):
    shop = Shop(migrated_sqlite, **{"realtime.allowed_origins": f"{ALLOWED} http://localhost:8080"})
    yield shop
    shop.close()


@pytest.mark.parametrize("origin", [None, "http://localhost:80", "http://localhost"])
def test_programs_and_own_pages_may(shop, address, origin):
    answer = shop.head(address, headers={"Origin": origin, "Host": origin.partition("//")[2]} if origin else {}, status=200)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("origin", [ALLOWED, "http://localhost:8080"])
def test_a_page_of_an_allowed_origin_may_without_cookies(shop, address, origin):
    answer = shop.head(address, headers={"Origin": origin}, status=200)
    assert answer.headers["Access-Control-Allow-Origin"] == origin and "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert shop.get(address.partition("?")[0], headers={"Origin": origin}, status=400).headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize("origin", [
    "https://evil.example", "null", "", "https://wall.example.org.evil.example", "http://wall.example.org", "https://wall.example.org:8443",
    "HTTPS://WALL.EXAMPLE.ORG", "https://localhost", "*", "\xff", "https://wall.example.org https://evil.example"])
def test_no_other_page_may(shop, address, origin):
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = shop.request(address, method=method, headers={"Origin": origin}, status=403)
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_a_page_of_an_allowed_origin_may_send_a_token(shop, address):
    asked = {"Origin": ALLOWED, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    answer = shop.options(address, headers=asked, status=204)
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"] and answer.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert shop.options(address, status=405)


def test_without_the_setting_it_is_off(migrated_sqlite, address):
    shop = Shop(migrated_sqlite)
    try:
        shop.head(address, headers={"Origin": ALLOWED}, status=403)
    finally:
        shop.close()
