"""The tables of the application, and each object as the API and the events show it. No rule about who may do what."""
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from myapp.db import Base, BigId, UTCDateTime


class Role(StrEnum):
    """What an account may do; see contexts.py."""
    ADMIN = "admin"
    EDITOR = "editor"
    MEMBER = "member"


class ChannelKind(StrEnum):
    """Who posts in a channel: editors, or any member."""
    ANNOUNCEMENT = "announcement"
    DISCUSSION = "discussion"


class Visibility(StrEnum):
    """Who reads a channel: everybody, or its members."""
    PUBLIC = "public"
    PRIVATE = "private"


class Level(StrEnum):
    """How loudly an update speaks."""
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"


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
    name: Mapped[str] = mapped_column(sa.String(100), index=True)
    name_key: Mapped[str] = mapped_column(sa.Text, server_default="", index=True)   # for order and search; see search_key() below
    email: Mapped[str] = mapped_column(sa.String(254))
    email_key: Mapped[str] = mapped_column(sa.Text, unique=True)    # see email_key() below
    role: Mapped[str] = mapped_column(sa.String(20))
    password_hash: Mapped[str | None] = mapped_column(sa.Text)
    changed_by: Mapped[str] = mapped_column(sa.String(100), server_default="")      # what that person was called then; see NumberRow
    version: Mapped[int] = mapped_column()
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    __mapper_args__ = {"version_id_col": version}

    @validates("email", "name")
    def _keep_key(self, attribute, value):
        setattr(self, f"{attribute}_key", search_key(value))
        return value

    def as_dict(self):
        """The object as the API and the events show it: never the password, nor its hash."""
        return {"id": self.id, "version": self.version, "created": rfc3339(self.created), "changed": rfc3339(self.changed),
                "name": self.name, "email": self.email, "role": self.role}


class Credential(Base):
    """Upon which a request acts as an account: a session, which a browser has in a cookie, or a token, which a program has.

    Of the secret itself only a hash is kept.
    """
    __tablename__ = "credentials"
    __table_args__ = (sa.CheckConstraint("kind IN ('session', 'token')", name="kind"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    csrf_token: Mapped[str | None] = mapped_column(sa.String(64))       # of a session
    name: Mapped[str | None] = mapped_column(sa.String(100))            # of a token, for the person who made it
    scopes: Mapped[list[str] | None] = mapped_column(sa.JSON(none_as_null=True))    # of a token; None: all that its account may do
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    seen: Mapped[datetime] = mapped_column(UTCDateTime, default=now)    # last used, give or take a minute; an open stream is no use
    expires: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)       # whatever happens; None: never
    address: Mapped[str | None] = mapped_column(sa.String(45))          # from where it was made
    agent: Mapped[str | None] = mapped_column(sa.String(200))           # by which program

    def as_dict(self):
        """The object as the API shows it: neither the secret nor its hash."""
        common = {"id": self.id, "user_id": self.user_id, "created": rfc3339(self.created), "seen": rfc3339(self.seen),
                  "address": self.address, "agent": self.agent}
        return {**common, "expires": rfc3339(self.expires)} if self.expires else {**common, "name": self.name, "scopes": self.scopes}


class AuditLine(Base):
    """Who did what, when and from where. It names accounts and objects by what they were called then, and outlives them."""
    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)
    user_id: Mapped[int | None] = mapped_column(sa.BigInteger)          # no foreign key: the line stays
    user_name: Mapped[str | None] = mapped_column(sa.String(100))
    action: Mapped[str] = mapped_column(sa.String(40))                  # such as "sign_in_failed"
    subject: Mapped[str] = mapped_column(sa.Text)                       # upon what, such as "user 12 (Ada)"
    detail: Mapped[str] = mapped_column(sa.Text)                        # such as "role: member -> editor"
    address: Mapped[str | None] = mapped_column(sa.String(45))

    def as_dict(self):
        """The line as the API and the page show it."""
        return {"id": self.id, "created": rfc3339(self.created), "user_id": self.user_id, "user_name": self.user_name,
                "action": self.action, "subject": self.subject, "detail": self.detail, "address": self.address}


class Channel(Base):
    """A channel of the updates feed, public or with members. `name` is the part of its topic and of its address."""
    __tablename__ = "channels"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('announcement', 'discussion')", name="kind"),
        sa.CheckConstraint("visibility IN ('public', 'private')", name="visibility"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    title: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[str] = mapped_column(sa.String(20))
    visibility: Mapped[str] = mapped_column(sa.String(20))
    version: Mapped[int] = mapped_column()
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    __mapper_args__ = {"version_id_col": version}

    def as_dict(self):
        """The object as the API and the events show it."""
        return {"id": self.id, "version": self.version, "created": rfc3339(self.created), "changed": rfc3339(self.changed),
                "name": self.name, "title": self.title, "kind": self.kind, "visibility": self.visibility}


class Membership(Base):
    """Who reads a private channel."""
    __tablename__ = "channel_members"

    channel_id: Mapped[int] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)


