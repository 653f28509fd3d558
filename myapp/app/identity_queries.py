"""Identities out of the database: that of a secret, those of many credentials at once, that of auto_login's account.

One statement each, and rows instead of objects: the first is asked in every request, the second about every open stream.
"""
from datetime import timedelta

import sqlalchemy as sa

from .identity import AUTO, Identity
from .models import Credential, User, email_key, now

SEEN_EVERY = timedelta(minutes=1)   # how often it is written that a credential was used: a page asks ten times in a second

USERS, CREDENTIALS = User.__table__.c, Credential.__table__.c
OF_ACCOUNTS = sa.join(Credential.__table__, User.__table__, CREDENTIALS.user_id == USERS.id)
COLUMNS = USERS.id, USERS.name, USERS.role, sa.cast(CREDENTIALS.id, sa.String).label("credential"), CREDENTIALS.scopes, CREDENTIALS.kind


def is_live(terms, moment):
    """Return the SQL expression that a credential has not expired at `moment`. A token never does. terms: see credentials.py."""
    return sa.or_(CREDENTIALS.kind == "token", sa.and_(CREDENTIALS.seen > moment - terms.idle, CREDENTIALS.expires > moment))


def of_secret(connection, terms, kind, secret):
    """Return (Identity, whether its use is to be written down) of a live credential; (None, False) when there is none."""
    moment, secret_hash = now(), terms.hash_given(kind, secret)
    if secret_hash is None:
        return None, False
    wanted = sa.select(*COLUMNS, CREDENTIALS.csrf_token, CREDENTIALS.seen).select_from(OF_ACCOUNTS).where(
        CREDENTIALS.secret_hash == secret_hash, CREDENTIALS.kind == kind, is_live(terms, moment))
    row = connection.execute(wanted).first()
    if row is None:
        return None, False
    *columns, csrf_token, seen = row
    return _identity(*columns, csrf_token), moment - seen >= SEEN_EVERY


def of_credentials(connection, terms, credential_ids):
    """Return {id as text: Identity, or None when the credential has expired} of those that are there still."""
    numbers = [int(text) for text in credential_ids if text.isdecimal()]
    if not numbers:
        return {}
    wanted = sa.select(is_live(terms, now()), *COLUMNS).select_from(OF_ACCOUNTS).where(CREDENTIALS.id.in_(numbers))
    return {row[4]: _identity(*row[1:]) if row[0] else None for row in connection.execute(wanted).all()}


def of_account(connection, name_or_email):
    """Return the Identity of the account that auto_login names; None when there is none."""
    wanted = sa.select(USERS.id, USERS.name, USERS.role).where(
        sa.or_(USERS.name == name_or_email, USERS.email_key == email_key(name_or_email)))
    row = connection.execute(wanted.order_by(USERS.id).limit(1)).first()
    return row and Identity(*row, AUTO, kind=AUTO)


def write_seen(dbsession, credential_id):
    """Write down that a credential was used just now."""
    moment = now()
    dbsession.execute(sa.update(Credential.__table__)
                      .where(Credential.id == credential_id, Credential.seen <= moment - SEEN_EVERY).values(seen=moment))


def _identity(id, name, role, credential, scopes, kind, csrf_token=None):
    return Identity(id, name, role, credential, scopes and tuple(scopes), kind, csrf_token)
