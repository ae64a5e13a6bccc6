"""Is the service alive, is it ready to answer, and what can it be asked?"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.http.openapi import responses
from api.problems import Refusal
from api.routes.acts import store_of
from gis.errors import StorageError

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
    """Answers 503 while the store can not be read, and while the service is shutting down."""
    if request.app.state.observer.is_draining:
        raise Refusal(503, "service_stopping", headers={"Retry-After": "10"})
    try:
        with store_of(request).read() as tx:
            tx.outbox.last()
    except StorageError as error:
        raise Refusal(503, "service_store_unready", headers={"Retry-After": "5"}) from error
    return Health()


@router.get("/openapi.json", summary="This description", response_model=None)
async def show_description(request: Request) -> dict[str, Any]:
    """Gives the description of the service in OpenAPI 3.1; ``/api`` gives it in 3.0."""
    description: dict[str, Any] = request.app.openapi()
    return description
