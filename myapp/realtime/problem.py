"""Problems: refusals that a program can read, RFC 9457 `application/problem+json`."""
import json

from pyramid.httpexceptions import status_map


def problem(status, detail, *, headers=(), **members):
    """Return the HTTP exception of `status`, to be raised; `detail` is a sentence, `members` are added to its JSON object.

    headers  more headers of the response, a mapping or pairs, such as {"Retry-After": "5"}
    """
    refusal = status_map[status]()
    body = {"type": "about:blank", "title": refusal.title, "status": status, "detail": detail, **members}
    refusal.content_type, refusal.charset = "application/problem+json", None
    refusal.body = json.dumps(body).encode()
    refusal.headers.update(headers)
    return refusal
