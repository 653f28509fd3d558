"""The conversation: what a WebSocket's client may ask for, and how it is done: as a request with the identity of the socket.

    {"subscribe": ["users"], "ref"?}    {"unsubscribe": ["users"], "ref"?}    {"publish": {"topic", "type", "data"}, "ref"?}

Each is answered by {"ok": true, "ref"?} or {"error": {"status", "detail", ...}, "ref"?}, in the order in which they were asked.
"""
import json
from contextlib import contextmanager, nullcontext
from functools import partial

from pyramid.httpexceptions import HTTPException

from .core.dialogue import Dialogue, Outcome
from .errors import InvalidEvent, TopicsRefused
from .events import PublishAsked
from .problem import problem
from .publish import blank_request
from .rights import owner_of
from .strict_json import read_json
from .topics import PUBLISH, READ
from .transports.websocket import POLICY, close_frame, message
from .views import checked_topics

MOST_UNANSWERED = 32    # messages of one client; threads answer them one by one
MOST_REF = 200          # characters
EVENT = {"topic", "type", "data"}
REFUSALS = {401: "sign in to do this", 403: "you may not do this", 404: "there are no such topics"}


class Conversation(Dialogue):
    """`_do` is called by threads, one at a time; the rest by whoever sends the stream."""

    def __init__(self, registry, owner, environ, topics, make_reader):
        """owner: the Owner of the socket. environ: by what a request of this owner is identified. topics: that it sees at first."""
        self._registry, self._owner, self._environ, self._topics = registry, owner, environ, frozenset(topics)
        self._make_reader, self._reader = make_reader, None     # most clients never say a word
        self._unanswered, self._is_doing = [], False            # a list: an empty deque is ten times as large

    def hear(self, data):
        if self.is_over:
            return b""
        self._reader = self._reader or self._make_reader()
        messages, answer = self._reader.read(data)
        self._unanswered += messages
        self.is_over = self._reader.is_over
        if len(self._unanswered) > MOST_UNANSWERED and not self.is_over:
            self.is_over = True
            answer += close_frame(POLICY, f"at most {MOST_UNANSWERED} messages without waiting for an answer")
        return answer

    def begin(self):
        if self._is_doing or not self._unanswered:
            return None
        self._is_doing = True
        return partial(self._do, self._unanswered.pop(0))

    def finish(self):
        self._is_doing = False

    # A thread

    def _do(self, text):
        """Return the Outcome of one message."""
        ref, seen = {}, self._topics
        try:
            said = read_object(text)
            ref = read_ref(said)
            self._act(said)
            answer = {"ok": True}
        except HTTPException as refusal:
            answer = {"error": json.loads(refusal.body)}
        except Exception:       # of policies, factories, the database: it is told, and the socket goes on
            self._registry.realtime.failures.exception("what a WebSocket's client asked for failed")
            answer = {"error": json.loads(problem(500, "it failed here; try again later").body)}
        return Outcome(message(answer | ref), None if self._topics == seen else self._topics)

    def _act(self, said):
        match said:
            case {"subscribe": names, **rest} if not rest:
                self._subscribe(checked_names(names))
            case {"unsubscribe": names, **rest} if not rest:
                self._topics = self._topics.difference(checked_names(names))
            case {"publish": dict(event), **rest} if not rest and event.keys() == EVENT:
                self._publish(**event)
            case _:
                raise problem(400, 'say {"subscribe": [topics]}, {"unsubscribe": [topics]} or {"publish": {"topic", "type", "data"}}')

    def _subscribe(self, names):
        topics = checked_topics([*self._topics, *names], self._registry.realtime.max_topics)
        with self._request("GET") as request:
            insist(request, READ, names)
        self._topics = frozenset(topics)
        self._registry.realtime.note_listener(names)

    def _publish(self, topic, type, data):
        checked_names([topic])
        try:
            with self._request("POST") as request:
                self._registry.notify(PublishAsked(request, topic))
                insist(request, PUBLISH, [topic])
                request.realtime.publish(topic, type, data)
        except InvalidEvent as error:
            raise problem(422, str(error), **({"errors": error.errors} if error.errors else {})) from None

    @contextmanager
    def _request(self, method):
        """A request as the socket's, in a transaction of its own, which is committed if all goes well."""
        with blank_request(self._registry, method=method, environ=dict(self._environ)) as request:
            with getattr(request, "tm", None) or nullcontext():
                if owner_of(request)[:2] != self._owner[:2]:
                    raise problem(401, "you are not signed in any more")
                yield request


def read_object(text):
    """Return the object that `text` says in JSON. Raises 400."""
    try:
        said = read_json(text)
    except ValueError as error:
        raise problem(400, f"this cannot be read as JSON: {error}") from None
    if not isinstance(said, dict):
        raise problem(400, "this is no JSON object")
    return said


def read_ref(said):
    """Take the "ref" out of `said`; returns {"ref": it}, {} when there is none. Raises 400."""
    if "ref" not in said:
        return {}
    ref = said.pop("ref")
    if not isinstance(ref, (str, int)) or len(str(ref)) > MOST_REF:
        raise problem(400, f"ref must be a text or a whole number of at most {MOST_REF} characters")
    return {"ref": ref}


def checked_names(names):
    """Return `names`, a list of texts. Raises 400."""
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise problem(400, "topics must be a list of texts, at least one")
    return names


def insist(request, action, topics):
    """Raise 404 for unknown topics, else 401 or 403, unless whoever asks may do `action` with all of `topics`; the answer names them."""
    try:
        request.registry.realtime.topics.authorize(request, action, topics)
    except TopicsRefused as refusal:
        status = 404 if refusal.unknown else 401 if request.authenticated_userid is None else 403
        raise problem(status, REFUSALS[status], topics=refusal.topics) from None
