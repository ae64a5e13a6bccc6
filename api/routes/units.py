"""Units over HTTP: the list, what each is, where it is, whether it is free."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from api.http.moments import read_moment
from api.http.negotiate import preferred
from api.http.openapi import responses
from api.http.schemas import Body, CodePrefix, Latitude, Line, Longitude, Moment
from api.problems import Refusal, fault_rows
from api.routes.access import Caller, allow
from api.routes.acts import language_of, settings_of, store_of
from api.routes.repeats import KEY_PARAMETER, answer_once
from api.usecases.incidents import rules_for
from api.usecases.units import (
    MOST_AT_ONCE,
    Moved,
    Seen,
    UnitLand,
    UnitTold,
    move_unit,
    move_units,
    put_unit,
    set_status,
    unit_features,
    unit_out,
    units_out,
)
from data.store import Tx
from data.store.rooms.incident_cards import said
from data.store.rooms.repeats import Answer
from data.store.rooms.units import UnitCard
from gis.errors import Fault, InputError

router = APIRouter(tags=["units"])
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "dispatcher", "patrol", "auditor"))]
Dispatcher = Annotated[Caller, Depends(allow("dispatcher"))]
Crew = Annotated[Caller, Depends(allow("dispatcher", "patrol"))]
GEO = "application/geo+json"
_JSON = "application/json"
_KEY: dict[str, Any] = {"parameters": [KEY_PARAMETER]}
_HEADERS = {"Cache-Control": "no-store"}
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_.\-]+$")]
UnitId = Annotated[Code, Path(description="Id of a unit")]
Status = Literal["available", "busy", "resting", "off"]
Mode = Literal["foot", "ebike", "car"]
Statuses = Annotated[list[Status], Query(alias="status", max_length=4, description="Only of these")]


class UnitPut(Body):
    """What a unit is: a car, a patrol, a post; never a person."""

    name: Line = Field(description="Of the unit; names of persons and phone numbers are refused")
    kind: Annotated[Line, Field(max_length=40)] = "patrol"
    mode: Mode = "car"
    place: Annotated[CodePrefix, Field(min_length=1, description="Code of the community, town or county it serves")]
    skills: Annotated[list[Annotated[Line, Field(max_length=60)]], Field(max_length=100)] = Field(
        [], description="Kinds of incidents it can take; empty: all"
    )


class PositionIn(Body):
    """Where a unit is."""

    lon: Longitude
    lat: Latitude
    at: Annotated[Moment, Field(strict=False)] | None = Field(None, description="By the unit's clock; now when omitted")


class PositionsIn(Body):
    """Where many units are; every row is answered for itself."""

    positions: Annotated[list[dict[str, Any]], Field(max_length=MOST_AT_ONCE)] = Field(
        description="Rows of unit, lon, lat and, where known, at"
    )


class StatusIn(Body):
    """Whether a unit may be sent."""

    status: Literal["available", "resting", "off"]
    release: bool = Field(False, description="Take it off its incident, which then waits for another; say why")
    reason: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class UnitOut(BaseModel):
    """A unit as it stands."""

    id: str
    county: str
    place: str
    name: str
    kind: str
    mode: Mode
    skills: list[str]
    status: Status
    status_at: datetime
    lon: float | None
    lat: float | None
    position_at: datetime | None
    free_since: datetime | None = Field(description="When its last incident was over")
    n_taken: int = Field(description="Incidents since it came on duty")
    revision: int
    age_s: float | None = Field(description="Of its position")
    stale_s: float = Field(description="Older than this it is not trusted")
    is_stale: bool = Field(description="Its position is too old to be trusted, or nobody knows it")


class MovedOut(UnitOut):
    """A unit after it said where it is."""

    is_kept: bool = Field(description="False: a newer position was known, nothing changed")


class UnitsOut(BaseModel):
    """Units in the order of their ids."""

    now: datetime
    units: list[UnitOut]


class RowOut(BaseModel):
    """What came of one row."""

    row: int = Field(description="From 1")
    unit: str
    what: Literal["kept", "older", "refused"]
    faults: list[dict[str, Any]]


class RowsOut(BaseModel):
    """What came of every row, in their order."""

    kept: int
    older: int
    refused: int
    rows: list[RowOut]


_BOTH: dict[int | str, dict[str, Any]] = {
    200: {"description": "Units", "content": {_JSON: {}, GEO: {"schema": {"type": "object"}}}}
}
_NEW: dict[int | str, dict[str, Any]] = {201: {"model": UnitOut, "description": "It was not on the list before"}}


def unit_land_of(app: FastAPI) -> UnitLand:
    """The counties that units belong to; the first who asks makes it."""
    found: UnitLand | None = getattr(app.state, "unit_land", None)
    if found is None:
        found = app.state.unit_land = UnitLand(app.state.store)
    return found


@router.get("/v1/units", response_model=UnitsOut, summary="Units, where they are and which are free", responses=_BOTH)
def list_units(request: Request, caller: Reader, status: Statuses = []) -> Response:  # noqa: B006
    """Those inside the reader's jurisdiction.  GeoJSON where that is preferred."""
    form = preferred(request.headers.get("accept", ""), (_JSON, GEO)) or _JSON
    return _list(request, caller, status, form)


