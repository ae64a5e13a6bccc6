"""Reigns: which plan is in force for a community, from when to when; one at any moment.

Decides how the reigns around a new one give way.  Whether a plan may reign at all is decided in
`data.store.rooms.life`; the database itself refuses two at one moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from data.store.rooms.inside import is_inside
from data.store.tables.plans import reigns
from data.store.tx import Tx
from gis.errors import Conflict

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

    def begin(self, plan: str, communities: Sequence[str], since: datetime, known: Sequence[Reign]) -> None:
        """Open the reigns of a plan: each until the next one that is known, and in place of the one that goes on.

        Parameters
        ----------
        known
            All reigns of the communities.

        Raises
        ------
        Conflict
            ``effective_taken``.
        """
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

    def take_back(self, plan: str) -> None:
        """Forget the reigns of a plan that have not begun: the ones before go on, until whoever would have followed."""
        mine = self.of_plan(plan)
        known = self.of_communities([reign.community for reign in mine])
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
