"""JSON of somebody unknown, read without surprises: what two readers may take in two ways, and what takes long to read, is refused."""
import json
import math
import re
from typing import Any

MAX_DEPTH = 32          # of arrays and objects within one another; what is meant has three or four
MAX_DIGITS = 1000       # of a number; the largest that JavaScript knows has 309, and reading long ones takes the square of the time
TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)     # a string, whatever is in it, or a bracket


def read_json(text: str) -> Any:
    """Return what `text` says in JSON. Raises ValueError, which says what is wrong: also for a name that occurs twice, NaN, and depth."""
    _check_depth(text)      # before the parser, which would find it by running out of stack
    return json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant, parse_int=_int, parse_float=_float)


def _check_depth(text):
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")


def _without_doubles(pairs):
    """Two readers of a doubled name may take different ones; so nobody reads it."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return value


def _refuse_constant(name):
    raise ValueError(f"{name} is not a JSON value")


def _int(digits):
    _check_digits(digits)
    return int(digits)


def _float(digits):
    _check_digits(digits)
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _check_digits(digits):
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits; at most {MAX_DIGITS} are taken")
