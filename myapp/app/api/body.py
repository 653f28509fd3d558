"""The body of an API request: a JSON object, read without surprises. That it says it is JSON, and its size, requests.py has checked."""
from myapp.app.errors import Unreadable
from myapp.realtime import read_json


def read_object(request):
    """Return the JSON object in the body, a dict. Raises Unreadable, with what is wrong, for anything else."""
    try:
        value = read_json(request.body.decode("utf-8"))
    except ValueError as error:     # UnicodeDecodeError and JSONDecodeError are ValueErrors too
        raise Unreadable(f"The body cannot be read as JSON: {error}.") from None
    if not isinstance(value, dict):
        raise Unreadable("The body must be a JSON object.")
    return value
