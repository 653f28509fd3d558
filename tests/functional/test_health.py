"""/healthz, /readyz and /api/stats: what those are told who watch over a process, whatever its broker and its database do."""
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from myapp.app.database_state import PATIENCE_S
from tests.conftest import run_statement
from tests.servers import HOST, free_ports
from tests.waiting import wait_until

from .conftest import url_of

PROBES = ["/healthz", "/readyz"]
UP, OTHER, DOWN = ("up", "current"), ("up", "other"), ("down", "unknown")


def alive(client):
    """Return what /healthz says, which is always 200."""
    answer = client.get("/healthz", status=200).json
    assert set(answer) == {"status", "broker"}      # nothing more, ever
    return answer["status"], answer["broker"]


def ready(client):
    """Return what /readyz says: (status code, status, broker, (database, schema))."""
    answer = client.get("/readyz", status=[200, 503])
    assert set(answer.json) == {"status", "broker", "database", "schema"}
    return answer.status_int, answer.json["status"], answer.json["broker"], (answer.json["database"], answer.json["schema"])


def is_unready(client, database):
    code, status, _, found = ready(client)
    return (code, status, found) == (503, "unready", database)


# The broker

def test_a_broker_is_known_once_the_process_listens_and_the_first_look_at_readiness_makes_it_listen(client):
    assert alive(client) == ("ok", "unknown")       # which has not made it listen
    assert ready(client) in [(200, "ready", broker, UP) for broker in ("unknown", "up")]
    wait_until(lambda: alive(client) == ("ok", "up"))
    assert ready(client) == (200, "ready", "up", UP)


def test_without_its_broker_a_process_is_degraded_and_ready_for_it_serves_everything(sqlite_client, make_client):
    [port] = free_ports(1)
    client = make_client(url_of(sqlite_client), **{"realtime.broker": f"redis://:sesame@{HOST}:{port}/0"})
    client.get("/readyz", status=200)
    wait_until(lambda: alive(client) == ("degraded", "down"))
    assert ready(client) == (200, "degraded", "down", UP)
    for url in PROBES:
        assert not [word for word in ("sesame", str(port), HOST, "redis", "refused") if word in str(client.get(url))], url
    broker = client.get("/api/stats").json["broker"]
    assert broker["state"] == "down" and str(port) in broker["url"] and broker["reason"] and "sesame" not in str(broker)


# The database

@contextmanager
def closed(postgresql_url, name):
    """The PostgreSQL database `name` lets nobody in, and whoever was there is out."""
    run_statement(postgresql_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    run_statement(postgresql_url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    yield
    run_statement(postgresql_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_without_its_database_a_process_is_alive_and_unready_until_it_is_back(migrated_postgresql, postgresql_url, make_client):
    client = make_client(migrated_postgresql, None)
    with closed(postgresql_url, make_url(migrated_postgresql).database):
        assert is_unready(client, DOWN) and alive(client) == ("ok", "unknown")      # it cannot even begin to listen
    assert ready(client)[0] == 200
    with closed(postgresql_url, make_url(migrated_postgresql).database):
        assert is_unready(client, DOWN) and alive(client)[0] == "ok"
    wait_until(lambda: ready(client) == (200, "ready", "up", UP))


def test_a_database_that_hangs_holds_up_nobody_who_asks(migrated_postgresql, make_client):
    client = make_client(migrated_postgresql, None)
    assert ready(client)[0] == 200
    holder = psycopg2.connect(migrated_postgresql.replace("+psycopg2", ""))
    holder.cursor().execute("LOCK TABLE event_log_head")
    begun = time.monotonic()
    assert is_unready(client, DOWN) and is_unready(client, DOWN)    # the second waits for the look of the first, which is late already
    assert time.monotonic() - begun < 2 * PATIENCE_S
    assert alive(client)[0] == "ok"
    holder.close()
    wait_until(lambda: ready(client)[:2] == (200, "ready"))


def test_a_file_that_was_removed_is_no_database_and_asking_for_life_makes_none(migrated_sqlite, make_client):
    client, path = make_client(migrated_sqlite, None), Path(make_url(migrated_sqlite).database)
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
    assert alive(client) == ("ok", "unknown") and not path.exists()
    code, status, *_ = ready(client)
    assert (code, status) == (503, "unready")


NEWER = "UPDATE alembic_version SET version_num = 'app_9999' WHERE version_num LIKE 'app%'"


def test_a_process_whose_schema_is_another_releases_is_not_ready_until_it_is_its_own(client):
    own = client.rows("SELECT version_num FROM alembic_version WHERE version_num LIKE 'app%'")[0][0]
    client.execute(NEWER)
    assert is_unready(client, OTHER)
    client.execute("UPDATE alembic_version SET version_num = :own WHERE version_num = 'app_9999'", own=own)
    assert ready(client)[0] == 200


def test_a_process_serves_on_while_the_next_release_has_migrated_its_database_already_until_that_fails(client):
    assert ready(client)[0] == 200
    client.execute(NEWER)
    assert ready(client)[0] == 200
    client.execute("ALTER TABLE event_log_head RENAME TO away")
    assert is_unready(client, DOWN) and is_unready(client, OTHER)


# The addresses

@pytest.mark.parametrize("url", PROBES)
def test_a_probe_needs_no_sign_in_leaves_no_cookie_is_not_cached_and_may_be_a_head(migrated_sqlite, make_client, url):
    client = make_client(migrated_sqlite, None)
    before = client.everything()
    for answer in (client.get(url, status=200), client.head(url, status=200)):
        assert answer.headers["Cache-Control"] == "no-store" and answer.content_type == "application/json"
        assert "Set-Cookie" not in answer.headers
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert client.request(url, method=method, status=405).headers["Allow"] == "GET, HEAD"
    assert client.everything() == before and client.audit() == []


def test_an_admin_reads_what_the_process_is_doing(sqlite_client):
    assert sqlite_client.get("/api/stats").json["hub"] == {"cursor": None, "behind": None, "holes": 0}      # asking does not make it listen
    sqlite_client.get("/readyz")
    wait_until(lambda: alive(sqlite_client) == ("ok", "up"))
    stats = sqlite_client.get("/api/stats").json
    assert stats["hub"] == {"cursor": stats["log"]["head"], "behind": 0, "holes": 0} and stats["streams"] == 0
    assert stats["broker"]["state"] == "up" and "memory://" in stats["broker"]["url"]


def test_stats_are_refused_clearly_while_the_log_does_not_answer(sqlite_client):
    sqlite_client.execute("ALTER TABLE event_log_head RENAME TO away")
    answer = sqlite_client.get("/api/stats", status=503)
    assert answer.content_type == "application/problem+json" and "event_log" not in answer.text and "Retry-After" in answer.headers
