"""A house of rooms: a small application for tests of transports, in which each test has rooms, and inhabitants, of its own."""
from html import escape

from .board import Board


class Room:
    """The context of `room:{name}`, which everybody may see, and of `private:{name}`."""

    def __init__(self, request, name):
        self.name = name


class Porter:
    """A security policy that believes whoever says who he is, until he has gone; and lets him into a private room unless he is banned."""

    def __init__(self):
        self.gone, self.banned = set(), set()       # users; (user, name of a room)

    def authenticated_userid(self, request):
        user = request.headers.get("X-User")
        return None if user in self.gone else user

    def permits(self, request, context, permission):
        user = self.authenticated_userid(request)
        return user is not None and (user, context.name) not in self.banned


class House(Board):
    """Its events `told` have a fragment, `left` remove an element, of `broken` the template fails."""

    def __init__(self, url, settings=None):
        self.porter = Porter()
        super().__init__(url, settings, policy=self.porter, configure=self._configure)

    def _configure(self, config):
        config.add_renderer("line", lambda info: lambda value, system: f"<li>{escape(value['item']['text'])}</li>")
        config.add_renderer("nothing", lambda info: lambda value, system: value["item"]["no such field"])
        config.add_topic("room:{name}", factory=Room, fragments={"told": "line", "left": None, "broken": "nothing"})
        config.add_topic("private:{name}", factory=Room, permission="view")
