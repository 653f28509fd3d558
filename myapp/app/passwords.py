"""Passwords: argon2, and the same work for an account that does not exist. No request, no database."""
import secrets
import threading
import unicodedata
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .errors import TooBusy

AT_ONCE = 2         # hashes that are worked out at the same time: each takes 64 MiB, and a core or more for some 50 ms
PATIENCE_S = 0.25   # for one more; who waits holds a thread of the server, which pages need


class Passwords:
    """Makes hashes of passwords and compares. Any thread."""

    def __init__(self, hasher=None):
        """hasher: with argon2's methods hash, verify and check_needs_rehash; the library's own parameters when None."""
        self._hasher = hasher or PasswordHasher()
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def hash(self, password):
        """Return the hash of a password, text to store. Raises TooBusy, as does `verify`."""
        with self._slot():
            return self._hasher.hash(_normal(password))

    def verify(self, password_hash, password):
        """Tell whether the hash is of this password; of None it is not, which takes as long to find out."""
        nobody = self._nobody       # before either way, or the first unknown account would take longer
        with self._slot():
            try:
                return self._hasher.verify(password_hash or nobody, _normal(password)) and password_hash is not None
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, password_hash):
        """Tell whether a hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(password_hash)

    @contextmanager
    def _slot(self):
        if not self._slots.acquire(timeout=PATIENCE_S):
            raise TooBusy()
        try:
            yield
        finally:
            self._slots.release()

    @cached_property
    def _nobody(self):
        return self.hash(secrets.token_urlsafe())


def _normal(password):
    return unicodedata.normalize("NFC", password)
