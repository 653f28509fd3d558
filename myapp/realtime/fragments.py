"""Fragments: the HTML of an event, by the same template as the page's rows, once per event and process, for no viewer in particular."""
import json
import logging
import threading

from pyramid.renderers import RendererHelper
from pyramid.request import Request, apply_request_extensions

from .errors import UnknownTopic
from .throttle import Throttle


class Fragments:
    """Any thread. `failed` counts events whose template raised."""

    def __init__(self, registry, topics):
        self._registry, self._topics = registry, topics
        self._lock = threading.Lock()       # guards _renderers and _request while they are made
        self._renderers, self._request = {}, None
        self._failures = Throttle(logging.getLogger(__name__))
        self.failed = 0

    def html(self, event):
        """Return {"html": text} to put or replace the event's element, {"html": None} to remove it, {} when there is nothing to show.

        A template that fails is logged and counted, and gives {}: a list that cares reads itself anew. It removes nothing.
        """
        try:
            fragments = self._topics.find(event.topic).fragments
        except UnknownTopic:                # of a release that declares more topics than this process
            return {}
        if event.type not in fragments:
            return {}
        name = fragments[event.type]
        return {"html": None} if name is None else self._render(name, event)

    def _render(self, name, event):
        try:
            # A template may raise anything. Its error must not keep the event from those who wait for it.
            html = self._renderer(name).render({"item": json.loads(event.data)}, {"request": self._request})
            return {"html": (html.decode() if isinstance(html, bytes) else str(html)).strip()}
        except Exception:
            self.failed += 1
            self._failures.exception(
                "the fragment %s of %s (%s) failed; pages that show it read their list anew", name, event.type, event.cursor)
            return {}

    def _renderer(self, name):
        with self._lock:
            if self._request is None:
                self._request = Request.blank("/")      # nobody's: templates may ask it for routes and assets
                self._request.registry = self._registry
                apply_request_extensions(self._request)
            if name not in self._renderers:
                self._renderers[name] = RendererHelper(name, registry=self._registry)
            return self._renderers[name]
