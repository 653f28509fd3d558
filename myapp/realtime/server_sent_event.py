"""One event of a view's own stream, field by field."""
import re
from dataclasses import dataclass
from typing import Any

from .transports.envelope import dump


@dataclass(frozen=True, kw_only=True)
class ServerSentEvent:
    """At least one field is given. `data` that is a str is sent as it is, all else as JSON.

    Raises ValueError for an `event` or `id` with a line end or NUL in it: it would become another field.
    """
    data: Any = None
    event: str | None = None
    id: str | None = None
    retry_ms: int | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        for name in "event", "id":
            if re.search(r"[\r\n\0]", getattr(self, name) or ""):
                raise ValueError(f"ServerSentEvent {name} {getattr(self, name)!r}: must not contain a line end or NUL")

    def encode(self) -> bytes:
        """Return its bytes. Raises TypeError or ValueError for data that JSON cannot say."""
        fields = {"id": self.id, "event": self.event, "retry": self.retry_ms}
        lines = [f": {line}" for line in _lines(self.comment)]
        lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
        if self.data is not None:
            lines += [f"data: {line}" for line in _lines(self.data if isinstance(self.data, str) else dump(self.data))]
        return "".join(f"{line}\n" for line in [*lines, ""]).encode(errors="replace")


def _lines(text):
    """The lines as a parser of event streams sees them: it knows CR LF, LF and CR, and no other line end."""
    return [] if text is None else re.split(r"\r\n|\n|\r", text)
