"""The database layer: how transactions begin, what is retried, what is bounded, and what the start-up check says."""
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

import myapp
from myapp import db, migration, schema
from myapp.realtime import StartUpError, log


@pytest.fixture
def engine(migrated):
    engine = db.create_engine({"sqlalchemy.url": migrated})
    yield engine
    engine.dispose()


# Engine

@pytest.mark.parametrize("text, driver", [
    ("postgresql://u@h/d", "postgresql+psycopg2"), ("postgresql+psycopg2://u@h/d", "postgresql+psycopg2"), ("sqlite:////tmp/x", "sqlite")])
def test_postgresql_means_psycopg2(text, driver):
    assert db.read_url({"sqlalchemy.url": text}).drivername == driver


@pytest.mark.parametrize("settings, said", [
    ({}, "sqlalchemy.url is missing"), ({"sqlalchemy.url": "nonsense"}, "cannot be read"),
    ({"sqlalchemy.url": "postgresql://u:se/cret@h:port/d"}, "cannot be read"),
    ({"sqlalchemy.url": "mysql://u:secret@h/d"}, "not supported"),
    ({"sqlalchemy.url": "sqlite:///x", "sqlalchemy.pool_sise": "3"}, "pool_sise"),
    ({"sqlalchemy.url": "postgresql+nothing://u:secret@h/d"}, "postgresql")])
def test_a_wrong_key_is_said_in_one_sentence_without_the_password(settings, said):
    with pytest.raises(ValueError, match=said) as caught:
        db.create_engine(settings)
    assert "secret" not in str(caught.value) and "cret" not in str(caught.value)


def test_postgresql_waits_for_nothing_for_ever(postgresql_database):
    engine = db.create_engine({"sqlalchemy.url": postgresql_database})
    with engine.connect() as connection:
        connection.rollback()       # what is set must not go with a rollback
        shown = {name: connection.scalar(sa.text(f"SHOW {name}")) for name in (
            "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_isolation")}
    engine.dispose()
    assert shown == {"lock_timeout": "5s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "30s",
                     "transaction_isolation": "read committed"}


def test_sqlite_is_set_up_for_many_processes(migrated_sqlite):
    engine = db.create_engine({"sqlalchemy.url": migrated_sqlite})
    with engine.connect() as connection:
        shown = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys", "busy_timeout")}
    engine.dispose()
    assert shown["journal_mode"] == "wal" and shown["foreign_keys"] == 1 and shown["busy_timeout"] >= 5000


def begins(client, ask):
    seen = []
    engine = client.registry["dbsession_factory"].kw["bind"]
    sa.event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    ask()
    return [statement for statement in seen if statement.startswith("BEGIN")]


def test_on_sqlite_readers_begin_deferred_and_all_others_immediate_once_it_is_known_who_asks(sqlite_client):
    assert begins(sqlite_client, lambda: sqlite_client.get("/api/users")) == ["BEGIN"]
    assert begins(sqlite_client, lambda: sqlite_client.head("/api/users")) == ["BEGIN"]
    assert begins(sqlite_client, lambda: sqlite_client.put_json("/api/users/1", {"name": "x"})) == ["BEGIN", "BEGIN IMMEDIATE"]


def test_a_reader_sees_one_moment_and_holds_up_no_writer(sqlite_client):
    with sqlite_client.registry["dbsession_readers"]() as reader:
        count = sa.text("SELECT count(*) FROM users")
        assert reader.scalar(count) == 1
        sqlite_client.add_user("Ada")
        assert reader.scalar(count) == 1
    assert sqlite_client.rows("SELECT count(*) FROM users") == [(2,)]


def test_moments_come_back_in_utc(engine):
    from datetime import UTC, datetime, timedelta, timezone

    table = sa.Table("moments", sa.MetaData(), sa.Column("at", db.UTCDateTime))
    given = datetime(2026, 1, 31, 9, 5, 9, 123456, timezone(timedelta(hours=2)))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"at": given}, {"at": None}])
        moment, none = connection.scalars(sa.select(table.c.at).order_by(table.c.at.is_(None)))
    assert (moment, moment.tzinfo, none) == (given, UTC, None)


# Retries

def test_a_change_that_another_overtook_is_made_again_on_what_is_there_now(client):
    """Both read version 1; who comes second must not write over the first, and needs no luck to succeed."""
    user = client.add_user("Ada")
    overtaken, once = [], threading.Event()

    def overtake(mapper, connection, target):
        if not once.is_set():
            once.set()
            with client.registry["dbsession_factory"]() as other:
                if other.get_bind().dialect.name == "postgresql":
                    other.execute(sa.text(f"UPDATE users SET email = 'new@example.org', version = version + 1 WHERE id = {user['id']}"))
                    other.commit()
                    overtaken.append(True)

    from myapp.app.models import User
    sa.event.listen(User, "before_update", overtake)
    try:
        answer = client.put_json(f"/api/users/{user['id']}", {"name": "Ada 2"}).json
    finally:
        sa.event.remove(User, "before_update", overtake)
    assert answer["name"] == "Ada 2"
    if overtaken:       # on SQLite nobody can: BEGIN IMMEDIATE
        assert (answer["email"], answer["version"]) == ("new@example.org", 3)
    assert [event[1] for event in client.events()[2:]] == ["user_updated"]


def test_an_error_at_commit_is_retried_three_times_and_then_said(migrated_postgresql, make_client):
    """A deadlock can be found by the very COMMIT, or by the hook before it, after the view has answered."""
    client = make_client(migrated_postgresql)
    client.add_user("admin", "admin", email="admin@localhost")
    with client.registry["dbsession_factory"].begin() as dbsession:
        dbsession.connection().exec_driver_sql(
            "CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END$$;"
            "CREATE CONSTRAINT TRIGGER conflict AFTER INSERT ON event_log DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION conflict()")
    begun = begins_of(client)
    client.post_json("/api/users", {"name": "Ada", "email": "a@b"}, status=503)
    assert begun.count("INSERT INTO users") == 3
    assert client.rows("SELECT count(*) FROM users") == [(1,)]
    assert client.registry["dbsession_factory"].kw["bind"].pool.checkedout() == 0


