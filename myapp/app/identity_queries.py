"""Identities out of the database: that of a secret, those of many credentials at once, that of auto_login's account, those of displays.

One statement each, and rows instead of objects: the first is asked in every request, the second about every open stream.
"""
from datetime import timedelta

import sqlalchemy as sa

from .accounts import find_account
from .contexts import DisplayContext
from .identity import AUTO, DISPLAY, Identity, display_credential
from .models import Credential, Display, Role, User, now
from .panels import topics_of

SEEN_EVERY = timedelta(minutes=1)   # how often it is written that a credential was used: a page asks ten times in a second

USERS, CREDENTIALS = User.__table__.c, Credential.__table__.c
OF_ACCOUNTS = sa.join(Credential.__table__, User.__table__, CREDENTIALS.user_id == USERS.id)
DISPLAYS = Display.__table__.c
DISPLAY_COLUMNS = (DISPLAYS.id, DISPLAYS.slug, DISPLAYS.name, DISPLAYS.panels, DISPLAYS.key_number, DISPLAYS.key_hash,
                   DISPLAYS.seen, DISPLAYS.gone)
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
    """Return the Identity of the account that auto_login names; None when there is none, or more than one of that name."""
    row = find_account(connection, name_or_email, User.id, User.name, User.role)
    return row and Identity(row.id, row.name, row.role, AUTO, kind=AUTO)


def write_seen(dbsession, credential_id):
    """Write down that a credential was used just now."""
    moment = now()
    dbsession.execute(sa.update(Credential.__table__)
                      .where(Credential.id == credential_id, Credential.seen <= moment - SEEN_EVERY).values(seen=moment))


def of_display_key(connection, terms, key):
    """Return (Identity of the display that a key opens, whether its use is to be written down); (None, False) when it opens none."""
    key_hash = terms.hash_given(DISPLAY, key)
    row = key_hash and connection.execute(sa.select(*DISPLAY_COLUMNS).where(DISPLAYS.key_hash == key_hash)).first()
    return (_display(row), is_use_due(row.seen, row.gone)) if row else (None, False)


def of_displays(connection, credentials):
    """Return ({credential: Identity} of those displays that have that key still, ids of those whose use is to be written down)."""
    ids = [int(text.split(":")[1]) for text in credentials if text.startswith(f"{DISPLAY}:")]
    rows = connection.execute(sa.select(*DISPLAY_COLUMNS).where(DISPLAYS.id.in_(ids))).all() if ids else []
    of_key = {display_credential(row.id, row.key_number): row for row in rows if row.key_hash}
    found = {credential: of_key[credential] for credential in credentials if credential in of_key}
    return ({credential: _display(row) for credential, row in found.items()},
            [row.id for row in found.values() if is_use_due(row.seen, row.gone)])


def is_use_due(seen, gone):
    """Tell whether a use now is to be written down, of a display that was `seen` before, and taken for `gone`."""
    return seen is None or now() - seen >= SEEN_EVERY or (gone is not None and gone >= seen)


def write_displays_seen(dbsession, ids, **values):
    """Write down that displays were seen just now; values: other columns that their use tells."""
    moment = now()
    due = [] if values else [sa.or_(DISPLAYS.seen.is_(None), DISPLAYS.seen <= moment - SEEN_EVERY, DISPLAYS.gone >= DISPLAYS.seen)]
    dbsession.execute(sa.update(Display.__table__).where(DISPLAYS.id.in_(ids), *due).values(seen=moment, **values))


def _display(row):
    """A display reads as a member does, and only what its panels show: a private channel is not for it."""
    topics = [DisplayContext.pattern.format(slug=row.slug), *topics_of(row.panels)]
    return Identity(None, row.name, Role.MEMBER, display_credential(row.id, row.key_number), tuple(f"read:{topic}" for topic in topics),
                    DISPLAY, slug=row.slug, key_hash=row.key_hash)


def _identity(id, name, role, credential, scopes, kind, csrf_token=None):
    return Identity(id, name, role, credential, scopes and tuple(scopes), kind, csrf_token)
