"""The attributes of <body> by which a page tells its link (static/link.js) where and how to connect, and for whom."""
from html import escape

from .settings import transports as names_of
from .viewer import viewer_of


class Attributes(dict):
    """Attributes of an element, {name: text}. As HTML, `name="text"` each, and templates know that it needs no more escaping."""

    def __html__(self):
        return " ".join(f'{name}="{escape(text)}"' for name, text in self.items())

    __str__ = __html__


def link_attributes(request, build, transports, *, is_hot=False):
    """Return the Attributes. transports: names, best first, as a text with blanks between or as a sequence. Raises ValueError.

    is_hot: whether the page reloads itself at once for another build. What answers a form has no build, and never reloads itself: it
    may have no address of its own, and may be shown once only.
    """
    names = names_of(transports) if isinstance(transports, str) else transports
    attributes = {
        "url": request.route_path("realtime_events"), "build": build if request.method == "GET" else None, "hot": "" if is_hot else None,
        "transports": " ".join(names), "viewer": viewer_of(request)}
    return Attributes({f"data-rt-{name}": text for name, text in attributes.items() if text is not None})
