"""Is the service alive, is it ready to answer, and what can it be asked?"""

from __future__ import annotations

import logging
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.http.openapi import responses
from api.operation.ready import obstacle
from api.problems import Refusal
from api.routes.acts import store_of

_LOG = logging.getLogger("gridwright.service")
router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """The answer of a service that is well."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", summary="The process answers")
async def show_health() -> Health:
    """Answers as long as the process can; asks nothing of the store."""
    return Health()


@router.get("/readyz", summary="The service can do its work", responses=responses(503))
def show_ready(request: Request) -> Health:
    """Answers 503 while the store can not be read or is of another release, its disk is full, or the service stops."""
    if request.app.state.observer.is_draining:
        raise Refusal(503, "service_stopping", headers={"Retry-After": "10"})
    found = obstacle(store_of(request))
    if found is not None:
        _LOG.warning("not ready: %s", found)
        code = found.code if found.code.startswith("ready_") else "service_store_unready"
        raise Refusal(503, code, headers={"Retry-After": "5"})
    return Health()


@router.get("/openapi.json", summary="This description", response_model=None)
async def show_description(request: Request) -> dict[str, Any]:
    """Gives the description of the service in OpenAPI 3.1; ``/api`` gives it in 3.0."""
    description: dict[str, Any] = request.app.openapi()
    return description
