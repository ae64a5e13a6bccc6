"""``/metrics``: figures for Prometheus, for this machine and for accounts that may see everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from api.http.openapi import responses
from api.operation.figures import Figures
from api.routes.access import LOCAL, Allow, Caller

router = APIRouter(tags=["operation"])
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


class _AllowNear(Allow):
    """Lets in a scraper that sits on this machine, and else what `Allow` lets in."""

    async def __call__(self, request: Request) -> Caller:
        """The caller; a proxy on this machine speaks for somebody who is not here."""
        host = request.client.host if request.client else ""
        is_near = host == "::1" or host.startswith("127.")
        if is_near and not any(name in request.headers for name in _FORWARDED):
            return LOCAL
        return await super().__call__(request)


_may_read = _AllowNear(frozenset({"auditor", "admin"}))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Count from the start of the service on."""
    figures_of(app)
    yield


def figures_of(app: FastAPI) -> Figures:
    """The figures of a service; they begin with the first who asks for them."""
    figures: Figures | None = getattr(app.state, "figures", None)
    if figures is None:
        figures = app.state.figures = Figures(app.state.store)
        figures.listen_to(app.state.observer)
    return figures


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={**responses(401, 403), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def show_metrics(request: Request, caller: Annotated[Caller, Depends(_may_read)]) -> Response:
    """Requests by route and status, their seconds, jobs and plans by state, size of the store, newest event."""
    figures = figures_of(request.app)
    return Response(figures.text(), media_type=figures.content_type)
