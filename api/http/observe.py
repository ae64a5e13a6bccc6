"""A hook for metrics and logs: what was asked by which route, how it ended, how long it took.

There is no query string, no address and no account in it: nothing of a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that was answered.

    Attributes
    ----------
    method
        HTTP method.
    route
        Path as its route declares it (``/v1/plans/{plan}``); ``-`` where no route was found.
    status
        Status of the answer; 499 where the reader left before it.
    seconds
        From the first byte of the request to the last of the answer.
    request_id
        As in ``X-Request-Id``.
    n_bytes
        Size of the body that went out.
    """

    method: str
    route: str
    status: int
    seconds: float
    request_id: str
    n_bytes: int


Listener = Callable[[Seen], None]


class Observer:
    """Tells listeners of every answer, and everybody when the service is shutting down."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._failures: list[Callable[[BaseException, str], None]] = []
        self.is_draining = False

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` after every answer; it must be quick and must not raise."""
        self._listeners.append(listener)

    def listen_to_failures(self, listener: Callable[[BaseException, str], None]) -> None:
        """Call ``listener`` with every unexpected error and the id of its request."""
        self._failures.append(listener)

    def drain(self) -> None:
        """From now on new requests are answered 503, so that a balancer takes another server."""
        self.is_draining = True

    def seen(self, seen: Seen) -> None:
        """One request was answered."""
        for listener in self._listeners:
            listener(seen)

    def failed(self, error: BaseException, request_id: str) -> None:
        """One request met an unexpected error."""
        for listener in self._failures:
            listener(error, request_id)
