"""The identity: who asks, and upon which credential. What `request.identity` is, whatever found it. It reads nothing."""
from dataclasses import dataclass

from pyramid.authorization import Authenticated, Everyone


@dataclass(frozen=True, slots=True)
class Identity:
    """An account as whom a request acts."""
    id: int                                 # of the User
    name: str
    role: str
    credential: str | None = None           # what this rests upon: id of the Credential as text, "auto" for auto_login
    scopes: tuple[str, ...] | None = None   # of a token that may not do all that its account may, else None


def principals(identity):
    """Return the principals of an Identity, or of None: the anonymous."""
    if identity is None:
        return [Everyone]
    return [Everyone, Authenticated, f"user:{identity.id}", f"role:{identity.role}"]
