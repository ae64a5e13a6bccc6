"""Statistics of incidents for people over HTTP: the figures of a period in one answer, its papers, its map file."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from api.http.openapi import responses
from api.problems import Refusal
from api.routes.access import Caller, allow
from api.routes.acts import language_of, settings_of, store_of
from api.routes.plans import desk_of
from partition.incidents.periods import Period, span

if TYPE_CHECKING:
    from api.usecases.incident_summary import Wanted

router = APIRouter(tags=["incidents"])
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "dispatcher", "patrol", "auditor"))]
Kind = Annotated[Literal["day", "week", "month", "quarter", "year"], Query(description="Length of the period")]
At = Annotated[
    str | None,
    Query(
        max_length=10, description="A day of it, or as it is written: 2026-11-22, 2026-W47, 2026-11; today if omitted"
    ),
]
Beside = Annotated[Literal["year", "period"], Query(description="Beside the year before, or the period before")]
Language = Annotated[Literal["zh", "en"] | None, Query(description="Language of the paper")]
_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": dict.fromkeys((kind.split(";")[0] for kind in _TYPES.values()), _BINARY),
    }
}
_MAP: dict[int | str, dict[str, Any]] = {200: {"description": "The page", "content": {"text/html": _BINARY}}}
_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


@router.get("/v1/statistics/summary", summary="The incidents of a period, in figures", responses=responses(422))
def tell_summary(
    request: Request, caller: Reader, period: Kind = "month", at: At = None, compare: Beside = "year"
) -> dict[str, Any]:
    """Totals with their denominators, kinds beside another period, grids with smoothed rates, ranking, red flags."""
    from api.usecases.incident_summary import summary_data, summary_of

    now = settings_of(request).now()
    wanted = _wanted(request, period, at, compare)
    with store_of(request).read(caller.jurisdiction) as tx:
        found = summary_of(tx, wanted, now, version=version("gridwright"))
    return summary_data(found, wanted, now)


@router.get(
    "/v1/statistics/summary.{ending}",
    summary="A paper about the incidents of a period",
    response_class=FileResponse,
    responses={**responses(404, 409, 422, 429), **_FILE},
)
def file_summary(
    request: Request,
    caller: Reader,
    ending: Annotated[Literal["pdf", "xlsx", "csv", "html"], InPath(description="Which paper")],
    period: Kind = "month",
    at: At = None,
    compare: Beside = "year",
    lang: Language = None,
) -> Response:
    """PDF or XLSX of the figures, CSV of them, or the incidents on a map that opens with no internet."""
    from api.usecases.incident_papers import name_of, plan_in_force, write_summary
    from api.usecases.incident_statistics import span_of
    from api.usecases.incident_summary import rates_of, summary_of, with_spots

    now = settings_of(request).now()
    wanted = _wanted(request, period, at, compare)
    name = name_of(wanted, ending)
    if ending == "html":
        return _map(request, caller, wanted.period, lang, name)
    has_spots = ending != "csv"
    with store_of(request).read(caller.jurisdiction) as tx:
        summary = summary_of(tx, wanted, now, version=version("gridwright"))
        rates = rates_of(tx, wanted, now) if has_spots else None
        drawn = plan_in_force(tx, span_of(wanted.period, now, wanted.zone).until) if ending == "pdf" else None
    if rates is not None:
        summary = with_spots(summary, rates)
    filed = drawn[0] if drawn else None
    language = lang or language_of(request)
    return _written(request, name, lambda path: write_summary(summary, filed, path, ending, language=language))


@router.get(
    "/v1/incidents/map",
    summary="The incidents of some days on a map file",
    response_class=FileResponse,
    responses={**responses(409, 422, 429), **_MAP},
)
def map_incidents(
    request: Request,
    caller: Reader,
    first: Annotated[date, Query(alias="from", description="First day")],
    last: Annotated[date, Query(alias="to", description="Last day")],
    lang: Language = None,
) -> Response:
    """One HTML file with every incident received on these days and the grids in force; it opens with no internet."""
    period = span(first, last)
    name = f"incidents-{first.isoformat()}-{last.isoformat()}.html"
    return _map(request, caller, period, lang, name)


def _map(request: Request, caller: Caller, period: Period, lang: str | None, name: str) -> Response:
    from api.usecases.incident_papers import map_order, write_map

    with store_of(request).read(caller.jurisdiction) as tx:
        order = map_order(tx, period, settings_of(request).now(), settings_of(request).zone)
    land = desk_of(request).territory(order.territory)
    language = lang or language_of(request)
    return _written(request, name, lambda path: write_map(order, land, path, language=language))


def _wanted(request: Request, period: str, at: str | None, compare: str) -> Wanted:
    from api.usecases.incident_summary import wanted_of

    return wanted_of(period, at, compare, settings_of(request).now(), settings_of(request).zone)


def _written(request: Request, name: str, write: Any) -> Response:
    papers = desk_of(request).papers
    if not papers.acquire(blocking=False):
        raise Refusal(429, "papers_busy", headers={"Retry-After": "10"}, allowed=10)
    folder = Path(tempfile.mkdtemp(prefix="gridwright-incidents-"))
    try:
        write(folder / name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        papers.release()
    tidy = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(
        folder / name, media_type=_TYPES[name.rpartition(".")[2]], filename=name, headers=_HEADERS, background=tidy
    )