class NumberRow(Base):
    """A row of two numbers and their sum. `version` rises with each change, as that of a user."""
    __tablename__ = "number_rows"
    __table_args__ = (sa.CheckConstraint("a BETWEEN 1 AND 9", name="a"), sa.CheckConstraint("b BETWEEN 1 AND 9", name="b"),
                      {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    a: Mapped[int] = mapped_column()
    b: Mapped[int] = mapped_column()
    changed_by: Mapped[str] = mapped_column(sa.String(100))     # what that person was called then; for those who edit the row meanwhile
    version: Mapped[int] = mapped_column()
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    __mapper_args__ = {"version_id_col": version}

    def as_dict(self):
        """The object as the API and the events show it."""
        return {"id": self.id, "version": self.version, "created": rfc3339(self.created), "changed": rfc3339(self.changed),
                "a": self.a, "b": self.b, "sum": self.a + self.b}


class Update(Base):
    """What somebody has posted in a channel. It names its author as he was called then, and outlives his account.

    Within a channel a later update has the larger id: whoever posts has locked the channel.
    """
    __tablename__ = "updates"
    __table_args__ = (
        sa.CheckConstraint("level IN ('info', 'success', 'warning', 'danger')", name="level"),
        sa.Index("ix_updates_channel_id_id", "channel_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel_id: Mapped[int] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"), index=True)
    author: Mapped[str] = mapped_column(sa.String(100))
    title: Mapped[str] = mapped_column(sa.String(100))              # may be empty
    text: Mapped[str] = mapped_column(sa.Text)
    level: Mapped[str] = mapped_column(sa.String(20))
    search_key: Mapped[str] = mapped_column(sa.Text)                # of title and text; see search_key() below
    version: Mapped[int] = mapped_column()
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    channel: Mapped[Channel] = relationship(lazy="joined", innerjoin=True)

    __mapper_args__ = {"version_id_col": version}

    def as_dict(self):
        """The object as the API and the events show it; `author_id` is null once the account is gone."""
        return {"id": self.id, "version": self.version, "created": rfc3339(self.created), "changed": rfc3339(self.changed),
                "channel": self.channel.name, "title": self.title, "text": self.text, "level": self.level,
                "author": self.author, "author_id": self.author_id}


class ReadMark(Base):
    """How far somebody has read a channel: the last update of it that he saw, whether it is there still or not."""
    __tablename__ = "read_marks"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True, index=True)
    update_id: Mapped[int] = mapped_column(sa.BigInteger)


class Metric(Base):
    """The last value of a metric that was logged; those before it are events of its topic, for as long as the log keeps them."""
    __tablename__ = "metrics"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(193), unique=True)      # as long as a topic leaves room for
    value: Mapped[float] = mapped_column(sa.JSON)                       # as it was published: a whole number stays one
    unit: Mapped[str | None] = mapped_column(sa.String(20))
    at: Mapped[datetime] = mapped_column(UTCDateTime)                   # of the value, as its publisher says
    changed: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

    def as_dict(self):
        """The metric as the API shows it."""
        return {"name": self.name, "changed": rfc3339(self.changed), "value": self.value, "unit": self.unit, "at": rfc3339(self.at)}


class Display(Base):
    """A display on a wall. `slug` is the part of its topic and of its address.

    `version` rises with each change of what it shows; neither its key nor that it was seen is one.
    """
    __tablename__ = "displays"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(50), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    panels: Mapped[list[dict]] = mapped_column(sa.JSON)                     # see panels.py
    key_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    key_number: Mapped[int] = mapped_column()                               # how many keys it has had or lost: no two share a number
    seen: Mapped[datetime | None] = mapped_column(UTCDateTime)              # by its key, give or take a minute
    seen_by: Mapped[str | None] = mapped_column(sa.String(32))              # the process that it came to last; see roster.py
    gone: Mapped[datetime | None] = mapped_column(UTCDateTime)              # when its last stream there ended
    build: Mapped[str | None] = mapped_column(sa.String(64))                # that made the page which it shows
    version: Mapped[int] = mapped_column()
    created: Mapped[datetime] = mapped_column(UTCDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UTCDateTime, default=now, index=True)

    __mapper_args__ = {"version_id_col": version}

    def as_dict(self):
        """The object as the API and the events show it: never the key, nor its hash."""
        return {"id": self.id, "version": self.version, "created": rfc3339(self.created), "changed": rfc3339(self.changed),
                "slug": self.slug, "name": self.name, "panels": self.panels}


def email_key(email):
    """Return what two spellings of one address have in common."""
    return search_key(email)


def search_key(text):
    """Return what two spellings of one text have in common. In Python, because databases fold case each in its own way."""
    return unicodedata.normalize("NFC", text.casefold())
