"""The acts on users: create, change, delete; their rules, and what they publish. Pages, API and commands all go through here.

Each act flushes and publishes within the caller's transaction; a Refusal leaves nothing behind once the caller rolls back.
"""
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from . import fields
from .audit import Action, audit_into
from .credentials import Credentials, has_credentials
from .errors import LastAdmin, NotAllowed, NotFound, Stale, Taken
from .models import Role, User, now
from .topics import USER_CREATED, USER_DELETED, USER_UPDATED, USERS

CASTS = {"name": fields.line(100), "email": fields.email, "role": fields.choice(list(Role)), "password": fields.password,
         "version": fields.whole(1, 2**31)}
SET_BY_SERVER = {"id", "created", "changed"}    # so that an object may be sent back as it was read


class Users:
    """The users, as one person may act on them in one transaction. One thread."""

    def __init__(self, dbsession, realtime, actor, *, audit, passwords):
        """realtime: with the methods publish(), recheck() and revoke(); audit: as request.audit; passwords: the Passwords.

        actor: the Identity or User who acts, whose right to edit users at all was checked before.
        """
        self._dbsession, self._realtime, self._actor = dbsession, realtime, actor
        self._audit, self._passwords = audit, passwords

    @classmethod
    def of(cls, request, actor=None):
        """The users as the person behind `request` may act on them; or as `actor` may, for a script, whose request is nobody's."""
        audit = request.audit if actor is None else audit_into(request.dbsession, actor)
        return cls(request.dbsession, request.realtime, actor or request.identity, audit=audit,
                   passwords=request.registry["myapp.passwords"])

    def create(self, given):
        """Create a user of the fields `given`, an untrusted mapping with at least name and email. Returns the User.

        Raises InvalidFields, NotAllowed, Taken.
        """
        values = fields.read_fields(given, CASTS, required=("name", "email"), ignored=SET_BY_SERVER)
        role, password, moment = values.get("role", Role.MEMBER), values.get("password"), now()
        self._insist_on_right(role=role, before=Role.MEMBER, password=password)
        user = User(name=values["name"], email=values["email"], role=role, created=moment, changed=moment,
                    password_hash=self._hash(password))
        with self._writing():
            self._dbsession.add(user)
        self._publish(USER_CREATED, user, user.as_dict())
        self._audit(Action.USER_CREATED, subject=_subject(user), detail=f"role: {user.role}")
        return user

    def change(self, user, given):
        """Change the fields of `user` that `given`, an untrusted mapping, names; an empty password means the present one.

        With a `version` the change is made only to that version. Nothing is published when nothing differs.
        Raises InvalidFields, NotAllowed, Stale, Taken, LastAdmin.
        """
        values = fields.read_fields(given, CASTS, ignored=SET_BY_SERVER)
        password, role = values.pop("password", None), values.get("role", user.role)
        self._insist_on_right(user, role=role, before=user.role, password=password)
        if values.pop("version", user.version) != user.version:
            raise Stale(user.as_dict())
        values = {field: value for field, value in values.items() if getattr(user, field) != value}
        if values or password:
            self._write(user, values, password)
        return user

    def delete(self, user):
        """Delete `user`. Raises NotAllowed, LastAdmin."""
        self._insist_on_right(user)
        if user.role == Role.ADMIN:
            self._insist_on_other_admin(user)
        has_streams = has_credentials(self._dbsession, user.id)
        with self._writing():
            self._dbsession.delete(user)
        self._publish(USER_DELETED, user, {"id": user.id})
        if has_streams:
            self._realtime.revoke(userid=str(user.id))
        self._audit(Action.USER_DELETED, subject=_subject(user), detail=f"role: {user.role}")

    def _write(self, user, values, password):
        if user.role == Role.ADMIN and "role" in values:
            self._insist_on_other_admin(user)
        before = user.role
        with self._writing():
            for field, value in values.items():
                setattr(user, field, value)
            if password:
                user.password_hash = self._hash(password)
            user.changed = now()
        self._publish(USER_UPDATED, user, user.as_dict())
        if password:
            self._end_other_sessions(user)
        if "role" in values:
            self._say_role(user, before)
        if named := [field for field in values if field != "role"]:
            self._audit(Action.USER_CHANGED, subject=_subject(user), detail=", ".join(named))

    def _end_other_sessions(self, user):
        """Whoever has signed in with the former password is out. Tokens stay: programs did not use it."""
        own = getattr(self._actor, "credential", None) if self._actor.id == user.id else None
        self._audit(Action.PASSWORD_CHANGED, subject=_subject(user))
        Credentials(self._dbsession, self._realtime, None, self._audit).end_sessions(user.id, int(own) if own and own.isdecimal() else None)

    def _say_role(self, user, before):
        if has_credentials(self._dbsession, user.id):
            self._realtime.recheck(userid=str(user.id))
        self._audit(Action.ROLE_CHANGED, subject=_subject(user), detail=f"role: {before} -> {user.role}")

    def _insist_on_right(self, user=None, *, role=None, before=None, password=None):
        """Roles, other people's passwords and admins themselves are for admins."""
        if self._actor.role == Role.ADMIN:
            return
        if user is not None and user.role == Role.ADMIN:
            raise NotAllowed("Only an admin may change or delete an admin.")
        if role != before:
            raise NotAllowed("Only an admin may set roles.")
        if password and (user is None or user.id != self._actor.id):
            raise NotAllowed("Only an admin may set another person's password.")

    def _insist_on_other_admin(self, user):
        # The lock makes two admins who delete each other at once wait: the second sees what the first has left.
        admins = sa.select(User.id).where(User.role == Role.ADMIN).order_by(User.id).with_for_update()
        if set(self._dbsession.scalars(admins)) <= {user.id}:
            raise LastAdmin()

    @contextmanager
    def _writing(self):
        """What is done within is written at its end, or not at all; the session stays usable for the answer either way."""
        try:
            with self._dbsession.begin_nested():
                yield
                self._dbsession.flush()
        except IntegrityError as error:     # only the database can say that an address is free at this very moment
            raise Taken({"email": "Another account has this address."}) from error

    def _hash(self, password):
        return self._passwords.hash(password) if password else None

    def _publish(self, type, user, data):
        self._realtime.publish(USERS, type, data, key=f"user-{user.id}")


def get_user(request):
    """Return the User that the request's path names. Raises NotFound."""
    user = request.dbsession.get(User, int(request.matchdict["id"]))
    if user is None:
        raise NotFound("There is no such user, or no longer.")
    return user


def _subject(user):
    return f"user {user.id} ({user.name})"
