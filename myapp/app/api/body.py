"""The body of an API request: a JSON object, read without surprises. That it says it is JSON, and its size, requests.py has checked."""
import json

from myapp.app.errors import Unreadable


def read_object(request):
    """Return the JSON object in the body, a dict. Raises Unreadable, with what is wrong, for anything else."""
    try:
        value = json.loads(request.body.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable("The body is nested too deeply.") from None
    except ValueError as error:     # UnicodeDecodeError and JSONDecodeError are ValueErrors too
        raise Unreadable(f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise Unreadable("The body must be a JSON object.")
    return value


def _without_doubles(pairs):
    """Two readers of a doubled name may take different ones; so nobody reads it."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return value


def _refuse_constant(name):
    raise ValueError(f"{name} is not a JSON value")
