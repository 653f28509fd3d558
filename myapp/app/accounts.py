"""Which account is meant by what somebody typed, at the sign-in, in a form or in a setting."""
import sqlalchemy as sa

from .models import User, email_key


def find_account(connection, name_or_email, *columns):
    """Return the row, of `columns` of User and of what says that the e-mail was meant, of the account that has this e-mail; else of the
    only one that has this name; None when there is none, or more than one.

    connection: a Session will do
    """
    is_email = User.email_key == email_key(name_or_email)
    wanted = sa.select(*columns, is_email.label("is_email")).where(sa.or_(is_email, User.name == name_or_email))
    found = connection.execute(wanted.order_by(sa.case((is_email, 0), else_=1)).limit(2)).all()
    return found[0] if len(found) == 1 or (found and found[0].is_email) else None
