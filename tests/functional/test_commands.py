"""The console commands when they cannot: one line on stderr and exit code 1, and never what is nobody's business."""
import io
import sqlite3
import sys
from contextlib import closing

import psycopg2
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from myapp import db
from myapp.realtime import StartUpError
from myapp.scripts import init_db, prune, publish

LOGGING = """
[loggers]
keys = root
[handlers]
keys =
[formatters]
keys =
[logger_root]
level = WARNING
handlers =
"""
APP = "[app:main]\nuse = egg:myapp\n"
SECRET = "sesame"
PAYLOAD = "of nobody's business"
COMMANDS = {
    "myapp-init-db": (init_db.main, ()),
    "myapp-prune": (prune.main, ()),
    "myapp-publish": (publish.main, ("users", "user_nudged", f'{{"text": "{PAYLOAD}"}}')),
}
every_command = pytest.mark.parametrize("prog", COMMANDS)


@pytest.fixture
def make_ini(tmp_path):
    """make_ini(text or bytes): the path of an ini file that has them."""
    def make(content):
        path = tmp_path / "some.ini"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path
    return make


@pytest.fixture
def ini(migrated, make_ini):
    """The path of an ini file that is good, with a database of each kind that has its schema."""
    return make_ini(f"{APP}sqlalchemy.url = {migrated}\n{LOGGING}")


@pytest.fixture
def sqlite_ini(migrated_sqlite, make_ini):
    return make_ini(f"{APP}sqlalchemy.url = {migrated_sqlite}\n{LOGGING}")


@pytest.fixture
def complaint(capsys):
    """complaint(prog, ini): run the command, which must fail, and return the one line that it says."""
    def run(prog, ini, *arguments):
        main, usual = COMMANDS[prog]
        with pytest.raises(SystemExit) as caught:
            main([str(ini), *(arguments or usual)])
        [line] = capsys.readouterr().err.splitlines()
        assert caught.value.code == 1
        assert line.startswith(f"{prog}: ") and ";" in line     # what; what to do
        for private in (SECRET, PAYLOAD, "SELECT", "INSERT", "UPDATE", "parameters"):
            assert private not in line
        return line
    return run


def run_statement(url, statement):
    engine = db.create_engine({"sqlalchemy.url": url})
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


# The ini file

@every_command
@pytest.mark.parametrize(("content", "wanted"), [
    (f"sqlalchemy.url = postgresql://u:{SECRET}@h/d", "MissingSectionHeaderError line 1"),
    (f"{APP}  = {SECRET}\n =\nsqlalchemy.url", "ParsingError line"),
    (f"{APP}sqlalchemy.url = postgresql://u:%40{SECRET}@h/d{LOGGING}", "InterpolationSyntaxError section [app:main] key sqlalchemy.url"),
    (f"{APP}use = egg:myapp\n", "key use"),
    ("", "No section 'main'"),
    (f"[server:main]\nuse = egg:myapp\n{LOGGING}", "No section 'main'"),
    (f"[app:main]\nuse = egg:there-is-none\n{LOGGING}", "there-is-none"),
    (f"[app:main]\nuse = egg:myapp#none\n{LOGGING}", "'none'"),
    (f"{APP}x = é{LOGGING}".encode("latin-1"), "not UTF-8 at byte 31"),
], ids=["no section", "no key", "bad %", "twice", "empty", "no application", "no egg", "no entry point", "latin-1"])
def test_an_ini_file_that_cannot_be_read_is_said_in_one_line(make_ini, complaint, prog, content, wanted):
    ini = make_ini(content)
    line = complaint(prog, ini)
    assert wanted in line and str(ini) in line


@every_command
def test_an_ini_file_that_is_none_is_said_in_one_line(tmp_path, complaint, prog):
    assert f"{tmp_path}/none.ini cannot be read" in complaint(prog, tmp_path / "none.ini")
    (tmp_path / "folder.ini").mkdir()
    assert f"{tmp_path}/folder.ini cannot be read" in complaint(prog, tmp_path / "folder.ini")
    assert "name an ini file" in complaint(prog, tmp_path / "some.yaml")


@every_command
@pytest.mark.parametrize(("logging", "wanted"), [
    ("[loggers]\nkeys = root\n", "'formatters'"),
    (LOGGING.replace("WARNING", "LOUD"), "LOUD"),
    (LOGGING.replace("[handlers]\nkeys =", "[handlers]\nkeys = file") + "[handler_file]\nclass = FileHandler\nargs = ('/nowhere/log',)\n",
     "/nowhere/log"),
], ids=["half", "level", "file"])
def test_logging_that_cannot_be_set_up_is_said_in_one_line(migrated_sqlite, make_ini, complaint, prog, logging, wanted):
    assert wanted in complaint(prog, make_ini(f"{APP}sqlalchemy.url = {migrated_sqlite}\n{logging}"))


@pytest.mark.parametrize("prog", ["myapp-prune", "myapp-publish"])
def test_an_application_that_cannot_start_says_all_that_is_wrong_with_it(make_ini, prog):
    main, arguments = COMMANDS[prog]
    ini = make_ini(f"{APP}sqlalchemy.url = postgresql://u:{SECRET}@127.0.0.1:1/d\nrealtime.hartbeat = 1s\n{LOGGING}")
    with pytest.raises(StartUpError) as caught:
        main([str(ini), *arguments])
    assert len(caught.value.problems) == 2 and SECRET not in str(caught.value)


# The database

