"""Problems: refusals that a program can read, RFC 9457 `application/problem+json`."""
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pyramid.httpexceptions import HTTPException, status_map

NO_HEADERS = MappingProxyType({})


def problem(status: int, detail: str, *, headers: Mapping[str, str] = NO_HEADERS, **members: Any) -> HTTPException:
    """Return the HTTP exception of `status`, to be raised; `detail` is a sentence, `members` are added to its JSON object.

    headers  more headers of the response, such as {"Retry-After": "5"}
    """
    refusal = status_map[status]()
    body = {"type": "about:blank", "title": refusal.title, "status": status, "detail": detail, **members}
    refusal.content_type, refusal.charset = "application/problem+json", None
    refusal.body = json.dumps(body).encode()
    refusal.headers.update(headers)
    return refusal
