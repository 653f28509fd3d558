"""myapp-init-db: what it makes, what it says, and that a second run changes nothing."""
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from myapp import db
from myapp.scripts.init_db import main

INI = """
[app:main]
use = egg:myapp
sqlalchemy.url = {url}
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


@pytest.fixture
def ini(database_url, tmp_path):
    """An ini file of an empty database."""
    path = tmp_path / "some.ini"
    path.write_text(INI.format(url=database_url))
    return path


def rows(url, statement):
    engine = db.create_engine({"sqlalchemy.url": url})
    try:
        with engine.connect() as connection:
            return connection.execute(sa.text(statement)).all()
    finally:
        engine.dispose()


def everything(url):
    return [rows(url, f"SELECT * FROM {table} ORDER BY 1") for table in ("users", "channels", "number_rows", "displays", "event_log")]


def run(url, statement):
    engine = db.create_engine({"sqlalchemy.url": url})
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(statement))
    finally:
        engine.dispose()


def fails(capsys, *arguments):
    """Run the command, which must fail, and return the one line that it says."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    [line] = capsys.readouterr().err.splitlines()
    assert caught.value.code == 1 and line.startswith("myapp-init-db: ")
    return line


def test_it_is_installed_as_a_command():
    names = {point.name for point in entry_points(group="console_scripts")}
    assert "myapp-init-db" in names


def test_a_first_run_makes_the_schema_and_the_admin_with_a_password_that_is_shown_once(ini, database_url, capsys):
    main([str(ini)])
    said = capsys.readouterr().out
    password = said.rpartition(" ")[2].strip()
    [(name, email, role, stored)] = rows(database_url, "SELECT name, email, role, password_hash FROM users")
    assert (name, email, role) == ("admin", "admin@localhost", "admin")
    assert len(password) >= 16 and PasswordHasher().verify(stored, password)
    assert rows(database_url, "SELECT topic, type FROM event_log WHERE topic = 'users'") == [("users", "user_created")]


def test_a_first_run_makes_the_channels_that_every_application_has(ini, database_url, capsys):
    main([str(ini)])
    assert rows(database_url, "SELECT name, title, kind, visibility FROM channels ORDER BY id") == [
        ("general", "General", "discussion", "public"), ("announcements", "Announcements", "announcement", "public")]
    assert rows(database_url, "SELECT type FROM event_log WHERE topic = 'channels'") == [("channel_created",)] * 2
    assert rows(database_url, "SELECT user_name, subject FROM audit WHERE action = 'channel_created' ORDER BY id") == [
        ("console", "channel 1 (general)"), ("console", "channel 2 (announcements)")]


def test_a_channel_that_there_is_already_stays_as_it_is_and_one_that_was_deleted_is_made_again(ini, database_url, capsys):
    main([str(ini)])
    run(database_url, "UPDATE channels SET title = 'Talk', kind = 'announcement' WHERE name = 'general'")
    run(database_url, "DELETE FROM channels WHERE name = 'announcements'")
    main([str(ini)])
    assert rows(database_url, "SELECT name, title FROM channels ORDER BY id") == [("general", "Talk"), ("announcements", "Announcements")]


def test_a_second_run_changes_nothing(ini, database_url, capsys):
    main([str(ini), "--sample"])
    before = everything(database_url)
    main([str(ini), "--sample", "--admin-password", "another one"])
    assert everything(database_url) == before
    assert "There is an admin already" in capsys.readouterr().out


def test_a_password_that_is_given_is_taken_and_not_shown(ini, database_url, tmp_path, capsys):
    (tmp_path / "password").write_text("from a file\nnot this\n")
    main([str(ini), "--admin-password-file", str(tmp_path / "password")])
    assert "from a file" not in capsys.readouterr().out
    [(stored,)] = rows(database_url, "SELECT password_hash FROM users")
    assert PasswordHasher().verify(stored, "from a file")


def test_the_sample_is_ten_users_and_some_rows_and_an_event_of_each(ini, database_url, capsys):
    main([str(ini), "--sample", "--admin-password", "12345678"])
    assert rows(database_url, "SELECT count(*) FROM users") == [(11,)]
    assert rows(database_url, "SELECT count(*) FROM event_log WHERE topic = 'users'") == [(11,)]
    assert rows(database_url, "SELECT count(*) FROM channels") == [(2,)]
    assert rows(database_url, "SELECT a, b FROM number_rows ORDER BY id") == [(3, 3), (8, 8), (5, 5)]
    assert rows(database_url, "SELECT count(*) FROM event_log WHERE topic = 'rows'") == [(3,)]
    assert rows(database_url, "SELECT slug FROM displays") == [("lobby",)]


def test_a_new_epoch_is_another_one(ini, database_url, capsys):
    main([str(ini)])
    before = rows(database_url, "SELECT epoch, seq FROM event_log_head")
    main([str(ini), "--new-epoch"])
    [(epoch, seq)] = rows(database_url, "SELECT epoch, seq FROM event_log_head")
    assert epoch != before[0][0] and seq == before[0][1]


def test_a_password_that_is_too_short_is_said_and_no_account_is_made(ini, database_url, capsys):
    assert "password: 8 to 200 characters" in fails(capsys, ini, "--admin-password", "short")
    assert rows(database_url, "SELECT count(*) FROM users") == [(0,)]


def test_what_cannot_be_done_is_said_in_one_line(tmp_path, capsys):
    assert "none.ini" in fails(capsys, tmp_path / "none.ini")
    (tmp_path / "empty.ini").write_text("")
    fails(capsys, tmp_path / "empty.ini")
    (tmp_path / "bad.ini").write_text("[app:main\n")
    fails(capsys, tmp_path / "bad.ini")
    (tmp_path / "away.ini").write_text(INI.format(url="postgresql://u:secret@127.0.0.1:1/d"))
    assert "secret" not in fails(capsys, tmp_path / "away.ini")
    (tmp_path / "nowhere.ini").write_text(INI.format(url="sqlite:////nowhere/at/all.sqlite"))
    fails(capsys, tmp_path / "nowhere.ini")
    (tmp_path / "without.ini").write_text(INI.format(url=""))
    assert "sqlalchemy.url is missing" in fails(capsys, tmp_path / "without.ini")
    (tmp_path / "good.ini").write_text(INI.format(url=f"sqlite:///{tmp_path}/x.sqlite"))
    fails(capsys, tmp_path / "good.ini", "--admin-password-file", tmp_path / "none")


def test_two_runs_at_once_make_one_schema_and_one_admin(ini, database_url):
    command = [sys.executable, "-c", "from myapp.scripts.init_db import main; main()", str(ini)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert rows(database_url, "SELECT count(*) FROM users") == [(1,)], outputs
    assert rows(database_url, "SELECT count(*) FROM channels") == [(2,)], outputs
    assert rows(database_url, "SELECT count(*) FROM alembic_version") == [(2,)]
    assert any("Made the account admin" in output for output in outputs)
    assert not any("Traceback" in output for output in outputs), outputs


def test_alembics_own_command_works_on_the_ini_file(ini, database_url):
    text = ini.read_text() + ("\n[alembic]\nscript_location = myapp:alembic\npath_separator = space\n"
                              "version_locations = myapp:alembic/versions myapp:realtime/migrations\n")
    ini.write_text(text)
    subprocess.run([sys.executable, "-m", "alembic", "-c", str(ini), "upgrade", "heads"], check=True, timeout=60)
    assert {row[0][:4] for row in rows(database_url, "SELECT version_num FROM alembic_version")} == {"app_", "real"}
