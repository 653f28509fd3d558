"""Problems: refusals that a program can read, RFC 9457 `application/problem+json`."""
import json
import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pyramid.httpexceptions import HTTPClientError, HTTPException, status_map

NO_HEADERS = MappingProxyType({})
RETRY_AFTER_S = 3, 9    # told to those who come while all is full; spread, so that they do not come back together


class HTTPUpgradeRequired(HTTPClientError):
    """What Pyramid has no class for."""
    code, title = 426, "Upgrade Required"


def problem(status: int, detail: str, *, headers: Mapping[str, str] = NO_HEADERS, **members: Any) -> HTTPException:
    """Return the HTTP exception of `status`, to be raised; `detail` is a sentence, `members` are added to its JSON object.

    headers  more headers of the response, such as {"Retry-After": "5"}
    """
    refusal = (HTTPUpgradeRequired if status == 426 else status_map[status])()
    body = {"type": "about:blank", "title": refusal.title, "status": status, "detail": detail, **members}
    refusal.content_type, refusal.charset = "application/problem+json", None
    refusal.body = json.dumps(body).encode()
    refusal.headers.update(headers)
    return refusal


def unavailable(reason):
    """Return the refusal of one who may come again in a while, 503 with Retry-After, to be raised."""
    return _later(503, reason)


def too_many(reason):
    """Return the refusal of one who has enough already, 429 with Retry-After, to be raised."""
    return _later(429, reason)


def _later(status, reason):
    return problem(status, f"{reason}; try again later", headers={"Retry-After": str(random.randint(*RETRY_AFTER_S))})
