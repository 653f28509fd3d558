"""Contexts: what a view or a topic is about, and who has which permission there. The only place that says what a role may do."""
from pyramid.authorization import ALL_PERMISSIONS, Allow

from .models import Role

VIEW = "view"               # see users, and all else that is not public
EDIT_USERS = "edit_users"   # create, change and delete users; what only admins may do within that is in users.py

ADMINS = (Allow, f"role:{Role.ADMIN}", ALL_PERMISSIONS)


class Root:
    """The context of every view that names no other."""

    topic = None    # name of the topic that tells of what is here; a token that may only read some topics may read this too
    __acl__ = (
        ADMINS,
        (Allow, f"role:{Role.EDITOR}", (VIEW, EDIT_USERS)),
        (Allow, f"role:{Role.MEMBER}", VIEW),
    )

    def __init__(self, request):
        pass
