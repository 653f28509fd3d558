"""The tables of the application, and each object as the API and the events show it. No rule about who may do what."""
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, validates

from myapp.db import Base, BigId, UTCDateTime


class Role(StrEnum):
    """What an account may do; see security.py."""
    ADMIN = "admin"
    EDITOR = "editor"
    MEMBER = "member"


def now():
    return datetime.now(UTC)


def rfc3339(moment):
    """Return an aware datetime as `2026-01-31T07:05:09.000001Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class User(Base):
    """An account. `version` rises with each change; a change of a row that another has changed meanwhile is never written."""
    __tablename__ = "users"
    # An id is never given twice, so that what names a deleted account cannot come to mean another one.
    __table_args__ = (sa.CheckConstraint("role IN ('admin', 'editor', 'member')", name="role"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    email: Mapped[str] = mapped_column(sa.String(254))
    email_key: Mapped[str] = mapped_column(sa.Text, unique=True)    # see email_key() below
    role: Mapped[str] = mapped_column(sa.String(20))
    password_hash: Mapped[str | None] = mapped_column(sa.Text)
    version: Mapped[int] = mapped_column()
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    __mapper_args__ = {"version_id_col": version}

    @validates("email")
    def _keep_key(self, attribute, value):
        self.email_key = email_key(value)
        return value

    def as_dict(self):
        """The object as the API and the events show it: never the password, nor its hash."""
        return {"id": self.id, "version": self.version, "created": rfc3339(self.created), "changed": rfc3339(self.changed),
                "name": self.name, "email": self.email, "role": self.role}


def email_key(email):
    """Return what two spellings of one address have in common. In Python, because databases fold case each in its own way."""
    return unicodedata.normalize("NFC", email.casefold())
