"""The acts on credentials: start a session, make a token, end them. What is given out is shown once and stored as a hash.

Each act flushes and publishes within the caller's transaction; a Refusal leaves nothing behind once the caller rolls back.
"""
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from . import fields
from .audit import Action
from .errors import NotAllowed, TooManyTokens
from .identity import DISPLAY, SESSION, TOKEN
from .identity_queries import is_live
from .models import Credential, Role, User, now
from .scopes import ALL, scope_list

PREFIXES = {SESSION: "", TOKEN: "myapp_", DISPLAY: ""}      # so that those who look for lost secrets know a token when they see one
SECRET_BYTES = 32                               # 256 bits, which nobody guesses: a plain hash of it is as good as a slow one
SECRET = re.compile("[A-Za-z0-9_-]{43}", re.ASCII)
MOST_OF_A_KIND = 100                            # that one account has; more are a fault, or somebody trying
CASTS = {"name": fields.line(100), "scopes": scope_list}


@dataclass(frozen=True)
class Terms:
    """How secrets are stored, and how long a session lasts."""
    idle: timedelta         # without a request
    lifetime: timedelta     # whatever happens
    key: str | None = field(default=None, repr=False)   # `myapp.secret`: without it, nothing in a stolen database tells a secret's hash

    def hash(self, secret):
        """Return what is stored of a secret, 64 hexadecimal digits."""
        if self.key is None:
            return hashlib.sha256(secret.encode()).hexdigest()
        return hmac.digest(self.key.encode(), secret.encode(), "sha256").hex()

    def hash_given(self, kind, text):
        """The same of what a client sent as the secret of a `kind`; None when it cannot be one."""
        prefix = PREFIXES[kind]
        if not text.startswith(prefix) or not SECRET.fullmatch(text[len(prefix):]):
            return None
        return self.hash(text)


class Credentials:
    """The credentials of all accounts, as one transaction meets them. Who may see and end which is for the caller. One thread."""

    def __init__(self, dbsession, realtime, terms, audit):
        """realtime: with the method revoke(); terms: the Terms, None for who only ends them; audit: as request.audit."""
        self._dbsession, self._realtime, self._terms, self._audit = dbsession, realtime, terms, audit

    @classmethod
    def of(cls, request):
        """The credentials as the transaction of `request` meets them."""
        return cls(request.dbsession, request.realtime, request.registry["myapp.terms"], request.audit)

    def start_session(self, user, *, address, agent):
        """Start a session of `user`. Returns (Credential, its secret). When there are too many, the oldest end."""
        present = self._live(user.id, SESSION)
        for oldest in present[MOST_OF_A_KIND - 1:]:
            self.end(oldest)
        expires = now() + self._terms.lifetime
        return self._add(user, SESSION, address, agent, csrf_token=secrets.token_urlsafe(SECRET_BYTES), expires=expires)

    def make_token(self, user, *, name=None, scopes=None, address, agent):
        """Make a token of `user`. Returns (Credential, its secret).

        name, scopes: untrusted; None is a token without a name, and one that may do all that `user` may.
        Raises InvalidFields; NotAllowed for a scope that is not for him; TooManyTokens.
        """
        given = {key: value for key, value in {"name": name, "scopes": scopes}.items() if value is not None}
        values = fields.read_fields(given, CASTS)
        if ALL in values.get("scopes", ()) and user.role != Role.ADMIN:
            raise NotAllowed(f"Only an admin may have a token with the scope {ALL}.")
        if len(self._live(user.id, TOKEN)) >= MOST_OF_A_KIND:
            raise TooManyTokens(MOST_OF_A_KIND)
        credential, secret = self._add(user, TOKEN, address, agent, **values)
        self._audit(Action.TOKEN_CREATED, subject=_subject(credential), detail=" ".join(values.get("scopes", ())), user=user)
        return credential, secret

    def of_user(self, user_id):
        """Return the live Credentials of an account, newest first."""
        return self._live(user_id, SESSION, TOKEN)

    def of_secret(self, kind, secret):
        """Return the Credential of a secret that a client sent, even if it has expired; None when there is none."""
        secret_hash = self._terms.hash_given(kind, secret)
        wanted = sa.select(Credential).where(Credential.secret_hash == secret_hash, Credential.kind == kind)
        return secret_hash and self._dbsession.scalar(wanted)

    def end(self, credential):
        """End a session or a token, and the streams that rest upon it."""
        self.forget(credential)
        self._audit(Action.SESSION_ENDED if credential.kind == SESSION else Action.TOKEN_ENDED, subject=_subject(credential))

    def forget(self, credential):
        """The same where another line of the audit trail tells of it, such as a sign-out."""
        self._dbsession.execute(sa.delete(Credential).where(Credential.id == credential.id))
        self._realtime.revoke(session=str(credential.id))

    def end_sessions(self, user_id, keep=None):
        """End the sessions of an account, except the one whose id `keep` is. Returns how many."""
        wanted = sa.select(Credential).where(Credential.user_id == user_id, Credential.kind == SESSION, Credential.id != (keep or 0))
        ending = self._dbsession.scalars(wanted).all()
        for session in ending:
            self.end(session)
        return len(ending)

    def _live(self, user_id, *kinds):
        return self._dbsession.scalars(live(self._terms, user_id, *kinds).order_by(Credential.id.desc())).all()

    def _add(self, user, kind, address, agent, **values):
        secret, moment = PREFIXES[kind] + secrets.token_urlsafe(SECRET_BYTES), now()
        credential = Credential(user_id=user.id, kind=kind, secret_hash=self._terms.hash(secret), created=moment, seen=moment,
                                address=_storable(address, Credential.address), agent=_storable(agent, Credential.agent), **values)
        self._dbsession.add(credential)
        self._dbsession.flush()
        return credential, secret


def live(terms, user_id, *kinds):
    """Return the SELECT of the credentials of these kinds that an account has and that have not expired."""
    return sa.select(Credential).where(Credential.user_id == user_id, Credential.kind.in_(kinds), is_live(terms, now()))


def lock_account(dbsession, user_id):
    """Return the User, whose credentials nobody else adds to or counts until the transaction ends; None when there is no such account."""
    return dbsession.scalar(sa.select(User).where(User.id == user_id).with_for_update())


def has_credentials(dbsession, user_id):
    """Tell whether an account has a session or a token."""
    return dbsession.scalar(sa.select(Credential.id).where(Credential.user_id == user_id).limit(1)) is not None


def prune(dbsession, terms):
    """Delete the sessions that have expired; returns how many. For myapp-prune."""
    return dbsession.execute(sa.delete(Credential).where(sa.not_(is_live(terms, now())))).rowcount


def _subject(credential):
    return f"{credential.kind} {credential.id}" + (f" ({credential.name})" if credential.name else "") + f" of user {credential.user_id}"


def _storable(text, column):
    """What a header said, as far as the column and every database can hold it."""
    return text and "".join(character for character in text[:column.type.length] if unicodedata.category(character) not in fields.REFUSED)


def includeme(config):
    values = config.registry["myapp.settings"]
    config.registry["myapp.terms"] = Terms(
        timedelta(seconds=values["session_timeout"]), timedelta(seconds=values["session_lifetime"]), values["secret"])
