"""Errors to answers: one table from the kind of an error to its exit status and its HTTP status.

An `InputError` is 400 where the request has no body (then its parameters are at fault) and 422 where it has one that
could be read; whatever can not be read at all is refused with 400 before a route sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.i18n import sentence
from gis.errors import Conflict, Fact, Fault, GridwrightError, InputError, NotFound, StorageError

DONE, BROKEN, BAD_INPUT, UNEXPECTED, INTERRUPTED = 0, 1, 2, 70, 130
"""Exit statuses of the command line; 70 is EX_SOFTWARE, 130 is 128 + SIGINT."""

_STATUS: tuple[tuple[type[GridwrightError], int, int], ...] = (
    (InputError, BAD_INPUT, 422),
    (NotFound, BAD_INPUT, 404),
    (Conflict, BAD_INPUT, 409),
    (StorageError, BAD_INPUT, 503),
    (GridwrightError, BAD_INPUT, 400),
)
_STORAGE_STATUS = {"store_full": 507, "store_refused": 500, "file_system_refused": 507}
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


class Refusal(GridwrightError):
    """A request that HTTP itself has a status for: 401, 403, 406, 412, 413, 415, 428, 429 and their like.

    Parameters
    ----------
    status
        HTTP status.
    code
        Stable name of the reason, with a sentence in the locale files.
    headers
        Headers the status asks for (``WWW-Authenticate``, ``Retry-After``, ``ETag``).
    facts
        What the sentence needs.
    """

    def __init__(self, status: int, code: str, /, *, headers: Mapping[str, str] | None = None, **facts: Fact) -> None:
        super().__init__(code, **facts)
        self.status = status
        self.headers = dict(headers or {})


def exit_status(error: GridwrightError) -> int:
    """Exit status of the command line for an error."""
    return next(status for kind, status, _ in _STATUS if isinstance(error, kind))


def http_status(error: GridwrightError, method: str = "POST") -> int:
    """HTTP status for an error that a request of some method met."""
    if isinstance(error, Refusal):
        return error.status
    if isinstance(error, StorageError):
        return _STORAGE_STATUS.get(error.code, 503)
    if isinstance(error, InputError) and method in _WITHOUT_BODY:
        return 400
    return next(status for kind, _, status in _STATUS if isinstance(error, kind))


def fault_rows(faults: tuple[Fault, ...], language: str) -> list[dict[str, Any]]:
    """Faults as plain data: code, message in one language, facts."""
    return [
        {"code": fault.code, "message": sentence(fault.code, fault.facts, language), "facts": dict(fault.facts)}
        for fault in faults
    ]


def of_os_error(error: OSError) -> StorageError:
    """What the operating system refused, as one of our errors."""
    file = str(error.filename or "")
    return StorageError("file_system_refused", file=file, measured=error.strerror or str(error))
