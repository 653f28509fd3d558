"""Scopes: what a token may do of what its account may. A text: `admin`, `read:T` or `publish:T`; T is a topic, or ends with `*`."""
import re

from .contexts import PUBLISH, VIEW

ALL = "admin"       # all that the account may do
ACTS = {VIEW: "read", PUBLISH: "publish"}       # permission -> the word before the colon; no other one can be given
SCOPE = re.compile(r"(?:read|publish):(?:[a-z0-9_.-]+(?::[A-Za-z0-9_.-]+)*|[A-Za-z0-9_.:-]*\*)", re.ASCII)
MOST_SCOPES, MOST_CHARACTERS = 50, 210     # of a token; of one, a topic's 200 and the word before it


def scope_list(value):
    """A cast to a list of scopes, each once."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_SCOPES or not all(map(_is_scope, value)):
        raise ValueError(f"Give 1 to {MOST_SCOPES} of admin, read:TOPIC, publish:TOPIC; the end of a topic may be *.")
    return list(dict.fromkeys(value))


def is_limited(scopes):
    """Tell whether who has these scopes, or None for none, may do less than his account."""
    return scopes is not None and ALL not in scopes


def permit(scopes, topic, permission):
    """Tell whether scopes that limit allow `permission` on what the topic tells of; topic: a name, or None where no topic does."""
    act = ACTS.get(permission)
    return topic is not None and any(_matches(scope.removeprefix(f"{act}:"), topic) for scope in scopes if scope.startswith(f"{act}:"))


def _is_scope(value):
    return isinstance(value, str) and len(value) <= MOST_CHARACTERS and (value == ALL or SCOPE.fullmatch(value) is not None)


def _matches(pattern, topic):
    return topic.startswith(pattern[:-1]) if pattern.endswith("*") else topic == pattern
