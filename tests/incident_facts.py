"""Incidents with chosen times for tests of figures: many at once into a store, without events of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import insert

from api.usecases.incident_ground import IncidentGround
from data.store import SqlStore
from data.store.embedded import add_windows
from data.store.numbers import take_numbers
from data.store.tables.incidents import incidents, red_flags
from tests.incident_kit import new_incident
from tests.service_town import middle
from tests.stores import act

NOW = datetime(2026, 12, 5, 8, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 10, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fact(
    where: str = "A",
    received: datetime = NOVEMBER,
    *,
    due_h: float = 48,
    handled_h: float | None = None,
    arrived_h: float | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """One incident in a grid of the small town: due and handled so many hours after it was received."""
    told = {"spot": middle(where), "received_at": received, "due_at": received + due_h * HOUR, **facts}
    told["arrived_at"] = None if arrived_h is None else received + arrived_h * HOUR
    told["handled_at"] = None if handled_h is None else received + handled_h * HOUR
    return told


def put(store: SqlStore, facts: Iterable[dict[str, Any]]) -> None:
    """Keep incidents; the grid of each is found as when one is received."""
    told = list(facts)
    spots = [one["spot"] for one in told]
    moments = [one["received_at"] for one in told]
    grounds = IncidentGround(store).find_many([x for x, _ in spots], [y for _, y in spots], moments)
    with store.write(act(at=NOW)) as tx:
        event, first = take_numbers(tx, "incident_events"), take_numbers(tx, "incidents", len(told))
        rows = []
        for i, (one, where) in enumerate(zip(told, grounds)):
            assert where is not None
            made = {key: value for key, value in one.items() if key in ("kind", "priority", "source")}
            row = tx.incidents.row_of(new_incident(one["spot"], where, one["received_at"], **made), first + i, event)
            row |= dict.fromkeys(("arrived_at", "handled_at", "result", "duplicate_of"))
            row |= {key: value for key, value in one.items() if key in incidents.c}
            rows.append(row)
        tx.connection.execute(insert(incidents), rows)
        if not tx.is_postgis:
            add_windows(tx.connection, "incidents", [r["fid"] for r in rows], np.array([r["geom"] for r in rows]))


def put_flags(store: SqlStore, flags: Iterable[tuple[datetime, datetime | None]], kind: str = "消防隐患") -> None:
    """Keep red flags: raised, and cleared or not."""
    same = {"county": "330402", "place": "330402", "kind": kind, "title": "x", "lon": 120, "lat": 30}
    with store.write(act(at=NOW)) as tx:
        rows = [
            {"id": f"f{i}", "raised_at": up, "due_at": up + 720 * HOUR, "cleared_at": down, "reason": "", "revision": 1}
            for i, (up, down) in enumerate(flags, 1)
        ]
        tx.connection.execute(insert(red_flags), [{**same, **row} for row in rows])
