"""The sign-in: whose name and password these are, and that it tells nobody anything else."""
import pytest
from argon2 import PasswordHasher

from myapp.app.passwords import Passwords
from myapp.app.rate_limits import NoLimits

from .conftest import LOCAL, PASSWORD

HUGE = "x" * 1_000_000
HOSTILE = ["", " ", "a\r\nSet-Cookie: x=y", "a\0b", "a\u2028b", "\ud800", "x" * 200_000, HUGE,
           "' OR 1=1 --", "admin'--", "%00", "\u202eadmin",
           None, 7, True, 1e300, [], ["admin"], {}, {"$ne": ""}]
FORM = {"username": "ada@example.org", "password": PASSWORD}


class CountingHasher(PasswordHasher):
    """Counts how often the work is done."""
    verified = 0

    def verify(self, *arguments):
        self.verified += 1
        return super().verify(*arguments)


def sign_in(client, status="*", **given):
    return client.post_json("/api/tokens", {**FORM, **given}, status=status)


@pytest.mark.parametrize("username", ["ada@example.org", "ADA@Example.org", " ada@example.org ", "Ada"])
def test_one_signs_in_by_email_or_by_name(visitor, username):
    answer = sign_in(visitor, 201, username=username).json
    assert visitor.get("/api/me", headers={"Authorization": f"Bearer {answer['token']}"}).json["id"] == 2


def test_a_name_that_two_have_is_nobodys(visitor):
    visitor.add_user("Ada", email="other@example.org", password=PASSWORD)
    sign_in(visitor, 401, username="Ada")
    sign_in(visitor, 201, username="ada@example.org")


def test_an_email_wins_over_names_that_look_like_it(visitor):
    for number in range(3):
        visitor.add_user("ada@example.org", email=f"x{number}@example.org", password="another one")
    sign_in(visitor, 401, password="another one")
    answer = sign_in(visitor, 201).json
    assert visitor.get("/api/me", headers={"Authorization": f"Bearer {answer['token']}"}).json["id"] == 2


def test_a_password_counts_whichever_way_its_accents_are_written(visitor):
    visitor.add_user("Zoë", email="zoe@example.org", password="cafe\u0301 au lait")
    sign_in(visitor, 201, username="Zoe\u0308", password="caf\xe9 au lait")


def test_every_failure_is_answered_alike_and_after_the_same_work(visitor):
    hasher = CountingHasher()
    visitor.registry["myapp.passwords"] = Passwords(hasher)
    answers = set()
    for username, password in (("nobody@example.org", PASSWORD), ("eve@example.org", PASSWORD), ("ada@example.org", "not it at all")):
        before = hasher.verified
        answer = sign_in(visitor, 401, username=username, password=password)
        answers.add((answer.text, *sorted(answer.headers.items())))
        assert hasher.verified == before + 1, username
    assert len(answers) == 1


@pytest.mark.parametrize("field", ["username", "password"])
def test_what_nobodys_can_be_is_refused_and_costs_nothing(visitor, field):
    hasher = CountingHasher()
    visitor.registry["myapp.passwords"] = Passwords(hasher)
    visitor.registry["myapp.sign_in_limits"] = NoLimits()
    for value in HOSTILE:
        before = visitor.everything(), hasher.verified
        answer = sign_in(visitor, **{field: value})
        assert answer.status_int == (413 if value == HUGE else 401) and answer.content_type == "application/problem+json", ascii(value)[:50]
        assert visitor.everything() == before[0]
        if not isinstance(value, str) or len(value) > 1000 or set(value) & {"\0", "\ud800"}:
            assert hasher.verified == before[1], ascii(value)[:50]


def test_what_was_typed_for_an_unknown_account_is_not_written_down(visitor):
    sign_in(visitor, 401, username="my secret password")
    sign_in(visitor, 401, password="not it at all")
    assert visitor.audit()[-2:] == [(None, "sign_in_failed", "no such account"), (None, "sign_in_failed", "user 2 (Ada)")]


def test_a_hash_of_weaker_parameters_is_made_anew(visitor):
    visitor.registry["myapp.passwords"] = Passwords()
    [(weak,)] = visitor.rows("SELECT password_hash FROM users WHERE id = 2")
    sign_in(visitor, 401, password="not it at all")
    assert visitor.rows("SELECT password_hash FROM users WHERE id = 2") == [(weak,)]
    sign_in(visitor, 201)
    [(strong,)] = visitor.rows("SELECT password_hash FROM users WHERE id = 2")
    assert not PasswordHasher().check_needs_rehash(strong) and PasswordHasher().verify(strong, PASSWORD)
    sign_in(visitor, 201)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$broken", "x" * 10_000])