def begins_of(client):
    seen = []
    sa.event.listen(client.registry["dbsession_factory"].kw["bind"], "before_cursor_execute",
                    lambda *given: seen.append(" ".join(given[2].split()[:3])))
    return seen


# Start-up

def start(url, **settings):
    return myapp.main({}, **{"sqlalchemy.url": url, **settings})


def test_an_empty_database_is_not_migrated_by_the_server(postgresql_database):
    with pytest.raises(StartUpError, match="myapp-init-db INI") as caught:
        start(postgresql_database)
    assert "it has none" in str(caught.value)


def test_a_schema_of_another_release_is_told_from_this_one(migrated):
    engine = db.create_engine({"sqlalchemy.url": migrated})
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'app_9999' WHERE version_num LIKE 'app%'"))
    engine.dispose()
    with pytest.raises(StartUpError, match="app_9999"):
        start(migrated)


def test_a_file_that_is_not_there_is_said_and_not_made(tmp_path):
    with pytest.raises(StartUpError, match="myapp-init-db INI"):
        start(f"sqlite:///{tmp_path}/none.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE of_somebody_else (one integer)")
    with pytest.raises(StartUpError, match="run `myapp-init-db INI`"):
        start(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("of_somebody_else",)]


def test_where_none_is_named_it_is_said_how_one_is():
    with pytest.raises(StartUpError, match="sqlalchemy.url is missing: use sqlite:////"):
        start("")


def test_a_file_that_is_no_database_is_said(tmp_path):
    Path(tmp_path / "x.sqlite").write_text("no database, only words; " * 100)
    with pytest.raises(StartUpError, match="cannot be reached"):
        start(f"sqlite:///{tmp_path}/x.sqlite")


@pytest.mark.parametrize("url", ["postgresql://myapp:secret@127.0.0.1:1/myapp", "postgresql://myapp:secret@/myapp?host=/nowhere"])
def test_a_server_that_is_away_is_said_without_the_password(url):
    with pytest.raises(StartUpError, match="cannot be reached") as caught:
        start(url)
    assert "secret" not in str(caught.value) and "myapp:***@" in str(caught.value)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(StartUpError) as caught:
        start("sqlite:////nowhere/x.sqlite", **{"myapp.auto_logn": "admin", "realtime.heartbeat": "often", "realtime.hartbeat": "15s"})
    assert len(caught.value.problems) == 4
    for said in ("did you mean 'myapp.auto_login'", "realtime.heartbeat = 'often'", "realtime.hartbeat", "/nowhere/x.sqlite"):
        assert said in str(caught.value)


# Migrations

def test_the_migrations_make_what_the_models_say(engine):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), [db.Base.metadata, log.metadata]) == []


def test_the_revisions_of_this_release_and_of_a_database_are_those_that_alembic_finds(engine):
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    assert schema.heads() == set(ScriptDirectory.from_config(migration.make_config()).get_heads())
    with engine.connect() as connection:
        assert schema.present(connection) == set(MigrationContext.configure(connection).get_current_heads())


def test_migrating_twice_changes_nothing(engine):
    migration.upgrade(engine)
    assert schema.check(engine) == []


def test_users_of_a_former_release_are_found_by_their_names(engine):
    from alembic import command

    with engine.begin() as connection:
        config = migration.make_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "app_0006")
        connection.execute(sa.text("INSERT INTO users (name, email, email_key, role, version, created, changed) VALUES "
                                   "('ZOË', 'z@x', 'z@x', 'member', 1, '2026-01-01', '2026-01-01')"))
    migration.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT name_key, changed_by FROM users WHERE name = 'ZOË'")).all() == [("zoë", "")]


def test_the_way_down_leads_to_an_empty_database(engine):
    from alembic import command

    with engine.begin() as connection:
        config = migration.make_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "app@base")
        command.downgrade(config, "realtime@base")
    with engine.connect() as connection:
        assert set(sa.inspect(connection).get_table_names()) - {"alembic_version"} == set()


def test_a_stricter_isolation_level_is_refused_with_the_reason():
    settings = {"sqlalchemy.url": "postgresql://a@localhost/b", "sqlalchemy.isolation_level": "SERIALIZABLE"}
    with pytest.raises(ValueError, match="must be READ COMMITTED"):
        db.create_engine(settings)


@pytest.mark.parametrize("how", ["replaced", "removed"])
def test_a_file_that_was_replaced_or_removed_is_not_written_to_any_more(sqlite_client, tmp_path, how):
    path = Path(db.make_url(sqlite_client.registry["dbsession_factory"].kw["bind"].url).database)
    sqlite_client.get("/api/users")
    with sqlite3.connect(path) as source, sqlite3.connect(tmp_path / "backup") as backup:
        source.backup(backup)
    source.close(), backup.close()
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
    if how == "replaced":
        (tmp_path / "backup").rename(path)
    answer = sqlite_client.post_json("/api/users", {"name": "Ada", "email": "ada@example.org"}, expect_errors=True)
    assert answer.status_int == (201 if how == "replaced" else 503)
    with sqlite3.connect(path) as connection:
        tables = [name for name, in connection.execute("SELECT name FROM sqlite_master WHERE name = 'users'")]
        assert not tables if how == "removed" else connection.execute("SELECT count(*) FROM users").fetchone() == (2,)
    connection.close()
