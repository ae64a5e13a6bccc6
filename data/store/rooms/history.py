"""The history of plans: every state a plan was in, and what each revision changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from data.store.tables.plans import plan_changes, plan_states
from data.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Change:
    """What one revision of a plan changed."""

    revision: int
    kind: str
    name: str
    at: datetime
    who: str
    change: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stay:
    """A state a plan came into."""

    revision: int
    state: str
    at: datetime
    who: str
    reason: str | None


class History:
    """History inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def states(self, id: str) -> tuple[Stay, ...]:
        """Every state a plan was ever in, the oldest first."""
        self._tx.plans.card(id)
        table = plan_states.c
        wanted = select(table.revision, table.state, table.at, table.who, table.reason).where(table.plan == id)
        return tuple(Stay(**r._mapping) for r in self._tx.connection.execute(wanted.order_by(table.revision)))

    def changes(self, id: str, *, after: int = 0, limit: int = 1000) -> tuple[Change, ...]:
        """What the revisions after one (``after``) changed, the oldest first."""
        self._tx.plans.card(id)
        table = plan_changes.c
        columns = (table.revision, table.kind, table.name, table.at, table.who, table.change)
        wanted = select(*columns).where(table.plan == id, table.revision > after).order_by(table.revision)
        return tuple(Change(**row._mapping) for row in self._tx.connection.execute(wanted.limit(limit)))

    def at(self, id: str, revisions: Collection[int]) -> dict[int, Change]:
        """Revision to what it changed, for some revisions."""
        self._tx.plans.card(id)
        table = plan_changes.c
        columns = (table.revision, table.kind, table.name, table.at, table.who, table.change)
        wanted = select(*columns).where(table.plan == id, table.revision.in_(sorted(revisions)))
        return {row.revision: Change(**row._mapping) for row in self._tx.connection.execute(wanted)}
