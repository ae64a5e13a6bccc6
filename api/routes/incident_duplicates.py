"""Incidents that may be the same one, over HTTP: of a place and kind that are being written down, or of one that is
there.  Tying them together is the step to cancelled with ``duplicate_of``."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.http.openapi import responses
from api.http.schemas import Latitude, Line, Longitude, Moment
from api.routes.acts import language_of, settings_of, store_of
from api.routes.incidents import Reader, ground_of
from api.usecases.incident_duplicates import alike, suggestions
from gis.errors import InputError
from partition.incidents.duplicates import Alike

router = APIRouter(tags=["incidents"])
At = Annotated[Moment | None, Query(description="When it happened; now when omitted")]
Of = Annotated[str | None, Query(max_length=40, description="Id of an incident that is there, in place of the rest")]


class DuplicateOut(BaseModel):
    """An incident that may be the same."""

    incident: str
    kind: str
    state: str
    title: str | None
    address: str | None
    grid: str | None
    lon: float
    lat: float
    received_at: str
    distance_m: float
    minutes: float = Field(description="Between the two receipts")
    score: float = Field(description="1: same place and time; 0: only just near enough")
    reason: str
    message: str


class DuplicatesOut(BaseModel):
    """The likeliest first."""

    duplicates: list[DuplicateOut]


@router.get(
    "/v1/incidents/duplicates",
    response_model=DuplicatesOut,
    summary="Incidents that may be the same one",
    responses=responses(404, 409, 422),
)
def show_duplicates(
    request: Request,
    caller: Reader,
    lon: Annotated[Longitude | None, Query()] = None,
    lat: Annotated[Latitude | None, Query()] = None,
    kind: Annotated[Line | None, Query()] = None,
    at: At = None,
    incident: Of = None,
) -> Response:
    """Of the same kind, near enough and open or just ended, as the rules of the county say."""
    with store_of(request).read(caller.jurisdiction) as tx:
        if incident is not None:
            card = tx.incidents.card(incident)
            county, one = card.county, alike(card)
        elif lon is None or lat is None or kind is None:
            raise InputError("duplicates_of_what")
        else:
            moment = at or settings_of(request).now()
            county = ground_of(request.app).find(lon, lat, moment, caller.jurisdiction).county
            one = Alike("", kind, lon, lat, moment)
        found: list[dict[str, Any]] = suggestions(tx, county, one, language_of(request))
    headers = {"Cache-Control": "private, no-cache"}
    return Response(orjson.dumps({"duplicates": found}), headers=headers, media_type="application/json")
