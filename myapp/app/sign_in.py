"""The sign-in: whose name and password these are. It does the same work, and says the same, for an account that does not exist.

While a password is hashed, no connection to the database is held, and no lock.
"""
import hashlib

import sqlalchemy as sa

from . import fields
from .accounts import find_account
from .audit import Action, user_subject
from .credentials import lock_account
from .errors import SignInRefused, TooManyAttempts
from .models import User, email_key
from .passwords import Passwords
from .rate_limits import address_key

ADDRESS_FACTOR = 5      # an address may fail so many times as often as an account may be tried: an office has one for all

name_or_email = fields.line(fields.EMAIL_MAX)


class SignIn:
    """One attempt. The request's thread."""

    def __init__(self, request, passwords, limits, rate):
        """passwords: the Passwords; limits: counts, a RateLimits; rate: how often one account may be tried."""
        self._request, self._passwords, self._limits, self._rate = request, passwords, limits, rate
        self._address_key = "sign-in-address", address_key(request.remote_addr)
        self._address_rate = type(rate)(rate.amount * ADDRESS_FACTOR, rate.multiples)      # of the same window

    @classmethod
    def of(cls, request):
        registry = request.registry
        rate = registry["myapp.settings"]["rate_limit.sign_in"]
        return cls(request, registry["myapp.passwords"], registry["myapp.sign_in_limits"], rate)

    def check(self, username, password):
        """Return the User of this name or e-mail and this password, both of any type, as a client sent them.

        Nobody changes his password or his credentials until the request's transaction ends. Raises SignInRefused, whatever is wrong
        with them; TooManyAttempts, TooBusy. Begin no transaction before it.
        """
        account = self.verify(username, password)
        renewed = self._passwords.hash(password) if self._passwords.is_outdated(account.password_hash) else None
        user = lock_account(self._request.dbsession, account.id)
        if user is None or user.password_hash != account.password_hash:     # changed while it was looked at
            raise SignInRefused()
        if renewed:
            self._request.dbsession.execute(sa.update(User).where(User.id == user.id).values(password_hash=renewed),
                                            execution_options={"synchronize_session": False})
        return user

    def verify(self, username, password):
        """Return the row of the account, with id, name and password_hash, of a moment ago; else as `check`. Holds nothing."""
        username, password = _read(username, password)
        account = self._find(username)
        # By what was typed, whether there is such an account or not: what one attempt does to another must not tell.
        account_key = "sign-in-account", hashlib.sha256(email_key(username).encode()).hexdigest()
        self._insist_on_room(account_key)
        if not self._passwords.verify(account and account.password_hash, password):
            self._limits.hit(self._address_rate, *self._address_key)
            # What was typed is not written down: people type their password where the name belongs.
            self._request.audit(Action.SIGN_IN_FAILED, subject=user_subject(account) if account else "no such account")
            raise SignInRefused()
        self._limits.clear(self._rate, *account_key)
        return account

    def _find(self, typed):
        with self._request.registry["dbsession_readers"]() as dbsession:
            return find_account(dbsession, typed, User.id, User.name, User.password_hash)

    def _insist_on_room(self, account_key):
        if not self._limits.test(self._address_rate, *self._address_key):
            raise TooManyAttempts(self._limits.retry_after_s(self._address_rate, *self._address_key))
        if not self._limits.hit(self._rate, *account_key):
            raise TooManyAttempts(self._limits.retry_after_s(self._rate, *account_key))


def _read(username, password):
    """Both as they are stored. Raises SignInRefused for what nobody's can be, without work."""
    try:
        username, password = name_or_email(username), fields.password(password)
    except ValueError:
        raise SignInRefused() from None
    if password is None:
        raise SignInRefused()
    return username, password


def includeme(config):
    config.registry["myapp.passwords"] = Passwords()
