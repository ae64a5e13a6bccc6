"""Figures of incidents over HTTP: rates of a period, rankings, hot spots, scorecards, red flags; typed-in totals."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from api.http.negotiate import preferred
from api.http.openapi import responses
from api.http.schemas import Body, Day, Line
from api.problems import Refusal
from api.routes.access import Caller, allow
from api.routes.acts import settings_of, store_of
from api.usecases.incident_statistics import Question
from partition.incidents.periods import Period, day_at, period_of, read_period, span

router = APIRouter(tags=["statistics"])
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "dispatcher", "patrol", "auditor"))]
_JSON, _CSV = "application/json", "text/csv"
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Language, Cookie, Authorization"}
_TABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Figures",
        "content": {_JSON: {"schema": {"type": "object"}}, _CSV: {"schema": {"type": "string"}}},
    }
}
_ROWS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Figures", "content": {_JSON: {"schema": {"type": "object"}}}}
}
PeriodKind = Annotated[
    Literal["day", "week", "month", "quarter", "year"] | None,
    Query(description="Weeks are those of ISO 8601; what `at` is written as when omitted, else a month"),
]
At = Annotated[
    str | None,
    Query(
        max_length=10,
        description="2026-11-22, 2026-W47, 2026-11, 2026-Q4 or 2026; a day stands for the period it lies in; now",
    ),
]
Plan = Annotated[str | None, Query(max_length=64, description="Only incidents whose grid is of this plan")]
AsOf = Annotated[Literal["then", "now"], Query(description="now: former grids are followed to those of today")]
Place = Literal["grid", "community", "town"]
Count = Annotated[int, Field(ge=0, le=10**12)]


def asked_period(
    request: Request,
    period: PeriodKind = None,
    at: At = None,
    first: Annotated[Day | None, Query(alias="from", description="First day, in place of `period` and `at`")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Last day")] = None,
) -> Period:
    """The period that a request names; this month where it names none.

    Raises
    ------
    Refusal
        400 ``period_two_ways``, ``period_half``.
    InputError
        ``period_malformed``, ``period_backwards``.
    """
    if first is not None or last is not None:
        if period is not None or at is not None:
            raise Refusal(400, "period_two_ways")
        if first is None or last is None:
            raise Refusal(400, "period_half")
        return span(first, last)
    if at is not None:
        return read_period(at, period)
    settings = settings_of(request)
    return period_of(period or "month", day_at(settings.now(), settings.zone))


Asked = Annotated[Period, Depends(asked_period)]


@router.get("/v1/statistics", response_class=Response, summary="Figures of a period", responses=responses(404) | _TABLE)
def show_statistics(
    request: Request,
    caller: Reader,
    period: Asked,
    by: Literal["grid", "community", "town", "kind", "level", "source", "priority", "time"] = "grid",
    compare: Annotated[
        Literal["year", "period"] | None, Query(description="Beside the same period of last year, or the one before")
    ] = None,
    plan: Plan = None,
    as_of: AsOf = "then",
) -> Response:
    """Received, due, handled and in time, with their denominators, all and by group; CSV where that is preferred."""
    from api.usecases.incident_answers import statistics_row, statistics_table
    from api.usecases.incident_statistics import statistics_of

    settings = settings_of(request)
    question = Question(period, by, compare, plan, as_of == "now", settings.zone)
    with store_of(request).read(caller.jurisdiction) as tx:
        told = statistics_of(tx, question, settings.now())
    if _wants_table(request):
        return _table(*statistics_table(told), f"statistics-{_file_part(period)}-{by}")
    return _answer(statistics_row(told))


@router.get(
    "/v1/statistics/ranking",
    response_class=Response,
    summary="Monthly ranking and months at the bottom",
    responses=responses(404) | _TABLE,
)
def show_ranking(
    request: Request,
    caller: Reader,
    period: Asked,
    months: Annotated[int, Query(ge=1, le=36, description="So many, the last one included")] = 3,
    by: Place = "grid",
    last: Annotated[int, Query(ge=1, le=1000, description="So many stand at the bottom of a month", alias="n")] = 1,
    line: Annotated[float | None, Query(ge=0, le=100, allow_inf_nan=False, description="Or below this score")] = None,
    indicators: Annotated[
        str, Query(max_length=1000, description="Names with weights: in_time_at_least:40,overdue_per_1000:10")
    ] = "",
    plan: Plan = None,
) -> Response:
    """Score by weighted indicators, the list from below, and who is urged, summoned, held to account."""
    from api.usecases.incident_rankings import RankQuestion, ranking_of, read_indicators
    from api.usecases.incident_rows import ranking_row, ranking_table

    settings = settings_of(request)
    question = RankQuestion(period, months, by, last, line, read_indicators(indicators), plan, settings.zone)
    with store_of(request).read(caller.jurisdiction) as tx:
        told = ranking_of(tx, question, settings.now())
    if _wants_table(request):
        return _table(*ranking_table(told), f"ranking-{told.months[-1].label}-{by}")
    return _answer(ranking_row(told))


@router.get(
    "/v1/statistics/scorecards",
    response_class=Response,
    summary="Scorecards of grids, communities or towns",
    responses=responses(404) | _ROWS,
)
def show_scorecards(
    request: Request,
    caller: Reader,
    period: Asked,
    months: Annotated[int, Query(ge=1, le=36)] = 12,
    by: Place = "grid",
    unit: Annotated[str | None, Query(max_length=64, description="Only this one")] = None,
    plan: Plan = None,
) -> Response:
    """Month after month: figures, score, place and months at the bottom; stars for the mean score."""
    from api.usecases.incident_rankings import RankQuestion, ranking_of
    from api.usecases.incident_rows import scorecards_row

    settings = settings_of(request)
    with store_of(request).read(caller.jurisdiction) as tx:
        told = ranking_of(tx, RankQuestion(period, months, by, plan=plan, zone=settings.zone), settings.now())
    if unit is not None and unit not in told.names:
        raise Refusal(404, "unit_not_ranked", id=unit)
    return _answer(scorecards_row(told, unit))


@router.get(
    "/v1/statistics/hotspots",
    response_class=Response,
    summary="Rates over 1,000 households, smoothed, and hot spots",
    responses=responses(404) | _TABLE,
)
def show_hotspots(
    request: Request,
    caller: Reader,
    period: Asked,
    of: Literal["received", "due", "handled", "open", "overdue"] = "received",
    value: Annotated[
        Literal["smooth", "smooth_near", "raw"], Query(description="What patterns are sought in")
    ] = "smooth",
    seed: Annotated[int, Query(ge=0, le=2**31 - 1, description="Of the permutations")] = 0,
    permutations: Annotated[int, Query(ge=99, le=9999)] = 999,
    plan: Plan = None,
    as_of: AsOf = "then",
) -> Response:
    """Empirical Bayes rates and Getis-Ord Gi* over grids that touch; the same seed gives the same answer."""
    from api.usecases.incident_rows import hotspots_row, hotspots_table
    from api.usecases.incident_spots import grid_rates, spots_of

    settings = settings_of(request)
    question = Question(period, "grid", plan=plan, is_as_of_now=as_of == "now", zone=settings.zone)
    with store_of(request).read(caller.jurisdiction) as tx:
        found = grid_rates(tx, question, settings.now(), of=of)
    spots = spots_of(found, seed=seed, permutations=permutations, value=value)
    if _wants_table(request):
        return _table(*hotspots_table(found, spots), f"hotspots-{_file_part(period)}")
    asked = {"of": of, "value": value, "seed": seed, "permutations": permutations}
    return _answer(hotspots_row(found, spots, question, settings.now(), asked))


@router.get(
    "/v1/statistics/flags", response_class=Response, summary="Red flags of a period", responses=responses(422) | _ROWS
)
def show_flags(request: Request, caller: Reader, period: Asked) -> Response:
    """How many there were, came and went, and how old those are that stay."""
    from api.usecases.incident_answers import period_row
    from api.usecases.incident_statistics import span_of
    from api.usecases.incident_totals import flags_of

    settings = settings_of(request)
    with store_of(request).read(caller.jurisdiction) as tx:
        told = flags_of(tx, period, settings.now(), settings.zone)
    span = span_of(period, settings.now(), settings.zone)
    return _answer({"period": period_row(period, settings.zone, span), **told})


class TotalsIn(Body):
    """Totals of one place or period, as a report gives them."""

    name: Line
    received: Count = 0
    received_handled: Count = 0
    due: Count = 0
    due_handled: Count = 0
    due_in_time: Count = 0
    arrive_due: Count = 0
    arrived_in_time: Count = 0


class PairIn(Body):
    """A count in a period and in the one it is compared with."""

    name: Line
    now: Count
    before: Count


class WalkedIn(Body):
    """What patrols add up to."""

    hours: Annotated[float, Field(ge=0, le=1e9)]
    km: Annotated[float, Field(ge=0, le=1e9)]
    people: Count | None = None


class SweptIn(Body):
    """What sweeps of buildings add up to."""

    sweeps: Count
    buildings: Count
    problems: Count


class ReportIn(Body):
    """Totals that were counted elsewhere."""

    totals: list[TotalsIn] = Field([], max_length=1000)
    changes: list[PairIn] = Field([], max_length=1000)
    patrol: WalkedIn | None = None
    sweep: SweptIn | None = None


@router.post(
    "/v1/statistics/rates",
    response_class=Response,
    summary="Rates of totals that were counted elsewhere",
    responses=responses(422) | _ROWS,
)
def rate_totals(caller: Reader, body: ReportIn) -> Response:
    """Rounded as the service rounds its own: half up, with the denominators said; nothing is kept."""
    from api.usecases.incident_answers import SWEEP_RATIOS
    from api.usecases.incident_totals import change_of_totals, rates_of_totals, ratio
    from partition.incidents.sweeps import SweepFigures

    answer: dict[str, Any] = {
        "totals": [rates_of_totals(one.name, one.model_dump(exclude={"name"})) for one in body.totals],
        "changes": [change_of_totals(**one.model_dump()) for one in body.changes],
        "patrol": None,
        "sweep": None,
    }
    if body.patrol is not None:
        walked = body.patrol
        each = {"hours_each": ratio(walked.hours, walked.people or 0), "km_each": ratio(walked.km, walked.people or 0)}
        answer["patrol"] = {**walked.model_dump(), "kmh": ratio(walked.km, walked.hours), **each}
    if body.sweep is not None:
        stated = body.sweep.model_dump()
        ratios = {name: getattr(SweepFigures(**stated), name) for name in SWEEP_RATIOS}
        answer["sweep"] = {**stated, **ratios}
    return _answer(answer)


def _wants_table(request: Request) -> bool:
    return preferred(request.headers.get("accept", ""), (_JSON, _CSV)) == _CSV


def _answer(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content, option=orjson.OPT_UTC_Z), headers=_HEADERS, media_type=_JSON)


def _table(header: list[str], rows: list[list[Any]], name: str) -> Response:
    from api.usecases.incident_answers import csv_bytes

    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_bytes(header, rows), headers=headers, media_type=f"{_CSV}; charset=utf-8")


def _file_part(period: Period) -> str:
    return period.label.replace("/", "_")
