"""Errors to answers: one table from the kind of an error to its exit status, and one shape for its faults."""

from __future__ import annotations

from typing import Any

from api.i18n import sentence
from gis.errors import Conflict, Fault, GridwrightError, InputError, NotFound, StorageError

DONE, BROKEN, BAD_INPUT, UNEXPECTED, INTERRUPTED = 0, 1, 2, 70, 130
"""Exit statuses of the command line; 70 is EX_SOFTWARE, 130 is 128 + SIGINT."""

_STATUS: tuple[tuple[type[GridwrightError], int, int], ...] = (
    (InputError, BAD_INPUT, 422),
    (NotFound, BAD_INPUT, 404),
    (Conflict, BAD_INPUT, 409),
    (StorageError, BAD_INPUT, 507),
    (GridwrightError, BAD_INPUT, 400),
)


def exit_status(error: GridwrightError) -> int:
    """Exit status of the command line for an error."""
    return next(status for kind, status, _ in _STATUS if isinstance(error, kind))


def http_status(error: GridwrightError) -> int:
    """HTTP status for an error."""
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
