"""Settings are read by their table, and all that is wrong is said at once."""
import pytest
from pyramid.config import Configurator

from myapp.realtime import Setting, StartUpError, duration, duration_range, integer, size, text
from myapp.realtime.settings import read_table, shown


def kind(value):
    if value not in {"left", "right"}:
        raise ValueError("left or right")
    return value


TABLE = [
    Setting("broker", text, "memory://", "."), Setting("heartbeat", duration("200ms", "1m"), "15s", "."),
    Setting("rows", integer(1, 9), "", "."), Setting("retry", duration_range(), "2s..5s", "."), Setting("big", size(), "1MiB", "."),
    Setting("kind", kind, "left", ".")]


@pytest.mark.parametrize(("key", "given", "value"), [
    ("heartbeat", "500ms", 0.5), ("heartbeat", "1.5s", 1.5), ("heartbeat", "15", 15.0), ("heartbeat", " 1m ", 60.0),
    ("heartbeat", "", 15.0), ("heartbeat", "100ms", None), ("heartbeat", "61s", None), ("heartbeat", "-1s", None),
    ("heartbeat", "1h30m", None), ("heartbeat", "٣s", None), ("heartbeat", "nan", None), ("rows", "", None), ("rows", "9", 9),
    ("rows", "10", None), ("retry", "1s..2m", (1.0, 120.0)), ("retry", "3s", (3.0, 3.0)), ("retry", "5s..2s", None),
    ("retry", "..", None), ("big", "64KiB", 65536), ("big", "12", 12), ("big", "1 MiB", 1 << 20), ("big", "1MB", None),
    ("kind", "right", "right"), ("kind", "rihgt", None)])
def test_text_is_read_or_refused(key, given, value):
    values, problems = read_table({f"x.{key}": given}, "x.", TABLE)
    if value is None and given:
        assert len(problems) == 1 and f"x.{key} = " in problems[0]
    else:
        assert not problems and values[key] == value


def test_what_is_missing_has_its_default_and_other_prefixes_are_not_looked_at():
    values, problems = read_table({"y.heartbeat": "nonsense"}, "x.", TABLE)
    assert not problems
    assert values == {
        "broker": "memory://", "heartbeat": 15.0, "rows": None, "retry": (2.0, 5.0), "big": 1 << 20, "kind": "left"}


def test_an_unknown_key_names_the_nearest():
    _, (problem,) = read_table({"x.hartbeat": "15s"}, "x.", TABLE)
    assert "x.hartbeat" in problem and "did you mean 'x.heartbeat'?" in problem


@pytest.mark.parametrize("url", [
    "redis://user:hunter2@host/0", "redis://:hun/hunter2@host/0", "amqp://u:hunt@hunter2@host", "redis://host?password=hunter2",
    "redis://u:a\nhunter2@host"])
def test_no_password_is_ever_shown(url):
    assert "hunter2" not in shown("broker", url) and "host" in shown("broker", url)
    _, (problem,) = read_table({"x.brocker": url}, "x.", TABLE)
    assert "hunter2" not in problem
    assert "hunter2" not in shown("secret", "hunter2")


def test_a_value_that_is_no_text_counts_even_when_it_is_false():
    values, problems = read_table({"x.heartbeat": 3, "x.rows": 0}, "x.", TABLE)
    assert values["heartbeat"] == 3.0 and len(problems) == 1 and "x.rows" in problems[0]


def test_checks_that_are_added_after_a_commit_run_at_the_next():
    config = Configurator(settings={"x.kind": "no"})
    config.include("myapp.realtime.settings")
    config.add_start_up_check(lambda: [])
    config.commit()
    config.read_settings("x.", TABLE)
    with pytest.raises(StartUpError):
        config.commit()


def test_all_that_is_wrong_is_said_in_one_message_that_ends_the_program():
    config = Configurator(settings={"x.heartbeat": "no", "x.kind": "no", "y.a": "b"})
    config.include("myapp.realtime.settings")
    config.read_settings("x.", TABLE)
    config.read_settings("y.", [])
    config.add_start_up_check(lambda: ["the database is away"])
    with pytest.raises(StartUpError) as caught:
        config.commit()
    assert isinstance(caught.value, SystemExit) and len(caught.value.problems) == 4
    assert all(part in str(caught.value) for part in ("x.heartbeat", "x.kind", "y.a", "the database is away"))