def test_a_hash_that_is_none_lets_nobody_in(visitor, stored):
    visitor.execute("UPDATE users SET password_hash = :hash WHERE id = 2", hash=stored)
    sign_in(visitor, 401)


def test_nothing_of_the_database_is_held_while_a_password_is_hashed(visitor):
    """Not by the sign-in of one with a cookie, which makes his session be looked up, either."""
    pool = visitor.registry["dbsession_factory"].kw["bind"].pool
    held = []

    class Watching(PasswordHasher):
        def verify(self, *arguments):
            held.append(pool.checkedout())
            return super().verify(*arguments)
    visitor.registry["myapp.passwords"] = Passwords(Watching())
    browser = visitor.signed_in(2)
    token = browser.token()
    browser.post_json("/api/tokens", FORM, headers={"X-CSRF-Token": token}, status=201)
    browser.post("/login", {**FORM, "csrf_token": token}, status=303)
    assert held == [0, 0]


# By a browser

def signed_in_by_form(client, status=303, **given):
    return client.post("/login", {**FORM, "csrf_token": client.token(), **given}, status=status)


def test_the_form_gives_a_session_that_scripts_and_other_sites_cannot_use(visitor):
    cookie = signed_in_by_form(visitor).headers["Set-Cookie"]
    name, *attributes = cookie.split("; ")
    assert name.startswith("session=") and sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax"]
    assert visitor.get("/api/me").json["credential"] == "session"


def test_behind_https_no_cookie_ever_goes_over_http(visitor):
    https = visitor.elsewhere_as({**LOCAL, "wsgi.url_scheme": "https"})
    cookies = https.get("/login").headers.getall("Set-Cookie") + signed_in_by_form(https).headers.getall("Set-Cookie")
    assert len(cookies) == 2 and all("secure" in cookie.lower().split("; ") for cookie in cookies)


def test_a_session_id_that_somebody_planted_is_never_taken(visitor):
    """Fixation: neither one made up, nor one that another account had."""
    planted = visitor.give(3, "session")
    for value in ("A" * 43, planted):
        browser = visitor.elsewhere()
        browser.set_cookie("session", value)
        signed_in_by_form(browser)
        assert browser.cookies["session"] != value and browser.get("/api/me").json["id"] == 2
        stranger = visitor.elsewhere()
        stranger.set_cookie("session", value)
        stranger.get("/api/me", status=401)


def test_signing_in_again_ends_the_session_before(visitor):
    signed_in_by_form(visitor)
    first = visitor.cookies["session"]
    signed_in_by_form(visitor.elsewhere())
    signed_in_by_form(visitor)
    assert visitor.cookies["session"] != first
    assert visitor.rows("SELECT count(*) FROM credentials") == [(2,)]


def test_signing_out_ends_the_session_on_the_server(visitor):
    signed_in_by_form(visitor)
    secret = visitor.cookies["session"]
    answer = visitor.post("/logout", {"csrf_token": visitor.token()}, status=303)
    assert "Max-Age=0" in answer.headers["Set-Cookie"] and "session" not in visitor.cookies
    visitor.set_cookie("session", secret)
    visitor.get("/api/me", status=401)
    assert [event[1:] for event in visitor.events() if event[0] == "realtime"] == [("revoke", None, {"session": "1"})]


def test_a_token_has_no_say_in_what_becomes_of_a_browsers_session(visitor):
    browser = visitor.signed_in(2)
    for bearer in ("junk", visitor.give(3, "token")):
        browser.post("/logout", headers={"Authorization": f"Bearer {bearer}"}, status="*")
    assert visitor.rows("SELECT user_id FROM credentials WHERE kind = 'session'") == [(2,)]


def test_an_account_deleted_while_its_password_is_looked_at_gets_no_session(visitor):
    class Slow(PasswordHasher):
        def verify(self, *arguments):
            visitor.execute("DELETE FROM users WHERE id = 2")
            return super().verify(*arguments)
    visitor.registry["myapp.passwords"] = Passwords(Slow())
    signed_in_by_form(visitor, 401)
    assert "session" not in visitor.cookies and visitor.rows("SELECT * FROM credentials") == []
