"""Rate limits: who has tried too often is told when to go on, whoever counts."""
import logging

import pytest
from limits import parse

from myapp.app.rate_limits import OwnMemory, RateLimits, address_key
from myapp.realtime import StartUpError
from tests.servers import free_ports

from .conftest import LOCAL, PASSWORD, url_of

WIDE = "3 per 10 days"      # a window that hardly ends during a test
ADA = {"username": "ada@example.org", "password": PASSWORD}
WRONG = {**ADA, "password": "not it at all"}
CREATED = {"name": "x", "email": "x@example.org"}


@pytest.fixture
def limited(visitor, make_client):
    """The visitor's application with narrow limits: 3 tries of one account, 15 failures of one address, 4 writes."""
    client = make_client(url_of(visitor), None, **{"myapp.rate_limit.sign_in": WIDE, "myapp.rate_limit.api_writes": "4 per 10 days"})
    client.registry["myapp.passwords"] = visitor.registry["myapp.passwords"]
    return client


def tries(client, *bodies):
    """Return the statuses of sign-ins, one after the other."""
    return [client.post_json("/api/tokens", body, status="*").status_int for body in bodies]


def test_an_account_that_is_tried_too_often_waits_even_with_the_right_password(limited):
    assert tries(limited, WRONG, WRONG, WRONG, ADA) == [401, 401, 401, 429]
    assert tries(limited, {**ADA, "username": "admin@localhost"}) == [201]      # another one does not


@pytest.mark.parametrize(("first", "others"), [("Ada", ["ada", "ADA"]), ("nobody", ["Nobody"]), ("Ada", ["ada@example.org"])])
def test_what_is_counted_tells_nobody_whether_there_is_such_an_account(limited, first, others):
    """Each spelling counts for itself and for its other cases, whether it is somebody's or nobody's."""
    tries(limited, *3 * [{**WRONG, "username": first}])
    wanted = {True: 429, False: 401}
    assert tries(limited, *({**WRONG, "username": other} for other in others)) == [
        wanted[other.casefold() == first.casefold()] for other in others]


def test_too_many_attempts_are_told_when_to_try_again_and_are_no_line_of_the_trail(limited):
    tries(limited, WRONG, WRONG, WRONG)
    lines = limited.audit()
    answer = limited.post_json("/api/tokens", WRONG, status=429)
    assert answer.content_type == "application/problem+json" and 1 <= int(answer.headers["Retry-After"]) <= 864_000
    page = limited.post("/login", {**WRONG, "csrf_token": limited.token()}, status=429)
    assert int(page.headers["Retry-After"]) >= 1 and limited.audit() == lines


def test_an_unknown_account_waits_like_a_known_one(limited):
    nobody = {**WRONG, "username": "nobody@example.org"}
    assert tries(limited, nobody, nobody, {**nobody, "username": "NOBODY@example.org"}, nobody) == [401, 401, 401, 429]


def test_the_right_password_clears_the_account(limited):
    assert tries(limited, WRONG, WRONG, ADA, WRONG, WRONG, ADA, WRONG) == [401, 401, 201, 401, 401, 201, 401]


def test_an_address_that_fails_too_often_waits_and_others_do_not(limited):
    bodies = [{**WRONG, "username": f"n{number}@example.org"} for number in range(16)]
    assert tries(limited, *bodies) == [401] * 15 + [429]
    assert tries(limited, ADA) == [429]
    assert tries(limited.elsewhere_as({**LOCAL, "REMOTE_ADDR": "192.0.2.1"}), ADA) == [201]
    assert tries(limited.elsewhere_as({**LOCAL, "HTTP_X_FORWARDED_FOR": "192.0.2.1"}), ADA) == [429]   # the server knows its proxies


@pytest.mark.parametrize("address, key", [
    ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ("::ffff:192.0.2.1", "192.0.2.1"), (None, "unknown"), ("", "unknown"), ("a socket", "a socket")])
def test_a_network_of_ipv6_counts_as_one_address(address, key):
    assert address_key(address) == key


def test_writes_through_the_api_count_by_account_and_reads_do_not(limited):
    headers, other = limited.bearer(2), limited.bearer(1)
    for _ in range(4):
        limited.post_json("/api/users", CREATED, headers=headers, status=403)
    answer = limited.delete("/api/users/1", headers=headers, status=429)
    assert answer.content_type == "application/problem+json" and int(answer.headers["Retry-After"]) >= 1
    limited.get("/api/users", headers=headers, status=200)
    limited.post_json("/api/users", CREATED, headers=other, status=201)
    assert tries(limited, ADA) == [201]


