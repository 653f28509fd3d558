"""myapp.auto_login: whom it signs in, and where the start refuses it."""
import logging

import pytest

import myapp
from myapp.realtime import StartUpError

OWN = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:6543"}


def status(client, **environ):
    return client.elsewhere_as({**OWN, **environ}).get("/api/users", status="*").status_int


@pytest.mark.parametrize("environ", [
    {}, {"REMOTE_ADDR": "127.8.9.1"}, {"REMOTE_ADDR": "::1"}, {"REMOTE_ADDR": "::ffff:127.0.0.1"},
    {"HTTP_HOST": "localhost"}, {"HTTP_HOST": "127.0.0.1:80"}, {"HTTP_HOST": "[::1]:6543"}, {"HTTP_HOST": "LOCALHOST"},
    {"HTTP_ORIGIN": "http://localhost:6543"}, {"HTTP_SEC_FETCH_SITE": "same-origin"}, {"HTTP_SEC_FETCH_SITE": "none"},
    {"HTTP_HOST": "localhost", "wsgi.url_scheme": "https", "HTTP_ORIGIN": "https://localhost"}], ids=str)
def test_it_signs_in_this_machines_own_browser_and_programs(sqlite_client, environ):
    assert status(sqlite_client, **environ) == 200


@pytest.mark.parametrize("environ", [
    {"REMOTE_ADDR": "192.168.1.7"}, {"REMOTE_ADDR": "::ffff:192.168.1.7"}, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "localhost"},
    {"REMOTE_ADDR": "127.0.0.1, 8.8.8.8"}, {"REMOTE_ADDR": "127.0.0.1.evil.example"},
    {"HTTP_HOST": "evil.example"}, {"HTTP_HOST": "localhost.evil.example"}, {"HTTP_HOST": "127.0.0.1.evil.example"},
    {"HTTP_HOST": "0.0.0.0:6543"},
    {"HTTP_HOST": "localhost:x"}, {"HTTP_HOST": "evil@localhost"}, {"HTTP_HOST": "localhost/evil"}, {"HTTP_HOST": "::1"}, {"HTTP_HOST": ""},
    {"HTTP_HOST": "[::1"}, {"HTTP_HOST": "localhost?x"}, {"HTTP_HOST": "localhost#x"},
    {"HTTP_ORIGIN": "http://evil.example"}, {"HTTP_ORIGIN": "null"}, {"HTTP_ORIGIN": ""}, {"HTTP_ORIGIN": "http://localhost"},
    {"HTTP_ORIGIN": "https://localhost:6543"}, {"HTTP_ORIGIN": "http://localhost:6543.evil.example"}, {"HTTP_ORIGIN": "http://127.0.0.1:6543"},
    {"HTTP_SEC_FETCH_SITE": "cross-site"}, {"HTTP_SEC_FETCH_SITE": "same-site"}, {"HTTP_SEC_FETCH_SITE": ""},
    {"HTTP_ORIGIN": "http://evil.example", "HTTP_SEC_FETCH_SITE": "same-origin"}], ids=str)
def test_it_signs_in_nobody_else(sqlite_client, environ):
    assert status(sqlite_client, **environ) == 401


@pytest.mark.parametrize("name", ["admin", "admin@localhost"])
def test_it_names_the_account_by_name_or_address(migrated_sqlite, make_client, name):
    client = make_client(migrated_sqlite, name)
    client.add_user("admin", "admin", email="admin@localhost")
    assert "admin" in client.get("/users").html.find(class_="viewer-name").text


def test_a_name_that_several_have_names_nobody_and_an_address_its_one(migrated_sqlite, make_client):
    for setting, wanted in ("Ada", 401), ("ada@example.org", 200):
        client = make_client(migrated_sqlite, setting)
        if wanted == 401:
            client.add_user("Ada", "admin")
            assert status(client) == 200
            client.add_user("Ada", email="other@example.org")
        assert status(client) == wanted


