"""The console: how a command reads its ini file and its arguments, and how it says in one line that it cannot do what it was asked.

What is expected to go wrong is known here, in families. All else is a fault of ours, and keeps its traceback.
"""
import configparser
import sys
from contextlib import contextmanager

import sqlalchemy as sa
from plaster import PlasterError
from pyramid.paster import get_app, get_appsettings, setup_logging

from myapp import schema
from myapp.app.errors import Refusal
from myapp.realtime import RealtimeError


class Failure(Exception):
    """A command cannot do what it was asked. Its text is a sentence: what is wrong; what to do. Never a password or an event's data."""


@contextmanager
def one_line(prog):
    """Within, what is expected to go wrong ends the process with exit code 1 and `PROG: what; what to do` on stderr."""
    try:
        yield
    except (Failure, Refusal, RealtimeError, sa.exc.SQLAlchemyError) as error:
        print(f"{prog}: {' '.join(_sentence(error).split())}", file=sys.stderr)
        sys.exit(1)


@contextmanager
def application(ini):
    """Gives the registry of the application of an ini file, with its logging set up. Raises Failure, or StartUpError with its list."""
    read_settings(ini)
    with _reading(ini):
        setup_logging(ini)
    registry = get_app(ini).registry
    try:
        yield registry
    finally:
        registry.realtime.close()


def read_settings(ini):
    """Return the settings of [app:main], a dict of text. Raises Failure."""
    with _reading(ini):
        return get_appsettings(ini)


def text(argument):
    """The type of an argument that is text. Raises Failure when the shell gave bytes that are none."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise Failure(f"{ascii(argument[:100])} is not UTF-8; give it in UTF-8, or run the command in a UTF-8 locale") from None
    return argument


@contextmanager
def _reading(ini):
    """Translate what reading an ini file can raise. Text of the file is not quoted: it may be a part of a password."""
    try:
        yield
    except OSError as error:
        raise Failure(f"{error.filename or ini} cannot be read: {error.strerror or error}; name a file that can") from error
    except UnicodeDecodeError as error:
        raise Failure(f"{ini} is not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except configparser.Error as error:
        raise Failure(f"{ini} is no ini file: {_place(error)}; compare it with development.ini, and write % as %%") from error
    except PlasterError as error:
        raise Failure(f"{ini} is of no kind that can be read; name an ini file") from error
    except KeyError as error:
        raise Failure(f"{ini} lacks the section or the key {error}; compare it with development.ini") from error
    except (LookupError, ImportError, ValueError) as error:
        raise Failure(f"{ini} cannot be used: {error}; compare it with development.ini") from error


def _place(error):
    """Return where configparser stumbled, and over what kind of thing."""
    section, option = (getattr(error, name, None) for name in ("section", "option"))
    line = getattr(error, "lineno", None) or next((line for line, _ in getattr(error, "errors", ())), None)
    parts = {"line": line, "section": section and f"[{section}]", "key": option}
    return " ".join([type(error).__name__, *(f"{name} {value}" for name, value in parts.items() if value)])


def _sentence(error):
    if isinstance(error, sa.exc.SQLAlchemyError):
        return f"the database cannot be used: {schema.reason(error)}; is it up, and is its schema that of this release (myapp-init-db INI)?"
    if errors := getattr(error, "errors", None):
        return "; ".join(f"{field}: {sentence}" for field, sentence in errors.items())
    return str(error)
