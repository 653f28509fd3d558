"""What the forms of all pages share: which fields were sent, the answer when one is done, and what is said when it is refused."""
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

SAVED = "saved"     # the event that app.js gets when a form is done


def typed_fields(request, fields):
    """Return those of `fields` that the form has sent, {name: text}; the browser's csrf_token and buttons are none of them."""
    return {field: request.POST[field] for field in fields if field in request.POST}


def done(request, route_name, **parts):
    """Return the answer to a form that did what it should: htmx closes the dialog, a plain page goes on to the route's page.

    parts: those of the route's path
    """
    if request.is_htmx:
        return Response(status=204, headers={"HX-Trigger": SAVED})
    return HTTPSeeOther(request.route_path(route_name, **parts))


def refused(request, refusal):
    """Give the answer the status and the headers of a Refusal; None: the form was not refused.

    Returns what its template says of it: {"errors": {field: sentence}, "problem": sentence or None}.
    """
    if refusal is not None:
        request.response.status_int = refusal.status
        request.response.headers.update(refusal.headers)
    return {"errors": getattr(refusal, "errors", {}), "problem": refusal and str(refusal)}
