"""The acts on users: create, change, delete; their rules, and what they publish. Pages, API and commands all go through here.

Each act flushes and publishes within the caller's transaction; a Refusal leaves nothing behind once the caller rolls back.
"""
import sqlalchemy as sa

from . import fields
from .accounts import find_account
from .acts import SET_BY_SERVER, VERSION, assign, differing, writing
from .audit import Action, audit_into, user_subject
from .credentials import Credentials, has_credentials
from .errors import LastAdmin, NotAllowed, NotFound
from .models import Role, User, now
from .topics import USER_CREATED, USER_DELETED, USER_UPDATED, USERS

CASTS = {"name": fields.line(100), "email": fields.email, "role": fields.choice(list(Role)), "password": fields.password,
         "version": VERSION}
TAKEN = {"email": "Another account has this address."}


class Users:
    """The users, as one person may act on them in one transaction. One thread."""

    def __init__(self, dbsession, realtime, actor, *, audit, passwords):
        """realtime: with the methods publish(), recheck() and revoke(); audit: as request.audit; passwords: the Passwords.

        actor: the Identity who acts, whose right to edit users at all was checked before.
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
        self._insist_on_right(role=role, before=Role.MEMBER)
        self._insist_on_own_password(None, password)
        user = User(name=values["name"], email=values["email"], role=role, created=moment, changed=moment, changed_by=self._actor.name,
                    password_hash=self._hash(password))
        with writing(self._dbsession, taken=TAKEN):
            self._dbsession.add(user)
        self._publish(USER_CREATED, user, user.as_dict())
        self._audit(Action.USER_CREATED, subject=user_subject(user), detail=f"role: {user.role}")
        return user

    def change(self, user_id, given):
        """Change the fields of a user that `given`, an untrusted mapping, names; an empty password means the present one.

        With a `version` the change is made only to that version. Nothing is published when nothing differs. Returns the User.
        Raises InvalidFields, NotAllowed, NotFound, Stale, Taken, LastAdmin, TooBusy. Begin no transaction before it when there may be
        a password: while one is hashed, no other writer should wait.
        """
        values = fields.read_fields(given, CASTS, ignored=SET_BY_SERVER)
        password = values.pop("password", None)
        self._insist_on_own_password(user_id, password)
        password_hash = self._hash(password)
        user = find_user(self._dbsession, user_id)
        role = values.get("role", user.role)
        self._insist_on_right(user, role=role, before=user.role)
        values = differing(user, values)
        if values or password_hash:
            self._write(user, values, password_hash)
        return user

    def delete(self, user):
        """Delete `user`. Raises NotAllowed, LastAdmin."""
        self._insist_on_right(user)
        if user.role == Role.ADMIN:
            self._insist_on_other_admin(user)
        may_have_streams = has_credentials(self._dbsession, user.id)      # asked now: they go with the user
        with writing(self._dbsession):
            self._dbsession.delete(user)
        self._publish(USER_DELETED, user, {"id": user.id})
        if may_have_streams:
            self._realtime.revoke(userid=str(user.id))
        self._audit(Action.USER_DELETED, subject=user_subject(user), detail=f"role: {user.role}")

    def _write(self, user, values, password_hash):
        if user.role == Role.ADMIN and "role" in values:
            self._insist_on_other_admin(user)
        before = user.role
        with writing(self._dbsession, taken=TAKEN):
            assign(user, values)
            if password_hash:
                user.password_hash = password_hash
            user.changed_by = self._actor.name
        self._publish(USER_UPDATED, user, user.as_dict())
        if password_hash:
            self._audit(Action.PASSWORD_CHANGED, subject=user_subject(user))
            self._end_other_sessions(user)
        if "role" in values:
            self._recheck_streams(user)
            self._audit(Action.ROLE_CHANGED, subject=user_subject(user), detail=f"role: {before} -> {user.role}")
        if named := [field for field in values if field != "role"]:
            self._audit(Action.USER_CHANGED, subject=user_subject(user), detail=", ".join(named))

    def _end_other_sessions(self, user):
        """Whoever has signed in with the former password is out. Tokens stay: programs did not use it."""
        own = self._actor.session_id if self._actor.id == user.id else None
        Credentials(self._dbsession, self._realtime, None, self._audit).end_sessions(user.id, keep=own)

    def _recheck_streams(self, user):
        if has_credentials(self._dbsession, user.id):       # else nobody has a stream open in his name
            self._realtime.recheck(userid=str(user.id))

    def _insist_on_right(self, user=None, *, role=None, before=None):
        """Roles and admins themselves are for admins."""
        if self._actor.role == Role.ADMIN:
            return
        if user is not None and user.role == Role.ADMIN:
            raise NotAllowed("Only an admin may change or delete an admin.")
        if role != before:
            raise NotAllowed("Only an admin may set roles.")

    def _insist_on_own_password(self, user_id, password):
        if password and user_id != self._actor.id and self._actor.role != Role.ADMIN:
            raise NotAllowed("Only an admin may set another person's password.")

    def _insist_on_other_admin(self, user):
        # The lock makes two admins who delete each other at once wait: the second sees what the first has left.
        admins = sa.select(User.id).where(User.role == Role.ADMIN).order_by(User.id).with_for_update()
        if set(self._dbsession.scalars(admins)) <= {user.id}:
            raise LastAdmin()

    def _hash(self, password):
        return self._passwords.hash(password) if password else None

    def _publish(self, type, user, data):
        self._realtime.publish(USERS, type, data, key=f"user-{user.id}")


def get_user(request):
    """Return the User that the request's path names. Raises NotFound."""
    return find_user(request.dbsession, user_id(request))


def user_id(request):
    """Return the id that the request's path names."""
    return int(request.matchdict["id"])


def find_user(dbsession, id):
    """Return the User of an id, int. Raises NotFound."""
    user = dbsession.get(User, id)
    if user is None:
        raise NotFound("There is no such user, or no longer.")
    return user


def find_by_name_or_email(dbsession, text):
    """Return the User whose e-mail is `text`, or else the only one of that name; None when there is none, or more than one."""
    row = find_account(dbsession, text, User)
    return row and row.User
