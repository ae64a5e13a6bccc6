"""Which plan is in force where at a moment, and the outlines of its grids: what a look-up index is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, LargeBinary, and_, func, literal, or_, select, type_coerce

from data.store.codec import select_columns
from data.store.rooms.inside import is_inside
from data.store.tables.plans import plan_crosswalk, plan_grids, plan_members, plans, reigns
from data.store.tx import Tx
from gis.errors import NotFound

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reign:
    """A plan in force in one community.

    ``revision`` is the plan's: grids that changed in place make another index.
    """

    community: str
    plan: str
    county: str
    revision: int


@dataclass(frozen=True, slots=True)
class Step:
    """A plan that came into force in a county, and where the ground of older grids went with it.

    Attributes
    ----------
    plan
        Its id.
    codes
        Every code that it gives, or knows to be retired.
    rows
        Old code, new code, share of the old grid's households; where both are there.
    """

    plan: str
    codes: frozenset[str]
    rows: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Grids:
    """Grids with their outlines in longitude and latitude, in the order of community and code."""

    code: tuple[str, ...]
    name: tuple[str | None, ...]
    community: tuple[str, ...]
    plan: tuple[str, ...]
    outline: NDArray[Any]


class InForce:
    """Questions to the plans in force inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def at(self, moment: datetime) -> tuple[Reign, ...]:
        """Every community's plan at a moment, by community."""
        wanted = (
            select(reigns.c.community, reigns.c.plan, plans.c.county, plans.c.revision)
            .join(plans, plans.c.id == reigns.c.plan)
            .where(
                reigns.c.valid_from <= moment,
                or_(reigns.c.valid_to.is_(None), reigns.c.valid_to > moment),
                is_inside(reigns.c.community, self._tx),
            )
            .order_by(reigns.c.community)
        )
        return tuple(Reign(*row) for row in self._tx.connection.execute(wanted))

    def next_change(self, moment: datetime) -> datetime | None:
        """The first moment after this one at which a plan comes into force or ends; none known: ``None``."""
        firsts = [
            self._tx.connection.execute(select(func.min(column)).where(column > moment)).scalar()
            for column in (reigns.c.valid_from, reigns.c.valid_to)
        ]
        return min((found for found in firsts if found is not None), default=None)

    def plan(self, id: str, states: Sequence[str]) -> tuple[str, int]:
        """County and revision of a plan in one of some states.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        """
        # Also the plan of a county, for a reader of one of its communities: of its grids they see their own.
        around = func.substr(literal(self._tx.jurisdiction), 1, func.length(plans.c.place)) == plans.c.place
        wanted = select(plans.c.county, plans.c.revision).where(
            plans.c.id == id, plans.c.state.in_(states), or_(is_inside(plans.c.place, self._tx), around)
        )
        row = self._tx.connection.execute(wanted).first()
        if row is None:
            raise NotFound("plan_unknown", id=id)
        return str(row.county), int(row.revision)

    def plan_with(self, grid: str, moment: datetime) -> str | None:
        """The plan in force at a moment that has a grid of some code; ``None`` where no grid here has it."""
        grids = plan_grids.c
        has_it = and_(grids.county == plans.c.county, grids.plan == reigns.c.plan, grids.code == grid)
        wanted = (
            select(reigns.c.plan)
            .join(plans, plans.c.id == reigns.c.plan)
            .join(plan_grids, and_(has_it, grids.community == reigns.c.community))
            .where(
                reigns.c.valid_from <= moment,
                or_(reigns.c.valid_to.is_(None), reigns.c.valid_to > moment),
                is_inside(reigns.c.community, self._tx),
            )
            .order_by(reigns.c.plan)
        )
        return self._tx.connection.execute(wanted.limit(1)).scalar()

    def grids(self, of: Iterable[Reign]) -> Grids:
        """The grids of plans where they are in force."""
        wanted: dict[tuple[str, str], set[str]] = {}
        for reign in of:
            wanted.setdefault((reign.county, reign.plan), set()).add(reign.community)
        rows = []
        for (county, plan), communities in sorted(wanted.items()):
            rows += [row for row in self._rows(county, plan) if row[2] in communities]
        return _grids(rows)

    def grids_of(self, county: str, plan: str) -> Grids:
        """All grids of one plan, in force or not."""
        return _grids(self._rows(county, plan))

    def counties_of(self, ids: Iterable[str]) -> dict[str, str]:
        """Plan to county, for some plans."""
        wanted = select(plans.c.id, plans.c.county).where(plans.c.id.in_(sorted(set(ids))))
        return {str(row.id): str(row.county) for row in self._tx.connection.execute(wanted)}

    def buildings(self, county: str, plan: str) -> dict[str, str]:
        """Building to the code of its grid, for all buildings that are members of a plan's grids."""
        wanted = select(plan_members.c.id, plan_members.c.grid).where(
            plan_members.c.county == county, plan_members.c.plan == plan, plan_members.c.kind == "building"
        )
        found = select_columns(self._tx, wanted)
        return dict(zip(found["id"], found["grid"], strict=True))

    def steps(self, county: str, moment: datetime | None, also: str = "") -> list[Step]:
        """The plans that have come into force in a county, oldest first.

        Parameters
        ----------
        moment
            Plans of a later first day are left out; ``None``: of none.
        also
            A plan to end with, whether it was ever in force or not.
        """
        first = func.min(reigns.c.valid_from)
        wanted = (
            select(plans.c.id)
            .join(reigns, plans.c.id == reigns.c.plan)
            .where(plans.c.county == county)
            .group_by(plans.c.id)
            .order_by(first, plans.c.id)
        )
        if moment is not None:
            wanted = wanted.having(first <= moment)
        ids = [str(id) for id in self._tx.connection.execute(wanted).scalars()]
        if also:
            ids = [*ids[: ids.index(also) if also in ids else None], also]
        codes: dict[str, set[str]] = {id: set() for id in ids}
        rows: dict[str, list[tuple[str, str, float]]] = {id: [] for id in ids}
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            grid, walk = plan_grids.c, plan_crosswalk.c
            issued = select(grid.plan, grid.code).where(grid.county == county, grid.plan.in_(some))
            for plan, code in self._tx.connection.execute(issued):
                codes[plan].add(code)
            for plan, meta in self._tx.connection.execute(select(plans.c.id, plans.c.meta).where(plans.c.id.in_(some))):
                codes[plan].update(str(meta.get("retired_codes", "")).split())
            led = select(walk.plan, walk.old, walk.new, walk.share_of_old).where(
                walk.county == county, walk.plan.in_(some), walk.old.is_not(None), walk.new.is_not(None)
            )
            for plan, old, new, share in self._tx.connection.execute(led.order_by(walk.old, walk.new)):
                rows[plan].append((old, new, float(share)))
        return [Step(id, frozenset(codes[id]), tuple(rows[id])) for id in ids]

    def _rows(self, county: str, plan: str) -> list[Any]:
        kept = (plan_grids.c.county == county, plan_grids.c.plan == plan, plan_grids.c.geom.is_not(None))
        columns = (plan_grids.c.code, plan_grids.c.name, plan_grids.c.community, plan_grids.c.plan)
        wanted = select(*columns, self._wkb()).where(*kept, is_inside(plan_grids.c.place, self._tx))
        return list(self._tx.connection.execute(wanted))

    def _wkb(self) -> ColumnElement[Any]:
        """Past the column type, which would make an object of each outline."""
        geom = plan_grids.c.geom
        return func.ST_AsBinary(geom) if self._tx.is_postgis else type_coerce(geom, LargeBinary)


def _grids(rows: list[Any]) -> Grids:
    rows.sort(key=lambda row: (row[2], row[0]))
    outline = shapely.from_wkb(np.array([bytes(row[4]) for row in rows], dtype=object))
    columns = [tuple(row[i] for row in rows) for i in range(4)]
    return Grids(columns[0], columns[1], columns[2], columns[3], np.atleast_1d(outline))
