"""Both ini files: every key that the code knows is in them, with its default, and no other."""
import re
from pathlib import Path

import plaster
import pytest

from myapp.app.settings import SETTINGS
from myapp.realtime.settings import TABLE, read_table
from myapp.server.settings import TABLE as SERVER_SETTINGS

ROOT = Path(__file__).parents[2]
TABLES = {"realtime.": TABLE, "myapp.": SETTINGS}
FILES = ["development.ini", "production.ini"]


def keys(name, key=r"(?:realtime|myapp)\.[a-z_.]+"):
    """Return {key: (text, whether it is commented out)} of the keys that look like `key`: those under our prefixes."""
    found = re.findall(rf"^(#?)({key}) =[ ]?(.*)$", (ROOT / name).read_text(), re.MULTILINE)
    assert len({key for _, key, _ in found}) == len(found), "a key stands twice"
    return {key: (text, bool(comment)) for comment, key, text in found}


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_there_and_no_other(name):
    assert set(keys(name)) == {prefix + setting.key for prefix, table in TABLES.items() for setting in table}


@pytest.mark.parametrize("name", FILES)
def test_a_key_that_is_commented_out_has_its_default(name):
    defaults = {prefix + setting.key: setting.default for prefix, table in TABLES.items() for setting in table}
    for key, (text, is_commented) in keys(name).items():
        if is_commented:
            assert text == defaults[key], key


@pytest.mark.parametrize("name", FILES)
def test_the_servers_own_settings_are_there_with_their_defaults_and_four_threads(name):
    lines = keys(name, "|".join(["threads", *(setting.key for setting in SERVER_SETTINGS)]))
    assert lines == {"threads": ("4", False)} | {setting.key: (setting.default, True) for setting in SERVER_SETTINGS}


@pytest.mark.parametrize("name", FILES)
def test_every_value_is_one_that_the_code_takes(name):
    settings = plaster.get_settings(str(ROOT / name), "app:main")
    for prefix, table in TABLES.items():
        assert read_table(settings, prefix, table)[1] == []


@pytest.mark.parametrize("name", FILES)
def test_nothing_stands_in_default_where_it_would_win_over_the_command_line(name):
    assert "[DEFAULT]" not in re.sub("#.*", "", (ROOT / name).read_text())


def test_only_development_signs_in_by_itself():
    assert keys("development.ini")["myapp.auto_login"] == ("admin", False)
    assert keys("production.ini")["myapp.auto_login"] == ("", True)


def test_development_watches_every_template_script_and_style_sheet_of_ours():
    patterns = plaster.get_settings(str(ROOT / "development.ini"), "pserve")["watch_files"].split()
    watched = {path for pattern in patterns for path in ROOT.glob(pattern)}
    ours = {path for suffix in ("jinja2", "css", "js") for path in (ROOT / "myapp").rglob(f"*.{suffix}") if "vendor" not in path.parts}
    assert watched == ours != set()