def test_writes_of_the_anonymous_count_by_address(limited):
    statuses = [limited.post_json("/api/users", CREATED, status="*").status_int for _ in range(5)]
    assert statuses == [401] * 4 + [429]
    limited.elsewhere_as({**LOCAL, "REMOTE_ADDR": "192.0.2.1"}).post_json("/api/users", CREATED, status=401)


def test_it_can_be_switched_off(visitor, make_client):
    client = make_client(url_of(visitor), None, **{"myapp.rate_limit.sign_in": WIDE, "myapp.rate_limit.api_writes": "1 per 10 days",
                                                  "myapp.rate_limit.enabled": "false"})
    assert tries(client, WRONG, WRONG, WRONG, WRONG, ADA) == [401] * 4 + [201]
    assert [client.post_json("/api/users", CREATED, status="*").status_int for _ in range(3)] == [401] * 3


@pytest.mark.parametrize("key, value, said", [
    ("rate_limit.sign_in", "often", "10 per 5 minutes"), ("rate_limit.sign_in", "0 per minute", "10 per 5 minutes"),
    ("rate_limit.sign_in", "1/second; 5/minute", "one rate"), ("rate_limit.api_writes", "10", "one rate"),
    ("rate_limit.enabled", "perhaps", "true or false"), ("secret", "change-me", "32 characters"), ("session_timeout", "0s", "a duration")])
def test_a_setting_that_cannot_be_meant_stops_the_start(migrated_sqlite, make_client, key, value, said):
    with pytest.raises(StartUpError) as caught:
        make_client(migrated_sqlite, None, **{f"myapp.{key}": value})
    assert f"myapp.{key}" in str(caught.value) and said in str(caught.value) and "change-me" not in str(caught.value)


# Who counts

class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


def test_the_window_slides():
    clock, rate = Clock(), parse("4 per 10 seconds")
    counts = OwnMemory(clock)

    def hits(times):
        return sum(counts.acquire_sliding_window_entry("k", rate.amount, rate.get_expiry()) for _ in range(times))
    assert hits(5) == 4
    clock.now += 10         # all of the window before still count
    assert hits(5) == 0
    clock.now += 5          # half of them
    assert hits(5) == 2
    clock.now += 100
    assert hits(5) == 4


def test_what_counts_nothing_any_more_is_forgotten():
    clock = Clock()
    counts = OwnMemory(clock)
    for number in range(25_000):
        clock.now += 0.01
        counts.acquire_sliding_window_entry(str(number), 1, 1)
    assert counts.reset() <= 10_001


def test_redis_counts_for_all_processes(own_redis):
    rate = parse(WIDE)
    one, other = RateLimits(own_redis.url), RateLimits(own_redis.url)
    assert [one.hit(rate, "a"), other.hit(rate, "a"), one.hit(rate, "a"), other.hit(rate, "a")] == [True, True, True, False]
    assert not one.test(rate, "a") and one.test(rate, "b") and 1 <= one.retry_after_s(rate, "a") <= 864_000
    other.clear(rate, "a")
    assert one.hit(rate, "a")


@pytest.mark.parametrize("how", ["stopped", "gone"])
def test_without_redis_the_process_counts_by_itself_and_says_so_once(limited, own_redis, caplog, how):
    url = own_redis.url if how == "stopped" else f"redis://user:hunter2@127.0.0.1:{free_ports(1)[0]}/0"
    limited.registry["myapp.sign_in_limits"] = RateLimits(url)
    if how == "stopped":
        own_redis.freeze()
    try:
        with caplog.at_level(logging.WARNING, "myapp"):
            assert tries(limited, WRONG, WRONG, WRONG, ADA) == [401, 401, 401, 429]
    finally:
        own_redis.thaw()
    assert caplog.text.count("Redis does not answer") == 1 and "hunter2" not in caplog.text


def test_redis_is_asked_again_after_a_pause(own_redis):
    clock, rate = Clock(), parse("1 per 10 days")
    limits = RateLimits(own_redis.url, clock)
    own_redis.freeze()
    assert limits.hit(rate, "pause") and not limits.hit(rate, "pause")
    own_redis.thaw()
    clock.now += 11
    assert limits.hit(rate, "pause") and not limits.hit(rate, "pause")
