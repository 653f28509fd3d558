"""The build: a short name for the code, templates and static files that this process runs.

Two processes of one release have the same; a page compares it to know that a newer release is up.
"""
import hashlib
from functools import cache
from pathlib import Path

SUFFIXES = {".py", ".jinja2", ".pt", ".mako", ".html", ".css", ".js"}     # what pages are made of; not data, not logs
DIGITS = 12     # hex digits: 48 bits, no two releases of one product meet


@cache
def build_id(*folders):
    """Return the build of what lies in `folders` (paths), by content alone. Reads every file once per process."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(path for path in Path(folder).rglob("*") if path.suffix in SUFFIXES):
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:DIGITS]
