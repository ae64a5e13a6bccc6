"""The service: the maps of one folder as pages on this machine.

It listens on loopback unless told otherwise, answers only to the host names it was started with (a page elsewhere
must not be able to read it through a name of its own), and asks nobody outside for anything.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from api import settings
from api.i18n import sentence
from api.pages.index import PlanCard, cards_of, index_page
from api.problems import fault_rows, http_status
from gis.errors import Conflict, GridwrightError, InputError, NotFound

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    # Everything is inline in the page; nothing may be fetched from anywhere.
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


def create_app(folder: Path, *, language: str = "en", hosts: tuple[str, ...] = ("127.0.0.1", "localhost")) -> FastAPI:
    """Make the service for the maps in ``folder``.

    Parameters
    ----------
    folder
        Where `gridwright map` or `gridwright demo` wrote: every ``NAME.html`` is the map of plan ``NAME``.
    language
        Language where the reader asks for none.
    hosts
        Host names the service answers to.

    Raises
    ------
    NotFound
        ``serve_no_maps``.
    """
    cards = cards_of(folder)
    if not cards:
        raise NotFound("serve_no_maps", file=str(folder))
    app = FastAPI(title="gridwright", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))

    @app.middleware("http")
    async def add_headers(request: Request, call_next: Callable) -> Response:  # type: ignore[type-arg]
        response: Response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    def language_of(request: Request) -> str:
        accepted = request.headers.get("accept-language", "").split(",")[0].strip()
        for asked in (request.query_params.get("lang"), accepted):
            found = settings.language(asked, {})
            if asked and asked.lower().startswith(found):
                return found
        return language

    def problem(error: GridwrightError, request: Request) -> JSONResponse:
        row = fault_rows(error.faults, language_of(request))[0]
        content = {"status": http_status(error), "code": row["code"], "detail": row["message"], "title": row["message"]}
        return JSONResponse(content, http_status(error), media_type="application/problem+json")

    @app.exception_handler(GridwrightError)
    async def refuse(request: Request, error: GridwrightError) -> JSONResponse:
        return problem(error, request)

    @app.exception_handler(HTTPException)
    async def refuse_http(request: Request, error: HTTPException) -> JSONResponse:
        detail = sentence(f"http_{error.status_code}", {"file": request.url.path}, language_of(request))
        content = {"status": error.status_code, "code": f"http_{error.status_code}", "detail": detail, "title": detail}
        return JSONResponse(content, error.status_code, error.headers, "application/problem+json")

    @app.api_route("/", methods=["GET", "HEAD"])
    def show_index(request: Request) -> HTMLResponse:
        return HTMLResponse(index_page(list(cards.values()), language_of(request)), headers={"Vary": "Accept-Language"})

    @app.api_route("/map/{plan}", methods=["GET", "HEAD"])
    def show_map(plan: str) -> FileResponse:
        # Looked up among the names found at the start: no text from outside ever becomes a path.
        card: PlanCard | None = cards.get(plan)
        if card is None or not card.map_path.is_file():
            raise NotFound("map_unknown", measured=plan, allowed=", ".join(cards))
        return FileResponse(card.map_path, media_type="text/html; charset=utf-8")

    @app.api_route("/healthz", methods=["GET", "HEAD"])
    def show_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def open_door(host: str, port: int) -> socket.socket:
    """Take the port, or say why not.

    Raises
    ------
    Conflict
        ``port_taken``.
    InputError
        ``port_refused``, ``host_unknown``, ``port_out_of_range``.
    """
    if not 0 <= port <= 65_535:
        raise InputError("port_out_of_range", measured=port, allowed="0-65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InputError("host_unknown", measured=host) from error
    door = socket.socket(family, kind, protocol)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
        # Bound alone does not yet keep another program from the port; listening does.
        door.listen(128)
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict("port_taken", host=host, port=port, near=str(port + 1 if port < 65_535 else 8000)) from error
        if error.errno == errno.EADDRNOTAVAIL:
            raise InputError("host_unknown", measured=host) from error
        raise InputError("port_refused", host=host, port=port, measured=error.strerror) from error
    return door


def serve_folder(folder: Path, door: socket.socket, *, language: str, started: Callable[[str], None]) -> None:
    """Serve a folder's maps through an open door until Ctrl+C.

    Parameters
    ----------
    folder
        See `create_app`.
    door
        From `open_door`; closed at the end.
    language
        Language where the reader asks for none.
    started
        Told the address once requests are answered.
    """
    import uvicorn

    host, port = door.getsockname()[:2]
    shown_host = f"[{host}]" if ":" in host else host
    names = ("127.0.0.1", "localhost", "[::1]", shown_host)
    with door:
        app = create_app(folder, language=language, hosts=("*",) if host in ("0.0.0.0", "::") else names)

        class Announcing(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets=sockets)
                started(f"http://{shown_host}:{port}")

        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        try:
            Announcing(config).run(sockets=[door])
        except KeyboardInterrupt:
            # uvicorn raises the signal again after its own clean end.
            return
