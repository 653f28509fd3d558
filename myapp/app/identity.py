"""The identity: who asks, and upon which credential. What `request.identity` is, whatever security policy found it. It reads nothing."""
from dataclasses import dataclass, field

from pyramid.authorization import Authenticated, Everyone

# Kinds of credentials, and what the one of whom auto_login signs in is called besides.
SESSION, TOKEN, AUTO, DISPLAY = "session", "token", "auto", "display"


@dataclass(frozen=True, slots=True)
class Identity:
    """An account as whom a request acts; or a display, which has none and reads the topics of its panels."""
    id: int | None                          # of the User; None for a display, and for a script, that is nobody's
    name: str
    role: str
    credential: str | None = None           # what this rests upon: id of the Credential as text, "auto", or display_credential()
    scopes: tuple[str, ...] | None = None   # of a token that may not do all that its account may, else None
    kind: str | None = None                 # of the credential: "session", "token", "auto", "display"
    csrf_token: str | None = field(default=None, repr=False)    # of the session, where there is one
    slug: str | None = None                 # of the display
    key_hash: str | None = field(default=None, repr=False)      # of the display's key

    @property
    def userid(self):
        """What `request.authenticated_userid` says, a text."""
        return self.credential if self.kind == DISPLAY else str(self.id)

    @property
    def session_id(self):
        """The id of the Credential, int, when this rests upon a session of ours, else None."""
        return int(self.credential) if self.kind == SESSION else None


def display_credential(id, key_number):
    """Return what the identity of a display rests upon, as text: the key of that number. It names no Credential."""
    return f"{DISPLAY}:{id}:{key_number}"


def principals(identity):
    """Return the principals of an Identity, or of None: the anonymous."""
    if identity is None:
        return [Everyone]
    return [Everyone, Authenticated, f"user:{identity.id}", f"role:{identity.role}"]
