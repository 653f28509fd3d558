"""Secrets: none in an address, and none in a log or an answer, whatever goes wrong."""
import json
import logging
from contextlib import suppress
from urllib.parse import quote

import pytest
import sqlalchemy as sa

import myapp
from myapp.app.models import User
from myapp.realtime import StartUpError

PASSWORD, WRONG = "pass-7f3a9c1e-word", "wrong-5d2b8e40-word"
SECRET = "server-secret-4be1c07d5a6f4b0f8a54c1aa"
VALUE = "value-91c4f3d2"
NAMES = ["token", "access_token", "api_key", "apikey", "password", "secret", "session", "authorization"]
PATHS = ["/", "/users", "/users/new", "/login", "/api/users", "/events", "/events/poll", "/nothing", "/static/x/app.css"]


# In an address

@pytest.mark.parametrize("name", [*NAMES, "Token", "ACCESS_TOKEN", "%74oken", "access-token", "Authorization"])
def test_a_secret_in_an_address_is_refused_and_neither_logged_nor_shown(sqlite_client, caplog, name):
    caplog.set_level(logging.DEBUG, "myapp")
    for path in PATHS:
        for method in ("GET", "POST", "PUT", "DELETE"):
            answer = sqlite_client.elsewhere().request(f"{path}?topic=users&{name}={VALUE}", method=method, status=400)
            assert "send it in the Authorization header" in answer.text and VALUE not in answer.text + str(answer.headers)
    assert VALUE not in caplog.text


def test_words_that_only_look_like_it_and_a_displays_own_key_are_taken(sqlite_client):
    for name in ("key", "tokens", "q", "secretary", "x_token_x", "session_id_of_a_lecture"):
        sqlite_client.get(f"/users?{name}={VALUE}", status=200)
    assert "Authorization header" not in sqlite_client.get(f"/displays/lobby?key={VALUE}", status="*").text


# In a log or an answer

class Visitor:
    """Somebody with a password, a session, a token for programs and the token of his forms: `secrets`, {what it is: bytes as text}."""

    def __init__(self, client):
        user = client.add_user("Ada", "admin", password=PASSWORD)
        self.client, self.browser, self.headers = client, client.signed_in(user["id"]), client.bearer(user["id"])
        self.csrf_token = self.browser.token()
        self.secrets = {
            "password": PASSWORD, "wrong password": WRONG, "session": self.browser.cookies["session"], "setting": SECRET,
            "token": self.headers["Authorization"].removeprefix("Bearer "), "form's token": self.csrf_token}
        hashes = client.rows("SELECT password_hash FROM users WHERE password_hash IS NOT NULL UNION SELECT secret_hash FROM credentials")
        self.secrets |= {f"hash {number}": row[0] for number, row in enumerate(hashes)}

    def do_everything(self):
        """Yield the answer of each kind of request with each secret where it belongs, as it goes well or wrong."""
        form = {"csrf_token": self.csrf_token}
        for password in (PASSWORD, WRONG):
            asked = {"username": "ada@example.org", "password": password, "scopes": [5]}
            yield self.client.elsewhere().post_json("/api/tokens", asked, status="*")
            yield self.browser.post("/login", form | {"username": "Ada", "password": password, "next": "/"}, status="*")
            yield self.browser.post("/account/password", form | {"present": password, "password": "short"}, status="*")
            yield self.browser.post("/users/new", form | {"name": "", "email": "", "password": password}, status="*")
            for fields in ({"name": "\0"}, {"name": "b", "email": "b@c", "x": 1}):
                yield self.client.post_json("/api/users", fields | {"password": password}, headers=self.headers, status="*")
            yield self.client.put_json("/api/users/1", {"password": password, "version": 99}, headers=self.headers, status="*")
        for path in ("/", "/users", "/api/users", "/api/users/1", "/api/me", "/api/tokens", "/api/sessions", "/nothing", "/account"):
            yield self.browser.get(path, status="*")
            yield self.client.elsewhere().get(path, headers=self.headers, status="*")
        for body in ("{", json.dumps({"password": PASSWORD})[:-1], "[" * 100, "x" * 300_000):
            yield self.client.elsewhere().request("/api/users", method="POST", body=body.encode(), status="*",
                                                  headers=self.headers | {"Content-Type": "application/json"})
        yield self.browser.post("/users/new", {"csrf_token": self.csrf_token[:-1] + "x"}, status="*")
        yield self.browser.delete_json("/api/users/1", headers={"X-CSRF-Token": self.csrf_token}, status="*")
        yield self.browser.post("/logout", form, status="*")


