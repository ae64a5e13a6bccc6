"""The description of the service: what FastAPI writes, made true, and a copy of it in OpenAPI 3.0.

FastAPI writes OpenAPI 3.1, states 422 for every route and knows nothing of what stands before the routes.  `describe`
replaces that; `openapi_30` turns it into the 3.0.3 that OGC clients ask for.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import gis
from api.http.answers import PROBLEM_TYPE
from api.http.guard import asker_of

_METHODS = ("get", "put", "post", "delete", "patch")
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_STATUS = {
    400: "The request is malformed: a parameter, the body or the address",
    401: "Nobody is signed in, or the key is not valid",
    403: "The account may not do this",
    404: "There is no such thing, or it lies outside the account's jurisdiction",
    406: "None of the acceptable media types is given",
    408: "The body took too long to arrive",
    409: "The request contradicts the present state",
    410: "It is gone",
    412: "It was changed since it was read",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body is of a kind that is not taken",
    422: "The body can be read, but what it asks for can not be done",
    428: "If-Match is needed",
    429: "Too many requests",
    431: "The headers are too large",
    500: "An unexpected error; it is logged under the request id",
    503: "The service is starting, stopping or without its store",
    507: "The store is full",
}
_ANYWHERE = (400, 406, 414, 431, 500, 503)
_CHANGING = (408, 413)
_WITH_BODY = (415,)
_WITH_ACCOUNT = (401, 403, 429)
SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer gw_...`"},
    "session": {"type": "apiKey", "in": "cookie", "name": "gridwright", "description": "A signed-in browser"},
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "instance", "faults"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "One sentence in Chinese or English: what, where, what to do"},
        "code": {"type": "string", "description": "Stable name of the first fault", "pattern": "^[a-z][a-z0-9_]*$"},
        "instance": {"type": "string", "description": "Id of the request, as in X-Request-Id"},
        "faults": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["code", "message", "facts"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "facts": {"type": "object"},
                },
            },
        },
        "more_faults": {"type": "integer"},
    },
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem answers for a route's ``responses=``: what it can refuse beyond what every route can.

    400, 406, 414, 431, 500 and 503 are written to every route, 408 and 413 to those that change something, 415 and
    422 to those with a body, 401, 403 and 429 to those that need an account.
    """
    return {status: _answer(status) for status in statuses}


def _answer(status: int) -> dict[str, Any]:
    return {"description": _STATUS[status], "content": {PROBLEM_TYPE: {"schema": _PROBLEM}}}


_MORE: list[type[BaseModel]] = []


def also_describe(model: type[BaseModel]) -> dict[str, str]:
    """A reference to a schema that no route answers with by itself, for use in ``responses=``."""
    if model not in _MORE:
        _MORE.append(model)
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def describe(app: FastAPI) -> None:
    """Let ``app.openapi()`` give the true description."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=gis.__version__ if hasattr(gis, "__version__") else "0",
        description="Draws, keeps and serves community grids (网格).",
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    if _MORE:
        _, more = models_json_schema(
            [(model, "serialization") for model in _MORE], ref_template="#/components/schemas/{model}"
        )
        schemas.update(more.get("$defs", {}))
    components["securitySchemes"] = {**components.get("securitySchemes", {}), **SECURITY}
    needs = {
        (route.path_format, method): needs_account(route)
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    for path, operations in document.get("paths", {}).items():
        for method in _METHODS:
            if method in operations:
                _complete(
                    operations[method], changes=method != "get", needs_account=needs.get((path, method.upper()), True)
                )
    return document


def needs_account(route: APIRoute) -> bool:
    """Whether a route asks who calls and does not let everybody in."""
    asker = asker_of(route)
    return asker is not None and bool(asker.roles)


def _complete(operation: dict[str, Any], *, changes: bool, needs_account: bool) -> None:
    answers = operation["responses"]
    given = answers.get("422", {}).get("content", {})
    if PROBLEM_TYPE not in given:
        answers.pop("422", None)  # FastAPI's own
        if "requestBody" in operation:
            answers["422"] = _answer(422)
    always = _ANYWHERE + (_CHANGING if changes else ())
    if "requestBody" in operation:
        always += _WITH_BODY
    always += _WITH_ACCOUNT if needs_account else (429,)
    operation["security"] = [{"key": []}, {"session": []}] if needs_account else []
    for status in always:
        answers.setdefault(str(status), _answer(status))
    if needs_account and not changes:
        answers.setdefault("303", {"description": "To the sign-in page, for a browser that is not signed in"})
    operation["responses"] = dict(sorted(answers.items()))
