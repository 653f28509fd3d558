"""Who may import whom. The add-on could live in another package, the server serve another application, the application be deleted."""
import ast
import fnmatch
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import myapp
from myapp import realtime

PACKAGE = Path(myapp.__file__).parent
R = "myapp.realtime"

# Of the standard library, what has no I/O.
PURE = {"abc", "collections", "concurrent.futures", "dataclasses", "functools", "itertools", "json", "re", "threading", "typing"}
STDLIB = set(sys.stdlib_module_names)

# file pattern -> (what of myapp it may import, what else it may import). The first pattern that fits counts. None: no limit.
RULES = {
    "myapp/__init__.py": (set(), {"pyramid"}),
    "myapp/realtime/errors.py": (set(), {"difflib"}),
    "myapp/realtime/core/*.py": ({f"{R}.core", f"{R}.errors"}, PURE),
    "myapp/realtime/brokers/__init__.py": ({f"{R}.core.event", f"{R}.errors", f"{R}.brokers.figures"}, STDLIB),
    "myapp/realtime/brokers/redis.py": ({f"{R}.brokers", f"{R}.errors"}, STDLIB | {"redis"}),
    "myapp/realtime/brokers/rabbitmq.py": ({f"{R}.brokers", f"{R}.errors"}, STDLIB | {"pika"}),
    "myapp/realtime/brokers/postgresql.py": ({f"{R}.brokers", f"{R}.errors"}, STDLIB | {"psycopg2"}),
    "myapp/realtime/brokers/*.py": ({f"{R}.{name}" for name in ("brokers", "core.event", "errors", "secret", "throttle")}, STDLIB),
    "myapp/realtime/transports/websocket_reader.py": ({f"{R}.transports.websocket"}, {"wsproto"}),
    "myapp/realtime/transports/*.py": ({f"{R}.core", f"{R}.errors", f"{R}.transports"}, STDLIB),
    "myapp/realtime/log.py": ({f"{R}.core", f"{R}.errors", f"{R}.life", f"{R}.pulse"}, STDLIB | {"sqlalchemy"}),
    "myapp/realtime/life.py": (set(), STDLIB | {"sqlalchemy"}),
    "myapp/realtime/pulse.py": (set(), STDLIB | {"sqlalchemy"}),
    "myapp/realtime/publish.py": (
        {f"{R}.{name}" for name in ("bystander", "core", "errors", "events", "link_attributes")},
        STDLIB | {"pyramid", "sqlalchemy", "zope.sqlalchemy", "transaction"}),
    "myapp/realtime/follow.py": ({f"{R}.core", f"{R}.errors"}, STDLIB),
    "myapp/realtime/views.py": (
        {f"{R}.{name}" for name in (
            "allowance", "core", "delivery", "errors", "origins", "problem", "rights", "topics", "transports", "viewer")},
        STDLIB | {"pyramid"}),
    "myapp/realtime/migrations/*.py": (set(), {"secrets", "sqlalchemy", "alembic"}),
    "myapp/realtime/*.py": ({R}, None),
    "myapp/server/*.py": ({f"{R}.core.handoff", f"{R}.settings", f"{R}.throttle", "myapp.server"}, STDLIB | {"waitress"}),
    "myapp/realtime/throttle.py": (set(), STDLIB),
    "myapp/app/*.py": ({"myapp.db", "myapp.app", R}, None),
    "myapp/db.py": ({"myapp.schema", "myapp.tm"}, None),
    "myapp/schema.py": (set(), STDLIB | {"sqlalchemy"}),
    "myapp/tm.py": (set(), None),
    "myapp/*.py": ({"myapp"}, None),
}
DRIVERS = {"redis", "pika", "psycopg2", "wsproto", "prometheus_client", "transaction", "zope.sqlalchemy"}


@cache
def imports(file, text):
    """Return the absolute dotted names that the text of `file`, a path like myapp/db.py, imports; names of a `from` import included."""
    package, names = file.removesuffix(".py").split("/")[:-1], []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names += [f"{module}.{alias.name}" for alias in node.names]
    return names


def is_within(name, allowed):
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def files():
    """Return {path like myapp/db.py: text} of the package."""
    return {path.relative_to(PACKAGE.parent).as_posix(): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}


def violations(file, text):
    """Yield a sentence for each import in the text of `file` that breaks a rule."""
    own, other = next(rule for pattern, rule in RULES.items() if fnmatch.fnmatch(file, pattern))
    for name in imports(file, text):
        if is_within(name, {"myapp"}) and not is_within(name, own):
            yield f"{file} imports {name}"
        if not is_within(name, {"myapp"}) and other is not None and not is_within(name, other):
            yield f"{file} imports {name}"
        if file.startswith("myapp/app/") and is_within(name, {R}) and name.removeprefix(f"{R}.") not in realtime.__all__:
            yield f"{file} imports {name}, which is no public name of the add-on"


def test_every_import_keeps_to_its_layer():
    assert not [sentence for file, text in files().items() for sentence in violations(file, text)]


@pytest.mark.parametrize(("file", "line"), [
    ("realtime/core/hub.py", "import socket"), ("realtime/core/feed.py", "from time import monotonic"),
    ("realtime/core/event.py", "from ..log import Log"), ("realtime/follow.py", "import sqlalchemy"),
    ("realtime/views.py", "from myapp.app.models import User"), ("realtime/log.py", "from .. import db"),
    ("app/users.py", "from myapp.realtime.log import Log"), ("app/pages/users.py", "from myapp.server import Server"),
    ("server/__init__.py", "from myapp.realtime.log import Log"), ("__init__.py", "from . import db"),
    ("realtime/brokers/memory.py", "import redis")])
def test_a_planted_violation_is_caught(file, line):
    text = (PACKAGE / file).read_text()
    assert [*violations(f"myapp/{file}", f"{text}\n\ndef planted():\n    {line}\n")]


def test_each_driver_of_the_add_on_is_imported_in_one_file():
    add_on = {file: imports(file, text) for file, text in files().items() if file.startswith("myapp/realtime/")}
    for driver in DRIVERS:
        importers = [file for file, names in add_on.items() if any(is_within(name, {driver}) for name in names)]
        assert len(importers) <= 1, (driver, importers)


def test_the_add_on_loads_nothing_of_the_application_and_needs_no_driver():
    program = ("import sys; sys.modules.update(dict.fromkeys(('redis', 'pika', 'psycopg2', 'wsproto')))\n"     # as if not installed
               "import myapp.realtime; print(*[name for name in sys.modules "
               "if name.startswith('myapp.') and not name.startswith('myapp.realtime')])")
    answer = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""