@router.get(
    "/v1/units.geojson",
    response_class=Response,
    summary="Units as GeoJSON",
    responses={200: {"description": "GeoJSON", "content": {GEO: {"schema": {"type": "object"}}}}},
)
def list_unit_features(request: Request, caller: Reader, status: Statuses = []) -> Response:  # noqa: B006
    """Points in longitude and latitude; no geometry where nobody knows where a unit is."""
    return _list(request, caller, status, GEO)


def _list(request: Request, caller: Caller, status: list[Status], form: str) -> Response:
    now = settings_of(request).now()
    with store_of(request).read(caller.jurisdiction) as tx:
        rows = units_out(tx, [card for card in tx.units.cards() if not status or card.status in status], now)
    told: dict[str, Any] = {"now": said(now)}
    told |= {"type": "FeatureCollection", "features": unit_features(rows)} if form == GEO else {"units": rows}
    return Response(orjson.dumps(told), headers=_HEADERS | {"Vary": "Accept"}, media_type=form)


@router.post(
    "/v1/units/positions",
    response_model=RowsOut,
    summary="Say where many units are",
    responses=responses(409, 422),
    openapi_extra=_KEY,
)
def move_all(request: Request, caller: Crew, body: PositionsIn) -> Response:
    """At most a thousand rows; what is wrong with one keeps no other from being taken."""
    counties, language = unit_land_of(request.app).counties(), language_of(request)
    rows = [_row(row) for row in body.positions]

    def work(tx: Tx) -> Answer:
        moved = move_units(tx, counties, rows, caller.role)
        told = [
            {
                "row": i,
                "unit": one.unit,
                "what": one.what,
                "faults": fault_rows((one.fault,) if one.fault else (), language),
            }
            for i, one in enumerate(moved, 1)
        ]
        counts = {what: sum(one.what == what for one in moved) for what in ("kept", "older", "refused")}
        return Answer(200, dict(_HEADERS), orjson.dumps(counts | {"rows": told}))

    return answer_once(request, caller, body, work)


@router.get("/v1/units/{id}", response_model=UnitOut, summary="One unit", responses=responses(404))
def show_unit(request: Request, caller: Reader, id: UnitId) -> Response:
    """As it stands."""
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.units.card(id)
        told = unit_out(card, settings_of(request).now(), rules_for(tx, card.county).stale_s)
    return Response(orjson.dumps(told), headers=_HEADERS, media_type=_JSON)


