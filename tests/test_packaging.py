"""What is built and shipped: the sdist and the wheel made from it, the locks, and that nothing of others is committed."""
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
VENDOR = "myapp/app/static/vendor/"
LIBRARIES = {"bootstrap.min.css", "bootstrap.bundle.min.js", "htmx.min.js", "uPlot.iife.min.js", "uPlot.min.css"}
LICENSES = {"bootstrap.LICENSE.txt", "popper.LICENSE.txt", "htmx.LICENSE.txt", "uPlot.LICENSE.txt"}
NEVER_TRACKED = re.compile(r"\.min\.(js|css)(\.map)?$|(^|/)(node_modules|vendor)/|\.egg-info/|\.whl$|\.sqlite$|\.py[cod]$")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout with the browser libraries in it, and with nothing else that git ignores."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in [*files_of_the_checkout(), *(f"{VENDOR}{path.name}" for path in (ROOT / VENDOR).iterdir())]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def without_node(tmp_path_factory):
    """An environment whose PATH has neither node nor npm."""
    return {"PATH": str(tmp_path_factory.mktemp("empty"))}


@pytest.fixture(scope="module")
def dist(checkout, without_node, tmp_path_factory):
    """The folder with the sdist and the wheel made from it, built once and without node."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout, env=without_node)
    return folder


@pytest.fixture(scope="module")
def wheel(dist):
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as archive:
        yield archive


@pytest.fixture(scope="module")
def sdist_files(dist):
    """The files of the sdist, without the folder that all lie in."""
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


def run(*command, **options):
    """Run a command in the checkout and return what it printed; what it complained of shows when it fails."""
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def files_of_the_checkout(*under):
    """Return the names of all files that are tracked, or new and not ignored; all of them or those of one folder."""
    names = run("git", "ls-files", "--cached", "--others", "--exclude-standard", *under).splitlines()
    return {name for name in names if (ROOT / name).is_file()}


def test_the_wheel_has_every_file_of_the_package(wheel):
    assert files_of_the_checkout("myapp") - set(wheel.namelist()) == set()


def test_the_wheel_has_templates_migrations_and_the_typing_mark(wheel):
    names = set(wheel.namelist())
    assert "myapp/realtime/py.typed" in names
    assert "myapp/alembic/script.py.mako" in names
    assert any(name.startswith("myapp/alembic/versions/") for name in names)
    assert any(name.startswith("myapp/app/templates/") and name.endswith(".jinja2") for name in names)


def test_the_wheel_carries_the_browser_libraries_with_their_licences(wheel):
    assert {VENDOR + name for name in LIBRARIES | LICENSES} <= set(wheel.namelist())
    assert b"Bootstrap  v5.3.8" in wheel.read(VENDOR + "bootstrap.min.css")


def test_the_wheel_carries_the_package_alone(wheel):
    strangers = {name for name in wheel.namelist() if not re.match(r"myapp/|myapp-[^/]+\.dist-info/", name)}
    assert strangers == set()


def test_the_sdist_carries_the_browser_libraries_and_what_builds_them(sdist_files):
    assert {VENDOR + name for name in [*LIBRARIES, *LICENSES, "STAMP"]} <= sdist_files
    assert {"package.json", "package-lock.json", ".npmrc", "setup.py", "constraints.txt"} <= sdist_files


def test_the_sdist_has_every_file_of_the_package(sdist_files):
    assert files_of_the_checkout("myapp") - sdist_files == set()


def test_a_lock_that_changed_asks_for_npm_and_says_so_where_there_is_none(checkout, without_node, tmp_path):
    shutil.copytree(checkout, tmp_path / "checkout")
    with open(tmp_path / "checkout/package-lock.json", "a") as lock:
        lock.write("\n")
    done = subprocess.run([sys.executable, "setup.py", "--quiet", "build"], cwd=tmp_path / "checkout", env=without_node,
                          text=True, capture_output=True)
    assert done.returncode == 1
    assert "npm was not found on the PATH" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_declared_command_and_factory_can_be_loaded(wheel):
    text = wheel.read(next(name for name in wheel.namelist() if name.endswith("/entry_points.txt"))).decode()
    groups = re.split(r"^\[(.+)\]$", text, flags=re.MULTILINE)[1:]
    declared = [metadata.EntryPoint(*re.split(r"\s*=\s*", line), group)
                for group, lines in zip(groups[::2], groups[1::2], strict=True) for line in lines.split("\n") if line]
    assert len(declared) >= 6
    for entry_point in declared:
        assert callable(entry_point.load()), entry_point


def test_nothing_of_others_is_committed():
    tracked = run("git", "ls-files").splitlines()
    assert [name for name in tracked if NEVER_TRACKED.search(name)] == []
    assert run("git", "check-ignore", VENDOR + "htmx.min.js").strip() == VENDOR + "htmx.min.js"


def test_the_npm_lock_pins_exact_versions_and_names_no_registry():
    text = (ROOT / "package-lock.json").read_text()
    package = json.loads((ROOT / "package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    packages = json.loads(text)["packages"]
    assert '"resolved"' not in text
    assert wanted == {name: packages[f"node_modules/{name}"]["version"] for name in wanted}
    assert all("integrity" in package for name, package in packages.items() if name)


def test_what_is_installed_is_what_constraints_txt_pins(wheel):
    headers = Parser().parsestr(wheel.read(next(name for name in wheel.namelist() if name.endswith("/METADATA"))).decode())
    roots = [Requirement(line) for line in headers.get_all("Requires-Dist")]
    extras = set(headers.get_all("Provides-Extra"))
    installed = {name: metadata.version(name) for name in closure(roots, extras)}
    assert installed == {name: pinned_versions().get(name) for name in installed}


def closure(requirements, extras):
    """Return the canonical names of all packages that `requirements` lead to on this Python, with those of `extras`."""
    found, waiting = set(), [(requirement, extras) for requirement in requirements]
    while waiting:
        requirement, wanted = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in wanted | {""}):
            continue
        if (name, *sorted(requirement.extras)) in found:
            continue
        found.add((name, *sorted(requirement.extras)))
        waiting += [(Requirement(line), requirement.extras) for line in metadata.requires(name) or ()]
    return {name for name, *_ in found}


def pinned_versions():
    """Return canonical name -> version, of the lines of constraints.txt that hold on this Python."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    pins = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate()]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
