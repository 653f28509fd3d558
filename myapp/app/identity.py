"""The identity: who asks, and upon which credential. What `request.identity` is, whatever security policy found it. It reads nothing."""
from dataclasses import dataclass, field

from pyramid.authorization import Authenticated, Everyone

# Kinds of credentials, and what the one of whom auto_login signs in is called besides.
SESSION, TOKEN, AUTO = "session", "token", "auto"


@dataclass(frozen=True, slots=True)
class Identity:
    """An account as whom a request acts."""
    id: int | None                          # of the User; None for a script, that is nobody's
    name: str
    role: str
    credential: str | None = None           # what this rests upon: id of the Credential as text, "auto" for auto_login
    scopes: tuple[str, ...] | None = None   # of a token that may not do all that its account may, else None
    kind: str | None = None                 # of the credential: "session", "token", "auto"
    csrf_token: str | None = field(default=None, repr=False)    # of the session, where there is one


    @property
    def session_id(self):
        """The id of the Credential, int, when this rests upon a session of ours, else None."""
        return int(self.credential) if self.kind == SESSION else None


def principals(identity):
    """Return the principals of an Identity, or of None: the anonymous."""
    if identity is None:
        return [Everyone]
    return [Everyone, Authenticated, f"user:{identity.id}", f"role:{identity.role}"]