def test_without_it_everybody_is_anonymous(sqlite_client, as_role):
    assert as_role(sqlite_client, "anonymous").get("/api/users", status=401)


def test_an_account_that_does_not_exist_is_nobody(migrated_sqlite, make_client):
    assert "you are not signed in" in make_client(migrated_sqlite, "nobody").get("/").text


def test_the_page_and_the_log_say_that_it_is_on(migrated_sqlite, make_client, caplog):
    with caplog.at_level(logging.WARNING):
        client = make_client(migrated_sqlite, "admin", is_new=True)
    assert "myapp.auto_login = admin" in caplog.text
    client.add_user("admin", "admin")
    strip = client.get("/").html.find(role="region").text
    assert "myapp.auto_login" in strip and "signed in as admin without a password" in " ".join(strip.split())


def test_whoever_did_sign_in_is_not_told_that_it_took_no_password(sqlite_client):
    strip = sqlite_client.signed_in(sqlite_client.add_user("Ada")["id"]).get("/").html.find(role="region").text
    assert "you have signed in as Ada" in " ".join(strip.split()) and "Ada without" not in strip


def test_the_page_says_nothing_when_it_is_off(migrated_sqlite, make_client):
    assert "auto_login" not in make_client(migrated_sqlite, None).get("/").text


def test_who_says_who_he_is_is_that_and_nobody_else(sqlite_client):
    ada = sqlite_client.add_user("Ada")["id"]
    assert sqlite_client.get("/api/me").json["credential"] == "auto"
    assert sqlite_client.signed_in(ada).get("/api/me").json["id"] == ada
    assert sqlite_client.get("/api/me", headers=sqlite_client.bearer(ada)).json["id"] == ada
    sqlite_client.get("/api/me", headers={"Authorization": "Bearer wrong"}, status=401)


# Where the start refuses it

@pytest.fixture
def start(migrated_sqlite, tmp_path):
    """start(server section, **global configuration): what main() does with such an ini file."""
    def start(section, auto_login="admin", **given):
        ini = tmp_path / "some.ini"
        ini.write_text(f"[app:main]\nuse = egg:myapp\n[server:main]\nuse = egg:waitress#main\n{section}\n")
        return myapp.main({"__file__": str(ini), "here": str(tmp_path), **given},
                          **{"sqlalchemy.url": migrated_sqlite, "myapp.auto_login": auto_login})
    return start


@pytest.mark.parametrize("section", [
    "host = 127.0.0.1", "host = localhost\nport = 7000", "host = ::1", "listen = 127.0.0.1:80 [::1]:80 localhost:8080"])
def test_it_starts_where_only_this_machine_can_reach_it(start, section):
    start(section).registry["dbsession_factory"].kw["bind"].dispose()


@pytest.mark.parametrize("section, named", [
    ("", "0.0.0.0"), ("host = 0.0.0.0", "0.0.0.0"), ("host = ::", "::"), ("host = *", "*"), ("host = 192.168.1.7", "192.168.1.7"),
    ("host = example.org", "example.org"),
    ("listen = 127.0.0.1:80 10.0.0.1:80", "10.0.0.1:80"), ("listen = *:80", "*:80"), ("listen = [::]:80", "[::]:80"),
    ("host = 127.0.0.1\ntrusted_proxy = 127.0.0.1", "trusted_proxy"), ("unix_socket = /run/myapp.sock", "unix_socket")])
def test_it_does_not_start_where_others_could_come_in(start, section, named):
    with pytest.raises(StartUpError, match="myapp.auto_login") as caught:
        start(section)
    assert named in str(caught.value)


def test_an_address_given_to_pserve_counts_too(start):
    with pytest.raises(StartUpError, match="myapp.auto_login"):
        start("host = %(address)s", address="0.0.0.0")


def test_without_it_any_address_will_do(start):
    start("host = 0.0.0.0", auto_login="").registry["dbsession_factory"].kw["bind"].dispose()
