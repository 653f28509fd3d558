"""The JSON API as a program without cookies uses it: each request on a connection of its own."""
import http.client
import json
import secrets
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    text: str

    @property
    def json(self):
        return json.loads(self.text)


class Api:
    """The API of the process that listens on `address`. Any thread."""

    def __init__(self, address, headers=None):
        """headers: sent with each request, such as {"Authorization": "Bearer …"}."""
        self.address, self.headers = address, headers or {}

    def ask(self, method, path, body=None, *, timeout_s=TIMEOUT_S):
        """Return the Answer. Raises OSError or HTTPException when there is none."""
        connection = http.client.HTTPConnection(*self.address, timeout=timeout_s)
        try:
            headers = self.headers if body is None else self.headers | {"Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())
        finally:
            connection.close()

    def create(self, name, **fields):
        """Create a user; returns it as the API shows it."""
        answer = self.ask("POST", "/api/users", new_user(name, **fields))
        assert answer.status == 201, answer
        return answer.json

    def change(self, user, **fields):
        answer = self.ask("PUT", f"/api/users/{user['id']}", fields)
        assert answer.status == 200, answer
        return answer.json

    def delete(self, user):
        answer = self.ask("DELETE", f"/api/users/{user['id']}")
        assert answer.status == 204, answer

    def users(self):
        """Return {"items", "total", "cursor"} with all users."""
        answer = self.ask("GET", "/api/users?limit=500")
        assert answer.status == 200, answer
        assert answer.json["total"] == len(answer.json["items"])
        return answer.json


def new_user(name, **fields):
    """Return the fields of a new user, with an address that nobody has unless one is told."""
    return {"name": name, "email": f"{secrets.token_hex(6)}@example.org", **fields}
