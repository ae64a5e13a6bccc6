"""What is checked of every request before its route sees it: parameters, acceptable answers, who asks, the body.

It wraps the application of each route and so knows what the route declares; its own work is a few look-ups in tables
made once.  A body is read as a whole; but tables, on routes that take them row by row (``tables``: media types), go
into a nameless file that is gone with the request, and that the route finds in the scope under `TABLE`.
"""

from __future__ import annotations

import asyncio
import copy
import tempfile
from collections.abc import AsyncIterator, Mapping
from typing import IO, Any

from fastapi import params
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.json_guard import check_json
from api.http.negotiate import preferred
from api.http.parameters import check_query, declared_parameters
from api.http.settings import ServiceSettings
from api.problems import Refusal, of_os_error

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_INLINE_BYTES = 64 * 1024
_STRANGERS_BYTES = 64 * 1024
"""Longest body on a route that needs no account."""
_JSON = "application/json"
TABLE = "gridwright.table"
_IN_MEMORY_BYTES = 1024 * 1024
_SLOWEST_BYTES_S = 20_000
"""What a table must arrive with beyond the first seconds."""


def guarded(route: APIRoute, settings: ServiceSettings) -> APIRoute:
    """A copy of a route that checks requests before it answers them.

    A route with a method ``before(app)`` has an application of its own in front of the checks, for what it can answer
    without them.
    """
    made = copy.copy(route)
    made.app = Guard(route, settings)
    if hasattr(route, "before"):
        made.app = route.before(made.app)
    return made


def media_types_given(route: APIRoute) -> tuple[str, ...]:
    """Media types a route's good answers may have."""
    default = getattr(route.response_class, "value", route.response_class).media_type
    found: dict[str, None] = {default: None} if default else {}
    for status, answer in route.responses.items():
        if str(status).startswith(("2", "3")):
            found.update(dict.fromkeys(answer.get("content", {})))
    for status, answer in (route.openapi_extra or {}).get("responses", {}).items():
        if str(status).startswith("2"):
            found.update(dict.fromkeys(answer.get("content", {})))
    return tuple(found)


def media_types_taken(route: APIRoute) -> tuple[str, ...]:
    """Media types a route's request body may have; none where it takes no body."""
    stated: Mapping[str, Any] = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    if stated:
        return tuple(stated)
    if route.body_field is None:
        return ()
    info = route.body_field.field_info
    if isinstance(info, params.Form):
        return ("application/x-www-form-urlencoded", "multipart/form-data")
    return (getattr(info, "media_type", None) or _JSON,)


def asker_of(route: APIRoute) -> Any:
    """The dependency of a route that asks who calls (it states ``roles``, see `api.routes.access`); none: ``None``."""
    waiting = [route.dependant]
    while waiting:
        part = waiting.pop()
        if hasattr(part.call, "roles"):
            return part.call
        waiting.extend(part.dependencies)
    return None


class Guard:
    """The application of a route behind its checks."""

    def __init__(self, route: APIRoute, settings: ServiceSettings) -> None:
        self._app: ASGIApp = route.app
        self._settings = settings
        self._declared = declared_parameters(route.dependant, route.openapi_extra)
        self._given = media_types_given(route)
        self._taken = media_types_taken(route)
        self._allow = asker_of(route)
        self._tables: frozenset[str] = getattr(route, "tables", frozenset())
        self._most_bytes = settings.max_body_bytes
        if self._allow is None or not self._allow.roles:
            self._most_bytes = min(self._most_bytes, _STRANGERS_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then answer.

        Raises
        ------
        Refusal
            400, 401, 403, 406, 408, 413, 415, 429 and the codes of `check_json` and `check_query`.
        """
        query = scope["query_string"]
        if query:
            check_query(query, self._declared)
        accept, kind, length, packed = "", None, None, False
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = f"{accept},{value.decode('latin-1')}" if accept else value.decode("latin-1")
            elif name == b"content-type":
                kind = value.decode("latin-1")
            elif name == b"content-length":
                length = value
            elif name == b"content-encoding":
                packed = value.strip().lower() not in (b"", b"identity")
        if (
            accept
            and "*/*" not in accept
            and self._given
            and preferred(accept, self._given) is None
            and not (b"f=" in query and "f" in self._declared)
        ):
            raise Refusal(406, "not_acceptable", measured=accept[:120], allowed=", ".join(self._given))
        if scope["method"] in _WITH_BODY:
            if self._allow is not None:
                # Before the body is read: who may not ask should cost nothing more.
                await self._allow(Request(scope, receive))
            if self._tables and _media_type(kind) in self._tables:
                if packed:
                    raise Refusal(415, "content_encoding_refused")
                with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
                    await self._spool(receive, length, file)
                    scope[TABLE] = file
                    await self._app(scope, _replay(b"", receive), send)
                return
            body = await self._read(receive, length)
            if body and self._taken:
                if packed:
                    raise Refusal(415, "content_encoding_refused")
                await self._check(body, kind)
            receive = _replay(body, receive)
        await self._app(scope, receive, send)

    async def _read(self, receive: Receive, length: bytes | None) -> bytes:
        chunks = self._chunks(receive, length, self._most_bytes)
        return b"".join([chunk async for chunk in chunks])

    async def _spool(self, receive: Receive, length: bytes | None, file: IO[bytes]) -> None:
        allowed = self._settings.max_table_bytes
        try:
            async for chunk in self._chunks(receive, length, allowed, _SLOWEST_BYTES_S):
                file.write(chunk)
            file.seek(0)
        except OSError as error:
            raise of_os_error(error) from error

    async def _chunks(
        self, receive: Receive, length: bytes | None, allowed: int, slowest_bytes_s: float = float("inf")
    ) -> AsyncIterator[bytes]:
        """A body as it comes; slower than at some rate, beyond the first seconds, it is not waited for."""
        if length is not None and length.isdigit() and int(length[:20]) > allowed:
            raise Refusal(413, "body_too_large", headers={"Connection": "close"}, allowed=allowed)
        n_bytes, seconds = 0, self._settings.body_seconds
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(began + seconds + n_bytes / slowest_bytes_s):
                    message = await receive()
            except TimeoutError as error:
                raise Refusal(408, "body_too_slow", headers={"Connection": "close"}, allowed=seconds) from error
            if message["type"] != "http.request":
                return
            chunk = message.get("body", b"")
            n_bytes += len(chunk)
            if n_bytes > allowed:
                raise Refusal(413, "body_too_large", headers={"Connection": "close"}, allowed=allowed)
            yield chunk
            if not message.get("more_body", False):
                return

    async def _check(self, body: bytes, kind: str | None) -> None:
        name = _media_type(kind)
        if name not in self._taken and not (
            _JSON in self._taken and name.startswith("application/") and name.endswith("+json")
        ):
            raise Refusal(415, "content_type_refused", measured=name[:80] or None, allowed=", ".join(self._taken))
        if name == _JSON or name.endswith("+json"):
            if len(body) <= _INLINE_BYTES:
                check_json(body)
            else:
                await run_in_threadpool(check_json, body)


def _media_type(kind: str | None) -> str:
    return (kind or "").split(";")[0].strip().lower()


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body as one message; after it, whatever the connection says (that it was closed)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
