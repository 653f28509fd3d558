"""What the build is made of: the contents of code, templates and static files, and nothing else."""
import os
import shutil

import pytest

from myapp.realtime.build import build_id

FILES = {"__init__.py": "a = 1", "static/own.css": "a {}", "static/own.js": "1", "templates/page.jinja2": "<p>"}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "one" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "one"


@pytest.fixture
def copy(folder, tmp_path):
    """A copy of the same, as another process of the release has it: the build of a folder is read once."""
    return shutil.copytree(folder, tmp_path / "other")


@pytest.mark.parametrize("name", FILES)
def test_any_file_that_a_page_is_made_of_makes_another_build_by_its_content(folder, copy, name):
    (copy / name).write_text(FILES[name] + " ")
    assert build_id(copy) != build_id(folder)


def test_the_same_content_elsewhere_at_another_time_and_beside_other_data_is_the_same_build(folder, copy):
    for name in FILES:
        os.utime(copy / name, (1, 1))
    (copy / "shop.sqlite").write_text("data")
    assert build_id(copy) == build_id(folder)
