"""What the add-on tells an application, by `registry.notify`: subscribe with `config.add_subscriber` or `@subscriber`.

A subscriber is to return soon: a request, or the broker's own thread, waits for it.
"""
from dataclasses import dataclass

from pyramid.request import Request


@dataclass(frozen=True)
class PublishAsked:
    """The client of a WebSocket asks to publish. Notified before its permission is looked at, in the transaction of `request`.

    A subscriber may raise a `problem`, such as one of status 429: the client is told, and nothing is published.
    """
    request: Request    # nobody's but by identity: the headers and the address of the socket, no body
    topic: str          # as the client says it


@dataclass(frozen=True)
class EventCommitted:
    """An event that this process has published is committed. Notified after the commit, in the thread of the transaction."""
    topic: str
    type: str
    data: str           # JSON text
    key: str | None
    id: str | None      # of Last-Event-ID; None for a transient event


@dataclass(frozen=True)
class Client:
    """Who has a stream, or waits with a poll."""
    number: int             # of the connection, in this process: no two that are there at the same time have the same
    userid: str | None      # as `request.authenticated_userid` says it
    session: str | None     # as the security policy's `session_id` says it, where it has that
    topics: frozenset[str]
    transport: str          # sse, websocket or poll


@dataclass(frozen=True)
class ClientConnected(Client):
    """A client has opened a stream in this process, or begins to wait with a poll, which it does again and again.

    Notified soon afterwards, in the order in which clients come and go, in a thread for this alone: it may ask a database.
    """


@dataclass(frozen=True)
class ClientDisconnected(Client):
    """The stream is over, or the poll is answered. Notified as ClientConnected is; a process that ends does not tell of its clients."""


@dataclass(frozen=True)
class BrokerLost:
    """The broker does not work any more, or not yet. Nothing is lost, but events come later. Notified once, in a thread of the broker."""
    broker: str         # its URL, without a password
    reason: str


@dataclass(frozen=True)
class BrokerRestored:
    """The broker works again. Notified once, in a thread of the broker."""
    broker: str         # its URL, without a password