@pytest.fixture
def visitor(migrated_sqlite, make_client, caplog):
    caplog.set_level(logging.DEBUG, "myapp")
    caplog.set_level(logging.WARNING, "sqlalchemy")
    return Visitor(make_client(migrated_sqlite, None, is_new=True, **{"myapp.secret": SECRET}))


def assert_untold(visitor, answers, log):
    """None of the secrets, and no half of one, is in an answer, its address or its headers, nor in the log."""
    for what, secret in visitor.secrets.items():
        words = {secret, quote(secret), secret[:16], secret[-16:]} - {"$argon2id$v=19$m", PASSWORD[-16:]}
        assert not [word for word in words if word in log], f"{what} is in the log"
        for answer in answers:
            told = "" if what == "form's token" else answer.text      # pages carry it: it is what they are for
            told += "".join(value for name, value in answer.headers.items() if name.lower() != "set-cookie")
            assert not [word for word in words if word in told], f"{what} is in the answer to {answer.request.path}"


def test_no_secret_is_told_when_all_goes_as_it_should(visitor, caplog):
    answers = list(visitor.do_everything())
    assert {answer.status_int // 100 for answer in answers} == {2, 3, 4}
    assert_untold(visitor, answers, caplog.text)


def test_no_secret_is_told_when_the_code_is_broken(visitor, caplog, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("broken")

    monkeypatch.setattr(User, "as_dict", fail)
    answers = list(visitor.do_everything())
    assert 500 in {answer.status_int for answer in answers} and "RuntimeError: broken" in caplog.text
    assert_untold(visitor, answers, caplog.text)


@pytest.mark.parametrize("break_it", [
    "ALTER TABLE users RENAME COLUMN email TO address", "ALTER TABLE credentials RENAME COLUMN secret_hash TO hash",
    "ALTER TABLE users RENAME COLUMN password_hash TO hash", "DROP TABLE credentials"])
def test_no_secret_is_told_when_the_database_is_broken(visitor, caplog, break_it):
    """The driver's message has the statement, and SQLAlchemy adds its parameters, unless it is told not to."""
    visitor.client.execute(break_it)
    answers = list(visitor.do_everything())
    assert {answer.status_int for answer in answers} & {500, 503}
    assert_untold(visitor, answers, caplog.text)


def test_no_secret_is_told_when_a_statement_cannot_be_carried_out(visitor, caplog):
    """An error with all parameters of an INSERT, the hash of the password among them."""
    visitor.client.execute("CREATE TRIGGER refuse BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'not today'); END")
    answer = visitor.client.post_json(
        "/api/users", {"name": "b", "email": "b@example.org", "password": PASSWORD}, headers=visitor.headers, status="*")
    assert answer.status_int >= 400
    assert "argon2" not in caplog.text + answer.text
    assert_untold(visitor, [answer], caplog.text)


def test_the_password_of_the_database_is_not_told_when_it_does_not_answer(caplog, capsys):
    url = f"postgresql://myapp:{PASSWORD}@127.0.0.1:1/nothing?password={WRONG}"
    with suppress(sa.exc.OperationalError), pytest.raises(StartUpError) as caught:
        myapp.main({}, **{"sqlalchemy.url": url, "realtime.broker": f"reddis://:{PASSWORD}@localhost", "myapp.secret": WRONG})
    told = caplog.text + str(caught.value) + "".join(capsys.readouterr())
    assert PASSWORD not in told and WRONG not in told
