"""What is written about the settings, in README.rst and in both ini files, is what the code knows."""
import re
from configparser import RawConfigParser
from pathlib import Path

import pytest

import myapp.realtime.settings
from myapp.app.settings import SETTINGS
from myapp.server.settings import TABLE as SERVER_SETTINGS

ROOT = Path(__file__).parents[1]
SETTINGS_OF = {"realtime.": myapp.realtime.settings.TABLE, "myapp.": SETTINGS}
KNOWN = {prefix + setting.key: setting for prefix, table in SETTINGS_OF.items() for setting in table}
ROW = re.compile(r"^   \* - ``([^`]+)``\n     - (.+)\n     - (.+)$", re.MULTILINE)
INIS = ["development.ini", "production.ini"]


def readme_rows():
    return {key: (default, meaning) for key, default, meaning in ROW.findall((ROOT / "README.rst").read_text())}


def ini_lines(name, section="app:main"):
    """Return {key: (value, whether it is commented out)} of a section."""
    text = (ROOT / name).read_text().partition(f"\n[{section}]\n")[2].partition("\n[")[0]
    return {key: (value.strip(), bool(mark)) for mark, key, value in re.findall(r"^(#?)([a-z][a-z_.]*) *=(.*)$", text, re.MULTILINE)
            if section != "app:main" or key.startswith(tuple(SETTINGS_OF))}


def test_the_readme_has_every_setting_with_its_default_and_meaning_and_no_other():
    assert readme_rows() == {
        key: (f"``{setting.default}``" if setting.default else "not set", setting.meaning)
        for key, setting in [*KNOWN.items(), *((setting.key, setting) for setting in SERVER_SETTINGS)]}


@pytest.mark.parametrize("name", INIS)
def test_an_ini_file_shows_the_servers_own_settings_with_their_defaults_and_four_threads(name):
    lines = ini_lines(name, "server:main")
    assert {setting.key: lines.get(setting.key) for setting in SERVER_SETTINGS} == {
        setting.key: (setting.default, True) for setting in SERVER_SETTINGS}
    assert lines["threads"] == ("4", False)


@pytest.mark.parametrize("name", INIS)
def test_an_ini_file_has_every_setting_and_no_other(name):
    assert set(ini_lines(name)) == set(KNOWN)


@pytest.mark.parametrize("name", INIS)
def test_what_an_ini_file_shows_commented_out_is_the_default_and_what_it_sets_can_be_read(name):
    for key, (value, is_comment) in ini_lines(name).items():
        if is_comment:
            assert value == KNOWN[key].default, f"{name}: #{key}"
        elif value:
            KNOWN[key].cast(value)


@pytest.mark.parametrize("name", INIS)
def test_an_ini_file_has_no_default_section(name):
    parser = RawConfigParser(default_section="none of them")
    parser.read(ROOT / name)
    assert "DEFAULT" not in parser.sections() and "server:main" in parser.sections()


def test_every_default_is_one_that_its_own_cast_takes():
    for setting in KNOWN.values():
        if setting.default:
            setting.cast(setting.default)


def test_every_command_of_the_package_is_in_the_readme():
    commands = re.findall(r'"(myapp-[a-z-]+) =', (ROOT / "setup.py").read_text())
    readme = (ROOT / "README.rst").read_text()
    assert commands and all(f"``{command}" in readme for command in commands)