@pytest.mark.parametrize(("prog", "table"), [
    ("myapp-init-db", "users"), ("myapp-prune", "event_log_head"), ("myapp-publish", "event_log_head"), ("myapp-publish", "event_log")])
def test_a_table_that_is_missing_is_said_in_one_line(ini, migrated, complaint, prog, table):
    run_statement(migrated, f"ALTER TABLE {table} RENAME TO elsewhere")    # others refer to it
    assert "database" in complaint(prog, ini)


@pytest.mark.parametrize("prog", ["myapp-prune", "myapp-publish"])
def test_a_table_that_is_locked_is_said_in_one_line(migrated_postgresql, make_ini, complaint, monkeypatch, prog):
    monkeypatch.setattr(db, "POSTGRESQL_LIMITS", ("SET lock_timeout = '50ms'",))
    ini = make_ini(f"{APP}sqlalchemy.url = {migrated_postgresql}\n{LOGGING}")
    with closing(psycopg2.connect(migrated_postgresql)) as rival, rival.cursor() as cursor:
        cursor.execute("LOCK event_log_head IN EXCLUSIVE MODE")     # which lets others read
        assert "database" in complaint(prog, ini)


def test_a_database_that_is_locked_is_said_in_one_line(sqlite_ini, migrated_sqlite, complaint, monkeypatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 50)
    with closing(sqlite3.connect(make_url(migrated_sqlite).database, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        assert "database is locked" in complaint("myapp-init-db", sqlite_ini)


def test_a_database_of_a_newer_release_is_said_in_one_line(ini, migrated, complaint):
    run_statement(migrated, "UPDATE alembic_version SET version_num = 'app_9999' WHERE version_num LIKE 'app%'")
    line = complaint("myapp-init-db", ini)
    assert "app_9999" in line and "newer release" in line


# The arguments

@pytest.mark.parametrize("arguments", [
    ("\udcff", "user_nudged", "{}"), ("users", "\udcff", "{}"), ("users", "user_nudged", '{"text": "\udcff"}'),
    ("users", "user_nudged", "{}", "--key", "\udcff")], ids=["topic", "type", "data", "key"])
def test_bytes_that_are_no_utf_8_are_said_in_one_line(sqlite_ini, complaint, arguments):
    assert "not UTF-8" in complaint("myapp-publish", sqlite_ini, *arguments)


@pytest.mark.parametrize(("given", "wanted"), [(f"{PAYLOAD}\xff".encode("latin-1"), "not UTF-8"), (f"{PAYLOAD}".encode(), "JSON"),
                                               (b"[" * 100_000, "JSON")], ids=["latin-1", "no JSON", "too deep"])
def test_data_that_cannot_be_read_is_said_in_one_line(sqlite_ini, complaint, monkeypatch, given, wanted):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    assert wanted in complaint("myapp-publish", sqlite_ini, "users", "user_nudged", "-")


@pytest.mark.parametrize(("arguments", "wanted"), [
    (("unheard-of", "user_created", "{}"), ["unheard-of", "users"]),
    (("no topic", "user_created", "{}"), ["'no topic'", "must be"]),
    (("users", "no type", "{}"), ["'no type'", "must be"]),
    (("users", "user_created", "{not json"), ["JSON"]),
    (("users", "user_created", "[1]"), ["JSON object"]),
    (("users", "user_created", '{"n": NaN}'), ["JSON"]),
], ids=["unknown topic", "bad topic", "bad type", "no JSON", "no object", "NaN"])
def test_what_cannot_be_published_is_said_in_one_line_and_stores_nothing(sqlite_ini, migrated_sqlite, capsys, arguments, wanted):
    with pytest.raises(SystemExit) as caught:
        publish.main([str(sqlite_ini), *arguments])
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert caught.value.code == 1 and line.startswith("myapp-publish: ") and all(part in line for part in wanted) and said.out == ""
    with closing(sqlite3.connect(make_url(migrated_sqlite).database)) as connection:
        assert connection.execute("SELECT * FROM event_log").fetchall() == []


def test_data_from_standard_input_is_published(sqlite_ini, migrated_sqlite, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO('{"text": "Zoë"}'.encode()), encoding="ascii"))
    publish.main([str(sqlite_ini), "users", "user_nudged", "-"])
    assert capsys.readouterr().out == "published user_nudged to users\n"
    with closing(sqlite3.connect(make_url(migrated_sqlite).database)) as connection:
        assert connection.execute("SELECT topic, type, data FROM event_log").fetchall() == [("users", "user_nudged", '{"text": "Zoë"}')]


def test_a_file_that_holds_no_password_is_said_in_one_line(sqlite_ini, tmp_path, complaint):
    (tmp_path / "password").write_bytes(f"{SECRET}\xff".encode("latin-1"))
    assert "not UTF-8" in complaint("myapp-init-db", sqlite_ini, "--admin-password-file", str(tmp_path / "password"))
    assert "cannot be read" in complaint("myapp-init-db", sqlite_ini, "--admin-password-file", str(tmp_path))


def test_a_value_of_a_metric_that_is_published_from_a_shell_is_kept_and_checked(ini, migrated, capsys):
    publish.main([str(ini), "metric:hall", "value", '{"value": 4, "unit": "kW"}'])
    with pytest.raises(SystemExit):
        publish.main([str(ini), "metric:hall", "value", '{"value": "5"}'])
    assert "data.value: This must be a finite number." in capsys.readouterr().err
    engine = db.create_engine({"sqlalchemy.url": migrated})
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT name, unit FROM metrics")).all() == [("hall", "kW")]
    engine.dispose()
