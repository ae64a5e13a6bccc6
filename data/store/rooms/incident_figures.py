"""What figures of incidents are made from: incidents as columns, the grids of a moment, patrols and red flags beside.

What the figures are is decided in `partition.incidents`; here are columns, read at once and fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, DateTime, Text, and_, case, cast, func, literal, or_, select

from data.store.codec import select_columns
from data.store.rooms.inside import is_inside
from data.store.shape import Moment
from data.store.tables.incidents import incidents, red_flags
from data.store.tables.layers import LAYER_TABLES, territories
from data.store.tables.plans import plan_grids, plans, reigns
from data.store.tables.tracks import patrol_tracks
from data.store.tx import Tx
from partition.incidents.rates import Columns

_MOMENTS = ("received_at", "arrive_due_at", "arrived_at", "due_at", "handled_at")
_TEXTS = ("kind", "source", "grid", "plan", "place")
_NOT_SETTLED = ("transferred", "unfounded", "not_settled")


@dataclass(frozen=True, slots=True)
class IncidentTable:
    """Incidents as columns, in the order of their numbers.

    Attributes
    ----------
    columns
        Times and truths, as `partition.incidents.rates` takes them.
    priority
        1 to 3.
    kind, source, grid, plan, place
        Texts; of the grid and its plan ``None`` where it lies in none.  The place is the community, or the county.
    """

    columns: Columns
    priority: NDArray[np.int8]
    kind: NDArray[np.object_]
    source: NDArray[np.object_]
    grid: NDArray[np.object_]
    plan: NDArray[np.object_]
    place: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class GridTable:
    """Grids of plans, by code."""

    code: tuple[str, ...]
    name: tuple[str | None, ...]
    community: tuple[str, ...]
    plan: tuple[str, ...]
    households: NDArray[np.int64]
    population: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PatrolFigures:
    """What the tracks of some shifts add up to; hours only of tracks with times."""

    tracks: int = 0
    hours: float = 0.0
    km: float = 0.0
    planned_m: float = 0.0
    covered_m: float = 0.0


@dataclass(frozen=True, slots=True)
class FlagTable:
    """Red flags as columns, in the order of their numbers."""

    raised_at: NDArray[np.datetime64]
    due_at: NDArray[np.datetime64]
    cleared_at: NDArray[np.datetime64]
    kind: NDArray[np.object_]
    grid: NDArray[np.object_]
    place: NDArray[np.object_]


class IncidentFigures:
    """Columns for figures inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def incidents(self, first: datetime, after: datetime, *, plan: str | None = None) -> IncidentTable:
        """Incidents that have to do with a time: received, due or handled in it, or still open when it began.

        Parameters
        ----------
        first, after
            The first moment and the first one behind it.
        plan
            Only those whose grid is of this plan.
        """
        table, start = incidents.c, self._bound(first)
        concerns = or_(
            *(table[name] >= start for name in ("received_at", "due_at", "arrive_due_at", "handled_at")),
            and_(table.handled_at.is_(None), table.state != "cancelled"),
        )
        settled = case((table.result.in_(_NOT_SETTLED), 0), else_=1)
        wanted = select(
            *(self._moment(table[name]) for name in _MOMENTS),
            *(table[name] for name in _TEXTS),
            table.level,
            table.priority,
            case((table.state == "cancelled", 1), else_=0).label("is_cancelled"),
            case((table.duplicate_of.is_not(None), 1), else_=0).label("is_duplicate"),
            settled.label("is_settled"),
        ).where(table.received_at < self._bound(after), concerns, is_inside(table.place, self._tx))
        if plan is not None:
            wanted = wanted.where(table.plan == plan)
        found = select_columns(self._tx, wanted.order_by(table.fid))
        truths = {name: np.array(found[name], bool) for name in ("is_cancelled", "is_duplicate", "is_settled")}
        moments = {name: self._moments(found[name]) for name in _MOMENTS}
        columns = Columns(**moments, level=np.array(found["level"], np.int8), **truths)
        texts = {name: np.array(found[name], dtype=object) for name in _TEXTS}
        return IncidentTable(columns, np.array(found["priority"], np.int8), **texts)

    def grids_at(self, moment: datetime) -> GridTable:
        """Every grid in force at a moment, by code."""
        when = self._bound(moment)
        holds = and_(reigns.c.valid_from <= when, or_(reigns.c.valid_to.is_(None), reigns.c.valid_to > when))
        wanted = (
            self._grids()
            .join(plans, and_(plans.c.id == plan_grids.c.plan, plans.c.county == plan_grids.c.county))
            .join(reigns, and_(reigns.c.plan == plans.c.id, reigns.c.community == plan_grids.c.community))
            .where(holds)
        )
        return self._read_grids(wanted)

    def grids_of(self, ids: Iterable[str]) -> GridTable:
        """Every grid of some plans, by code and plan."""
        some = sorted(set(ids))
        wanted = self._grids().join(plans, and_(plans.c.id == plan_grids.c.plan, plans.c.county == plan_grids.c.county))
        return self._read_grids(wanted.where(plan_grids.c.plan.in_(some)))

    def place_names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Names of communities by their codes, and of towns by the first nine digits; of the current territories."""
        table = LAYER_TABLES["communities"].c
        wanted = (
            select(table.code, table.name, table.town)
            .join(territories, territories.c.id == table.territory)
            .where(territories.c.is_current, is_inside(table.code, self._tx))
            .order_by(table.code)
        )
        names, towns = {}, {}
        for code, name, town in self._tx.connection.execute(wanted):
            names[code] = name or ""
            towns.setdefault(code[:9], town or "")
        return names, towns

    def patrols(self, first_day: str, last_day: str, *, plan: str | None = None) -> dict[str, PatrolFigures]:
        """What the tracks of the shifts of some days add up to, by grid."""
        table = patrol_tracks.c
        sums = [func.coalesce(func.sum(table[name]), 0.0) for name in ("hours", "km", "planned_m", "covered_m")]
        wanted = (
            select(table.grid, func.count(), *sums)
            .where(table.day >= first_day, table.day <= last_day, is_inside(table.place, self._tx))
            .group_by(table.grid)
            .order_by(table.grid)
        )
        if plan is not None:
            wanted = wanted.where(table.plan == plan)
        rows = self._tx.connection.execute(wanted)
        return {row[0]: PatrolFigures(int(row[1]), *(float(value) for value in row[2:])) for row in rows}

    def flags(self, first: datetime, after: datetime) -> FlagTable:
        """Red flags that were there at some moment of a time."""
        table = red_flags.c
        moments = ("raised_at", "due_at", "cleared_at")
        wanted = select(*(self._moment(table[name]) for name in moments), table.kind, table.grid, table.place).where(
            table.raised_at < self._bound(after),
            or_(table.cleared_at.is_(None), table.cleared_at >= self._bound(first)),
            is_inside(table.place, self._tx),
        )
        found = select_columns(self._tx, wanted.order_by(table.raised_at, table.id))
        texts = {name: np.array(found[name], dtype=object) for name in ("kind", "grid", "place")}
        return FlagTable(*(self._moments(found[name]) for name in moments), **texts)

    def _grids(self) -> Any:
        table = plan_grids.c
        columns = (table.code, table.name, table.community, table.plan, table.households, table.population)
        return select(*columns).where(is_inside(table.place, self._tx)).order_by(table.code, table.plan)

    def _read_grids(self, wanted: Any) -> GridTable:
        found = select_columns(self._tx, wanted)
        return GridTable(
            tuple(found["code"]),
            tuple(found["name"]),
            tuple(found["community"]),
            tuple(found["plan"]),
            np.array(found["households"], np.int64),
            np.array(found["population"], np.int64),
        )

    def _moment(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A moment as both drivers give it fast: text without its zone, or microseconds."""
        if self._tx.is_postgis:
            micros = cast(func.extract("epoch", column) * 1_000_000, BigInteger)
            return micros.label(column.key)
        return func.substr(column, 1, 26).label(column.key)

    def _bound(self, moment: datetime) -> ColumnElement[Any]:
        """A moment to compare with: columns are read past the types, which would write it as the store keeps it."""
        if self._tx.is_postgis:
            return literal(moment, DateTime(timezone=True))
        return literal(Moment().process_bind_param(moment, self._tx.connection.dialect), Text())

    def _moments(self, values: Sequence[Any]) -> NDArray[np.datetime64]:
        if self._tx.is_postgis:
            return np.array([_NOT_A_TIME if v is None else v for v in values], np.int64).view("datetime64[us]")
        return np.array(["NaT" if v is None else v for v in values], "datetime64[us]")


_NOT_A_TIME = np.iinfo(np.int64).min


def added(patrols: Mapping[str, PatrolFigures]) -> PatrolFigures:
    """Patrols of several grids together."""
    whole = PatrolFigures()
    for one in patrols.values():
        whole = replace(
            whole,
            tracks=whole.tracks + one.tracks,
            hours=whole.hours + one.hours,
            km=whole.km + one.km,
            planned_m=whole.planned_m + one.planned_m,
            covered_m=whole.covered_m + one.covered_m,
        )
    return whole
