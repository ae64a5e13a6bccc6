"""The outermost layer of the service: one pure ASGI application that every request passes.

Decides: the request id, which host names and addresses are answered, HEAD, CORS, headers of safety, packing, what is
answered to an unexpected error and while the service shuts down.  Leaves parameters and bodies to `api.http.guard`.
"""

from __future__ import annotations

import logging
import os
import re
import time
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.answers import problem
from api.http.compress import Packer
from api.http.observe import Observer, Seen
from api.http.settings import ServiceSettings
from gis.errors import Fault

_LOG = logging.getLogger("gridwright.http")
_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{7,63}")
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
SAFE_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CSP = (b"content-security-policy", SAFE_CSP.encode())
_CACHE = (b"cache-control", b"no-cache")
_ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
_EXPOSED = b"ETag, Link, Location, Retry-After, X-Request-Id"


class Front:
    """Every request passes here first, and every answer last."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings, observer: Observer) -> None:
        self._app = app
        self._settings = settings
        self._observer = observer
        self._any_host = "*" in settings.hosts
        self._hosts = frozenset(name.lower().encode() for name in settings.hosts)
        self._origins = frozenset(origin.encode() for origin in settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        host = origin = asked_id = encodings = preflight = None
        n_header_bytes = 0
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"x-request-id":
                asked_id = value
            elif name == b"origin":
                origin = value
            elif name == b"accept-encoding":
                encodings = value
            elif name == b"access-control-request-method":
                preflight = value
            n_header_bytes += len(name) + len(value)
        given = _ID.fullmatch(asked_id) if asked_id is not None else None
        request_id = asked_id.decode() if given and asked_id is not None else os.urandom(16).hex()
        scope["gridwright.request_id"] = request_id
        is_head = scope["method"] == "HEAD"
        if is_head:
            # A copy: the server looks at its own to know that no body follows.
            scope = {**scope, "method": "GET"}
        answer = _Answer(self, scope, send, origin, is_head, Packer.of(encodings, self._settings.gzip_from_bytes))
        try:
            refused = self._refusal(scope, host, n_header_bytes)
            if refused is not None:
                await problem(scope, refused[0], refused[1], headers=refused[2])(scope, receive, answer.send)
            elif preflight is not None and scope["method"] == "OPTIONS" and origin in self._origins:
                await answer.allow_preflight(scope)
            else:
                await self._app(scope, answer.receiving(receive), answer.send)
        except Exception as error:
            _LOG.exception("request %s failed", request_id)
            if answer.status:
                raise  # half an answer is out: the server must cut the connection
            await problem(scope, 500, Fault("unexpected_server_error", {"measured": request_id}))(
                scope, receive, answer.send
            )
            self._observer.failed(error, request_id)
        finally:
            method = "HEAD" if is_head else scope["method"]
            seconds = time.perf_counter() - began
            self._observer.seen(Seen(method, _template(scope), answer.status or 499, seconds, request_id, answer.size))

    def _refusal(
        self, scope: Scope, host: bytes | None, n_header_bytes: int
    ) -> tuple[int, Fault, dict[str, str]] | None:
        if not self._any_host and not self._is_ours(host):
            return 400, Fault("host_refused", {"measured": (host or b"").decode("latin-1")[:120]}), {}
        query: bytes = scope["query_string"]
        path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
        allowed = self._settings.max_url_bytes
        if len(path) + len(query) > allowed:
            return 414, Fault("url_too_long", {"measured": len(path) + len(query), "allowed": allowed}), {}
        if n_header_bytes > 4 * allowed:
            return 431, Fault("headers_too_large", {"measured": n_header_bytes, "allowed": 4 * allowed}), {}
        if (b"%" in path or b"%" in query) and not (_is_clean(path) and _is_clean(query)):
            return 400, Fault("url_malformed", {}), {}
        if self._observer.is_draining and scope["path"] not in _ALWAYS:
            return 503, Fault("service_stopping", {}), {"Retry-After": "10", "Connection": "close"}
        return None

    def _is_ours(self, host: bytes | None) -> bool:
        if host is None:
            return False
        if host in self._hosts:
            return True
        name = host.lower()
        if not name.endswith(b"]"):
            name = name.rpartition(b":")[0] if b":" in name else name
        return name in self._hosts

    def cors_headers(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        """What lets a page of an allowed origin read the answer."""
        if not self._origins:
            return []
        vary = [(b"vary", b"Origin")]
        if origin not in self._origins or origin is None:
            return vary
        return [*vary, (b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED)]


class _Answer:
    """The way out of one answer: its headers, its packing, and nothing of its body for HEAD."""

    def __init__(
        self, front: Front, scope: Scope, send: Send, origin: bytes | None, is_head: bool, packer: Packer | None
    ) -> None:
        self.status = 0
        self.size = 0
        self._front = front
        self._request_id = scope["gridwright.request_id"].encode()
        self._send = send
        self._origin = origin
        self._is_head = is_head
        self._packer = packer
        self._ended = False

    def receiving(self, receive: Receive) -> Receive:
        """What the application hears: after HEAD was answered, that the reader has gone (streams then end)."""
        if not self._is_head:
            return receive

        async def hear() -> Message:
            return {"type": "http.disconnect"} if self._ended else await receive()

        return hear

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._complete(message)
            if self._packer is not None and not self._is_head and self._packer.takes(message):
                return  # the start goes out with the first part of the body, when its size is known
            await self._send(message)
            if self._is_head:
                self._ended = True
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if self._is_head:
            return
        if self._packer is not None and self._packer.is_on:
            for part in self._packer.pack(message):
                self.size += len(part.get("body", b""))
                await self._send(part)
            return
        self.size += len(message.get("body", b""))
        await self._send(message)

    async def allow_preflight(self, scope: Scope) -> None:
        """What a browser asks before it sends another origin's request."""
        headers = [
            (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
            (b"access-control-allow-headers", b"Authorization, Content-Type, If-Match, Idempotency-Key, X-Reason"),
            (b"access-control-max-age", b"600"),
        ]
        await self.send({"type": "http.response.start", "status": 204, "headers": headers})
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    def _complete(self, message: Message) -> None:
        headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
        names = {name.lower() for name, _ in headers}
        headers.append((b"x-request-id", self._request_id))
        headers.extend(_HEADERS)
        # Browsers take the headers of a 304 over into the page they have: one must not change its policy.
        if _CSP[0] not in names and message["status"] != 304:
            headers.append(_CSP)
        if _CACHE[0] not in names:
            headers.append(_CACHE)
        headers.extend(self._front.cors_headers(self._origin))
        message["headers"] = headers


def _is_clean(raw: bytes) -> bool:
    """Whether percent-encoding is whole, UTF-8, and free of NUL."""
    if _BROKEN_PERCENT.search(raw):
        return False
    plain = unquote_to_bytes(raw)
    if b"\x00" in plain:
        return False
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _template(scope: Scope) -> str:
    """The path as the route declares it; what a reader typed never gets into metrics or logs."""
    route: Any = scope.get("route")
    return getattr(route, "path_format", None) or "-"
