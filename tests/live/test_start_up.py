"""How a process starts that cannot: at once, with one message that lists everything that is wrong and what to do.

What may be wrong with a database, each by itself: tests/functional/test_database.py.
"""
import subprocess

from .server import START_S, Server, command, free_port, run

FILES = 256     # open ones that a process may have


def test_everything_that_is_wrong_is_in_one_message_with_what_to_do(tmp_path):
    url = f"postgresql://somebody:sesame@127.0.0.1:{free_port()}/nowhere"
    settings = {"realtime.hartbeat": "15s", "realtime.tail_interval": "soon", "realtime.broker": "memori://", "myapp.auto_logon": "admin"}
    done = run("pserve", Server(tmp_path, url, settings).ini)
    assert done.returncode != 0 and "Traceback" not in done.stderr + done.stdout
    message = done.stderr.partition("The application cannot start")[2]
    assert message.startswith(", 5 to put right:")
    problems = [line for line in message.splitlines() if line.startswith("  - ")]
    assert len(problems) == 5
    for wanted in (["realtime.hartbeat", "did you mean 'realtime.heartbeat'?"], ["realtime.tail_interval", "'soon'", "500ms, 15s, 5m, 7d"],
                   ["realtime.broker", "memori", "did you mean 'memory'?"], ["myapp.auto_logon", "did you mean 'myapp.auto_login'?"],
                   ["sqlalchemy.url", "cannot be reached", "start the database or correct the URL"]):
        assert any(all(part in problem for part in wanted) for problem in problems), (wanted, problems)
    assert "sesame" not in done.stderr + done.stdout


def test_a_setting_of_the_server_that_is_wrong_is_named_with_what_is_allowed(migrated_sqlite, tmp_path):
    done = run("pserve", Server(tmp_path, migrated_sqlite, threads="many").ini)
    assert done.returncode == 1
    assert "[server:main]: threads = 'many': must be a whole number, 1 or more" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_a_connection_limit_that_leaves_no_streams_is_one_clear_sentence(migrated_sqlite, tmp_path):
    server = Server(tmp_path, migrated_sqlite, threads=f"4\nconnection_limit = {FILES}")
    done = subprocess.run(["sh", "-c", f"ulimit -n {FILES}; exec {command('pserve')} {server.ini}"], timeout=START_S, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 1
    sentences = [line for line in (done.stdout + done.stderr).splitlines() if "[server:main]" in line]
    assert len(sentences) == 1
    for wanted in [f"connection_limit = {FILES}: leaves no room for streams", f"may have {FILES} open files", "ulimit -n", "LimitNOFILE="]:
        assert wanted in sentences[0]
    assert "Traceback" not in done.stderr + done.stdout
