"""Problem answers (RFC 9457): one shape for everything that is refused, in the reader's language.

What the store or the operating system said about itself (paths, addresses, SQL) goes to the log and never out.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from api.http.language import language_of
from api.i18n import sentence
from api.problems import fault_rows, http_status
from gis.errors import Fault, GridwrightError, StorageError

PROBLEM_TYPE = "application/problem+json"
MAX_FAULTS = 100
_LOG = logging.getLogger("gridwright.http")


def request_id_of(scope: Any) -> str:
    """Id of a request, as its answer states it in ``X-Request-Id``."""
    return str(scope.get("gridwright.request_id", ""))


def problem_body(status: int, faults: tuple[Fault, ...], language: str, request_id: str) -> bytes:
    """The body of a problem answer."""
    rows = fault_rows(faults[:MAX_FAULTS], language)
    code = rows[0]["code"]
    body = {
        "type": f"urn:gridwright:problem:{code}",
        "title": sentence(f"title_{status}", {}, language),
        "status": status,
        "detail": rows[0]["message"],
        "code": code,
        "instance": f"urn:gridwright:request:{request_id}",
        "faults": [{**row, "facts": {key: _plain(value) for key, value in row["facts"].items()}} for row in rows],
    }
    if len(faults) > MAX_FAULTS:
        body["more_faults"] = len(faults) - MAX_FAULTS
    return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY, default=str)


def problem(
    scope: Any, status: int, *faults: Fault, headers: Mapping[str, str] | None = None, language: str | None = None
) -> Response:
    """A problem answer to a request."""
    spoken = language or language_of(scope)
    body = problem_body(status, faults, spoken, request_id_of(scope))
    extra = {"Content-Language": spoken, "Cache-Control": "no-store", **(headers or {})}
    return Response(body, status, extra, media_type=PROBLEM_TYPE)


def of_error(scope: Any, error: GridwrightError) -> Response:
    """The answer to a request that met one of our errors."""
    status = http_status(error, scope.get("method", "POST"))
    headers = dict(getattr(error, "headers", {}))
    faults = error.faults
    if status >= 500:
        _LOG.error("request %s: %s", request_id_of(scope), error)
        # The sentence of the status says what to do; the facts (addresses, SQL) are for the operator's log.
        faults = (Fault(error.code if not isinstance(error, StorageError) else f"http_{status}", {}),)
        headers.setdefault("Retry-After", "5")
    return problem(scope, status, *faults, headers=headers)


def of_validation(request: Request, error: RequestValidationError) -> Response:
    """Parameters or a body that FastAPI could read but not accept."""
    faults = []
    in_body = False
    for row in error.errors():
        where, *path = row["loc"]
        in_body = in_body or (where == "body" and row["type"] != "json_invalid" and bool(path))
        facts = {
            "where": str(where),
            "column": ".".join(map(str, path)) or str(where),
            "measured": "…" if any("password" in str(part) for part in path) else _shortened(row.get("input")),
            "allowed": str(row["msg"]),
        }
        missing = row["type"] == "missing"
        faults.append(Fault("parameter_missing" if missing else "parameter_wrong", facts))
    return problem(request.scope, 422 if in_body else 400, *faults)


def _shortened(value: object) -> str:
    if isinstance(value, (dict, list, bytes)):
        return type(value).__name__
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
