"""Reigns: which plan is in force for a community, from when to when; one at any moment.

Decides how the reigns around a new one give way: in the same community, and where a community is no more and its
ground lies in others now (after a merger).  Whether a plan may reign at all is decided in
`data.store.rooms.life`; the database itself refuses two at one moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import shapely
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from data.store.rooms.inside import is_inside
from data.store.tables.layers import LAYER_TABLES
from data.store.tables.plans import plans, reigns
from data.store.tx import Tx
from gis.errors import Conflict

if TYPE_CHECKING:
    from data.store.rooms.plans import PlanCard

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reign:
    """A plan in force for a community; ``valid_to`` is ``None`` until another is known to follow."""

    community: str
    plan: str
    valid_from: datetime
    valid_to: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether it goes on at a moment."""
        return self.valid_from <= moment and (self.valid_to is None or self.valid_to > moment)


class Reigns:
    """Reigns inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def at(self, place: str, moment: datetime) -> dict[str, str]:
        """Community to plan, for the communities of a place at any moment, also one that is long past or to come."""
        holding = and_(reigns.c.valid_from <= moment, or_(reigns.c.valid_to.is_(None), reigns.c.valid_to > moment))
        inside = and_(is_inside(reigns.c.community, self._tx), func.substr(reigns.c.community, 1, len(place)) == place)
        wanted = select(reigns.c.community, reigns.c.plan).where(holding, inside).order_by(reigns.c.community)
        return {row.community: row.plan for row in self._tx.connection.execute(wanted)}

    def of_plan(self, id: str) -> tuple[Reign, ...]:
        """When and where a plan was, is and will be in force."""
        return self._find(reigns.c.plan == id)

    def of_communities(self, communities: Sequence[str]) -> tuple[Reign, ...]:
        """All reigns of some communities."""
        found: list[Reign] = []
        for start in range(0, len(communities), _AT_ONCE):
            found += self._find(reigns.c.community.in_(communities[start : start + _AT_ONCE]))
        return tuple(found)

    def beneath(self, card: PlanCard, communities: Sequence[str]) -> tuple[Reign, ...]:
        """Reigns of communities that a plan does not know, and whose ground lies in its own communities."""
        table, land = reigns.c, LAYER_TABLES["communities"].c
        mine = set(communities)
        wanted = select(reigns, plans.c.territory).join(plans, plans.c.id == table.plan)
        wanted = wanted.where(plans.c.county == card.county, is_inside(table.community, self._tx))
        rows = [row for row in self._tx.connection.execute(wanted) if row.community not in mine]
        if not rows:
            return ()
        territories = {row.territory for row in rows} | {card.territory}
        shapes = select(land.territory, land.code, land.geom)
        shapes = shapes.where(land.county == card.county, land.territory.in_(sorted(territories)))
        shape = {(row.territory, row.code): row.geom for row in self._tx.connection.execute(shapes)}
        own = [shape[card.territory, code] for code in communities if (card.territory, code) in shape]
        known = [row for row in rows if (row.territory, row.community) in shape]
        points = shapely.point_on_surface([shape[row.territory, row.community] for row in known])
        hit = set(shapely.STRtree(own).query(points, predicate="intersects")[0].tolist())
        return tuple(
            Reign(row.community, row.plan, row.valid_from, row.valid_to) for i, row in enumerate(known) if i in hit
        )

    def begin(
        self,
        plan: str,
        communities: Sequence[str],
        since: datetime,
        known: Sequence[Reign],
        beneath: Sequence[Reign] = (),
    ) -> None:
        """Open the reigns of a plan: each until the next one that is known, and in place of the one that goes on.

        Parameters
        ----------
        known
            All reigns of the communities.
        beneath
            Reigns on the same ground under other codes (see `beneath`): they end for good.

        Raises
        ------
        Conflict
            ``effective_taken``; ``effective_beneath`` (a later one is known under another code).
        """
        for reign in beneath:
            if reign.valid_from >= since:
                facts = {"community": reign.community, "measured": reign.plan, "allowed": reign.valid_from.isoformat()}
                raise Conflict("effective_beneath", **facts)
            if reign.holds(since):
                self._set_end(reign, since)
        by_community: dict[str, list[Reign]] = {}
        for reign in known:
            by_community.setdefault(reign.community, []).append(reign)
        for community in communities:
            others = by_community.get(community, [])
            if any(reign.valid_from == since for reign in others):
                raise Conflict("effective_taken", community=community, measured=since.isoformat())
            ends = min((reign.valid_from for reign in others if reign.valid_from > since), default=None)
            for reign in others:
                if reign.holds(since):
                    self._set_end(reign, since)
            row = {"community": community, "plan": plan, "valid_from": since, "valid_to": ends}
            self._tx.connection.execute(reigns.insert().values(**row))

    def take_back(self, plan: str, beneath: Sequence[Reign] = ()) -> None:
        """Forget the reigns of a plan that have not begun: the ones before go on, until whoever would have followed.

        Parameters
        ----------
        beneath
            Reigns on the same ground under other codes.
        """
        mine = self.of_plan(plan)
        known = self.of_communities([reign.community for reign in mine])
        ended = {reign.valid_from for reign in mine}
        for before in beneath:
            if before.valid_to in ended:
                later = [
                    r.valid_from for r in beneath if r.community == before.community and r.valid_from >= before.valid_to
                ]
                self._set_end(before, min(later, default=None))
        for reign in mine:
            self._tx.connection.execute(delete(reigns).where(_key(reign)))
            for before in known:
                if before.community == reign.community and before.valid_to == reign.valid_from:
                    self._set_end(before, reign.valid_to)

    def _set_end(self, reign: Reign, moment: datetime | None) -> None:
        self._tx.connection.execute(update(reigns).where(_key(reign)).values(valid_to=moment))

    def _find(self, condition: ColumnElement[bool]) -> tuple[Reign, ...]:
        wanted = select(reigns).where(condition, is_inside(reigns.c.community, self._tx))
        wanted = wanted.order_by(reigns.c.community, reigns.c.valid_from)
        return tuple(Reign(**row._mapping) for row in self._tx.connection.execute(wanted))


def _key(reign: Reign) -> ColumnElement[bool]:
    return and_(reigns.c.community == reign.community, reigns.c.valid_from == reign.valid_from)
