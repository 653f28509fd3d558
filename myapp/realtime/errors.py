"""What can go wrong in the add-on, one family. A message says what, the value, what is allowed and what to do."""
import difflib


class RealtimeError(Exception):
    """The root of the family."""


class StartUpError(SystemExit):
    """The application cannot start as it is configured. `problems` is a list of sentences, all that is wrong.

    It is a SystemExit, so that pserve, gunicorn and the commands end with the message instead of a traceback. And it is not of
    the family, for that is one of Exceptions, which Pyramid turns into an error of its own when they come out of an action.
    """

    def __init__(self, problems):
        self.problems = list(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"The application cannot start, {len(self.problems)} to put right:\n{lines}")

    def __str__(self):
        return self.args[0]


class NotSetUp(RealtimeError):
    """The application lacks something that the add-on relies on, or has it in a way that cannot work."""


class InvalidEvent(RealtimeError, ValueError):
    """What was to be published is not an event: its topic, type or data is malformed or too large.

    `errors` is {field: sentence} where it is about fields of the data.
    """

    def __init__(self, message, errors=None):
        super().__init__(message)
        self.errors = errors or {}


class UnknownTopic(RealtimeError, LookupError):
    """No `config.add_topic` declares this topic, or its factory knows no such object."""


class TopicsRefused(RealtimeError):
    """Someone may not see, or cannot see, `topics`. `unknown` tells those that do not exist from those forbidden."""

    def __init__(self, topics, *, unknown):
        self.topics, self.unknown = sorted(topics), unknown
        super().__init__(f"{'unknown' if unknown else 'forbidden'} topics: {', '.join(self.topics)}")


class LogUnavailable(RealtimeError):
    """The event log cannot be read or written now; the database's own error is the cause."""


class BrokerUnavailable(RealtimeError):
    """A broker cannot be reached, or does not answer, or refuses us; the driver's own error is the cause."""


class LogTrimmed(RealtimeError, LookupError):
    """The events asked for are older than the log keeps."""


class HubFull(RealtimeError):
    """There is no place for one more stream now, whoever asks."""


class TooManyStreams(RealtimeError):
    """One user, or one address, has all the streams that one may have."""


class TooManyPolls(RealtimeError):
    """As many polls wait as may; one more is answered at once."""


class HandshakeRefused(RealtimeError):
    """A request does not begin a WebSocket. `status` is that of the answer, `headers` are added to it."""

    def __init__(self, status, detail, headers=None):
        super().__init__(detail)
        self.status, self.headers = status, headers or {}


def did_you_mean(word, words):
    """Return " (did you mean 'x'?)" for the nearest of `words`, or ""."""
    nearest = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""
