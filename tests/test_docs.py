"""What README.rst says of settings and commands is what the code knows. Of the ini files: functional/test_ini_files.py."""
import re
from pathlib import Path

import myapp.realtime.settings
from myapp.app.settings import SETTINGS
from myapp.server.settings import TABLE as SERVER_SETTINGS

ROOT = Path(__file__).parents[1]
SETTINGS_OF = {"realtime.": myapp.realtime.settings.TABLE, "myapp.": SETTINGS}
KNOWN = {prefix + setting.key: setting for prefix, table in SETTINGS_OF.items() for setting in table}
ROW = re.compile(r"^   \* - ``([^`]+)``\n     - (.+)\n     - (.+)$", re.MULTILINE)


def readme_rows():
    return {key: (default, meaning) for key, default, meaning in ROW.findall((ROOT / "README.rst").read_text())}


def test_the_readme_has_every_setting_with_its_default_and_meaning_and_no_other():
    assert readme_rows() == {
        key: (f"``{setting.default}``" if setting.default else "not set", setting.meaning)
        for key, setting in [*KNOWN.items(), *((setting.key, setting) for setting in SERVER_SETTINGS)]}


def test_every_default_is_one_that_its_own_cast_takes():
    for setting in KNOWN.values():
        if setting.default:
            setting.cast(setting.default)


def test_every_command_of_the_package_is_in_the_readme():
    commands = re.findall(r'"(myapp-[a-z-]+) =', (ROOT / "setup.py").read_text())
    readme = (ROOT / "README.rst").read_text()
    assert commands and all(f"``{command}" in readme for command in commands)
