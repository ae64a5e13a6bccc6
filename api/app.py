"""The service as one application over one store: routes, what stands before them, and how errors are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.http.answers import of_error, of_validation, problem
from api.http.front import Front
from api.http.guard import guarded
from api.http.observe import Observer
from api.http.openapi import describe
from api.http.settings import ServiceSettings
from api.routes import ROOMS
from api.routes.pages import front_page
from data.store import Store
from gis.errors import Fault, GridwrightError

__all__ = ["ServiceSettings", "create_app"]

_KNOWN = frozenset({400, 401, 403, 404, 405, 406, 413, 415, 500, 503})


def create_app(store: Store, settings: ServiceSettings | None = None) -> FastAPI:
    """Make the service over a store.

    Parameters
    ----------
    store
        With its tables (see `data.migrations`); stays open when the service ends.
    settings
        Host names, limits, languages; the defaults serve this machine only.

    Returns
    -------
    FastAPI
        With ``state.store``, ``state.settings`` and ``state.observer`` (see `api.http.observe`).
    """
    settings = settings or ServiceSettings()
    observer = Observer()
    app = FastAPI(
        title="gridwright",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.store, app.state.settings, app.state.observer = store, settings, observer
    app.state.front_page = front_page
    for room in ROOMS:
        for route in room.router.routes:
            # Added as they are, not by include_router: that would match every request twice, and `guarded` makes a
            # copy of its own for each application.
            app.router.routes.append(guarded(route, settings) if isinstance(route, APIRoute) else route)
    app.add_middleware(Front, settings=settings, observer=observer)
    app.add_exception_handler(GridwrightError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for room in ROOMS:
            if hasattr(room, "lifespan"):
                await stack.enter_async_context(room.lifespan(app))
        yield


async def _answer_error(request: Request, error: Any) -> Response:
    return of_error(request.scope, error)


async def _answer_validation(request: Request, error: Any) -> Response:
    return of_validation(request, error)


async def _answer_http(request: Request, error: Any) -> Response:
    status = error.status_code if error.status_code in _KNOWN else (400 if error.status_code < 500 else 500)
    headers = dict(error.headers or {})
    if status == 405:
        headers["Allow"] = ", ".join(sorted(allowed_methods(request.app, request.scope["path"])))
    return problem(request.scope, status, Fault(f"http_{status}", {"file": request.url.path[:200]}), headers=headers)


def allowed_methods(app: FastAPI, path: str) -> set[str]:
    """All methods of the first path that matches, as its routes declare it; HEAD wherever GET is."""
    found: set[str] = set()
    first = ""
    for route in app.routes:
        if isinstance(route, APIRoute) and route.path_regex.match(path):
            first = first or route.path_format
            if route.path_format == first:
                found |= route.methods or set()
    return found | ({"HEAD"} if "GET" in found else set())
