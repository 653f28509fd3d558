"""POST /api/topics/{topic}/events: publish an event from outside, such as a sensor's value, to a topic that takes such."""
from pyramid.httpexceptions import HTTPForbidden
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.view import view_config

from myapp.app import fields
from myapp.app.errors import InvalidFields, NotFound
from myapp.realtime import InvalidEvent, TopicsRefused, authorize

from .body import read_object


def of_type(type, sentence):
    """A cast that takes values of one type as they are."""
    def cast(value):
        if not isinstance(value, type):
            raise ValueError(sentence)
        return value
    return cast


CASTS = {"type": of_type(str, "This must be text."), "data": of_type(dict, "This must be a JSON object."),
         "key": of_type(str, "This must be text."), "transient": of_type(bool, "This must be true or false.")}


@view_config(route_name="api_topic_events", request_method="POST", permission=NO_PERMISSION_REQUIRED, renderer="json")
def publish(request):
    """Answers 201, or 202 for a transient event, which is not stored."""
    topic = request.matchdict["topic"]
    insist_on_right(request, topic)
    event = fields.read_fields(read_object(request), CASTS, required=("type", "data"))
    try:
        request.realtime.publish(topic, **event)
    except InvalidEvent as error:
        raise InvalidFields(error.errors or {"event": f"{error}."}) from None
    request.response.status_int = 202 if event.get("transient") else 201
    return {"type": event["type"], "topic": topic}


def insist_on_right(request, topic):
    """Raise NotFound or HTTPForbidden unless whoever asks may publish to `topic`."""
    try:
        authorize(request, "publish", [topic])
    except TopicsRefused as refusal:
        if refusal.unknown:
            raise NotFound("There is no such topic.") from None
        raise HTTPForbidden() from None


def includeme(config):
    config.add_route("api_topic_events", "/api/topics/{topic:[A-Za-z0-9_.:-]{1,200}}/events")
    config.scan(__name__)
