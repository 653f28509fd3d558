"""Copies of the core and the loop, each with small limits and perhaps one planted fault, laid out and imported as the package is."""
import importlib
import logging
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import myapp

SMALL = {   # limits so low that a short run meets them all
    "window.py": [("PAGE = 256", "PAGE = 8")],
    "feed.py": [("STEP = 1 << 16", "STEP = 300")],
    "loop.py": [("BATCH = 256", "BATCH = 3")],
    "audience.py": [("SHARE = 1 << 18", "SHARE = 500")],
    "talk.py": [("PIECE = 1 << 14", "PIECE = 16")]}


def load(folder, mutation=None):
    """Import a copy from `folder` with small limits and, perhaps, one `mutation`: (file, old text, new text).

    Returns what a world needs of it, by name.
    """
    package = _copy(folder)
    logging.getLogger(package.name).setLevel(logging.CRITICAL)      # pytest would format each line of a thousand worlds
    changes = {name: list(texts) for name, texts in SMALL.items()}
    if mutation:
        changes.setdefault(mutation[0], []).append(mutation[1:])
    for name, texts in changes.items():
        (path,) = package.rglob(name)
        path.write_text(_replace(path.read_text(), texts, name))
    return _import(package)


def _copy(folder):
    source, package = Path(myapp.__file__).parent, Path(tempfile.mkdtemp(prefix="copy_", dir=folder))
    shutil.copytree(source / "realtime" / "core", package / "realtime" / "core", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "server").mkdir()
    server = (f"server/{name}.py" for name in ("loop", "audience", "pack", "bell", "deaf", "talk"))
    for file in "realtime/errors.py", "realtime/throttle.py", *server:
        shutil.copy(source / file, package / file)
    for folder in "", "realtime", "server":
        (package / folder / "__init__.py").touch()
    return package


def _replace(text, changes, name):
    for old, new in changes:
        assert text.count(old) == 1, f"{name}: {old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def _import(package):
    sys.path.insert(0, str(package.parent))
    try:
        importlib.invalidate_caches()
        event, feed, window, hub, dialogue, errors, loop = (
            importlib.import_module(f"{package.name}.{name}") for name in (
                "realtime.core.event", "realtime.core.feed", "realtime.core.window", "realtime.core.hub", "realtime.core.dialogue",
                "realtime.errors", "server.loop"))
    finally:
        sys.path.remove(str(package.parent))
    return SimpleNamespace(
        Cursor=event.Cursor, Event=event.Event, Hub=hub.Hub, Lapsed=feed.Lapsed, PAGE=window.PAGE, Outcome=dialogue.Outcome,
        StreamLoop=loop.StreamLoop, HubFull=errors.HubFull, TooManyPolls=errors.TooManyPolls, TooManyStreams=errors.TooManyStreams,
        LogTrimmed=errors.LogTrimmed)