@router.put(
    "/v1/units/{id}",
    response_model=UnitOut,
    summary="Put a unit on the list, or say anew what it is",
    responses=responses(404, 409, 422) | _NEW,
    openapi_extra=_KEY,
)
def put(request: Request, caller: Dispatcher, id: UnitId, body: UnitPut) -> Response:
    """A new one is available, and nobody knows where it is until it says so."""
    counties = unit_land_of(request.app).counties()
    told = UnitTold(id, body.name, body.kind, body.mode, body.place, body.skills)

    def work(tx: Tx) -> Answer:
        card, is_new = put_unit(tx, counties, told, caller.role)
        return _told(tx, card, 201 if is_new else 200)

    return answer_once(request, caller, body, work)


@router.delete(
    "/v1/units/{id}",
    status_code=204,
    summary="Take a unit off the list",
    responses=responses(404, 409),
    openapi_extra=_KEY,
)
def retire(request: Request, caller: Dispatcher, id: UnitId) -> Response:
    """What it did stays in the history of the incidents; one that has an incident stays."""

    def work(tx: Tx) -> Answer:
        tx.units.remove(id, caller.role)
        return Answer(204, dict(_HEADERS), b"")

    return answer_once(request, caller, None, work)


@router.post(
    "/v1/units/{id}/position",
    response_model=MovedOut,
    summary="Say where a unit is",
    responses=responses(404, 409, 422),
    openapi_extra=_KEY,
)
def move(request: Request, caller: Crew, id: UnitId, body: PositionIn) -> Response:
    """Only the last position is kept; one that is older than it changes nothing, and the answer says so."""
    counties = unit_land_of(request.app).counties()

    def work(tx: Tx) -> Answer:
        card, is_kept = move_unit(tx, counties, Seen(id, body.lon, body.lat, body.at), caller.role)
        return _told(tx, card, 200, is_kept=is_kept)

    return answer_once(request, caller, body, work)


@router.post(
    "/v1/units/{id}/status",
    response_model=UnitOut,
    summary="Say whether a unit may be sent",
    responses=responses(404, 409),
    openapi_extra=_KEY,
)
def say_status(request: Request, caller: Crew, id: UnitId, body: StatusIn) -> Response:
    """A unit is busy by its incident alone; to take it off that one, ``release`` it and say why."""

    def work(tx: Tx) -> Answer:
        card = set_status(tx, id, body.status, caller.role, reason=body.reason, release=body.release)
        return _told(tx, card, 200)

    return answer_once(request, caller, body, work)


def _told(tx: Tx, card: UnitCard, status: int, **more: Any) -> Answer:
    told = unit_out(card, tx.act.at, rules_for(tx, card.county).stale_s) | more
    headers = _HEADERS | ({"Location": f"/v1/units/{card.id}"} if status == 201 else {})
    return Answer(status, headers, orjson.dumps(told))


def _row(row: dict[str, Any]) -> Seen | Moved:
    """A row as it came: a position, or why it is none."""
    unit = row.get("unit")
    name = unit[:80] if isinstance(unit, str) else ""
    try:
        if not name or not isinstance(unit, str):
            raise InputError("unit_row_without", column="unit")
        strange = sorted(set(row) - {"unit", "lon", "lat", "at"})
        if strange:
            raise InputError("unit_row_strange", column=str(strange[0])[:40], allowed="unit, lon, lat, at")
        return Seen(unit, _degrees(row, "lon", 180.0), _degrees(row, "lat", 90.0), _moment(row.get("at")))
    except InputError as error:
        return Moved(name, "refused", error.faults[0])
    except Refusal as error:
        return Moved(name, "refused", Fault(error.code, error.facts))


def _degrees(row: dict[str, Any], name: str, most: float) -> float:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
        raise InputError("unit_position_wrong", column=name, measured=str(value)[:40], allowed=f"-{most:g}..{most:g}")
    return float(value)


def _moment(text: Any) -> datetime | None:
    return None if text is None else read_moment(text if isinstance(text, str) else "", "at")
