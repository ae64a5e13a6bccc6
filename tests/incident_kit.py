"""Incidents for tests: one at a time over HTTP, or many at once into a store, in every state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import shapely
from sqlalchemy import insert

from api.usecases.incident_ground import IncidentGround
from data.store import SqlStore
from data.store.embedded import add_windows
from data.store.numbers import take_numbers
from data.store.rooms.incident_cards import Ground, NewIncident
from data.store.rooms.incident_land import communities_of
from data.store.rooms.units import UnitCard
from data.store.tables.incidents import incidents
from partition.incidents.deadlines import RULES, clocks, next_escalation
from partition.incidents.flow import STATES
from tests.stores import act

KINDS = ("占道经营", "环境卫生", "设施损坏", "矛盾纠纷", "消防隐患", "噪声扰民", "道路积水", "违章停车")
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
_AT_ONCE = 2_000


def a_place(store: SqlStore, seed: int = 0) -> tuple[float, float]:
    """Longitude and latitude inside the first community; another one for another seed."""
    (place,) = places(store, 1, seed)
    return place


def places(store: SqlStore, n: int, seed: int = 0) -> list[tuple[float, float]]:
    """Places inside the communities of a store."""
    with store.read() as tx:
        known = communities_of(tx)
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(known.outline)
    tree = shapely.STRtree(known.outline)
    found: list[tuple[float, float]] = []
    while len(found) < n:
        xy = np.column_stack([rng.uniform(west, east, 4 * n), rng.uniform(south, north, 4 * n)])
        inside = np.unique(tree.query(shapely.points(xy), predicate="within")[0])
        found += [(float(x), float(y)) for x, y in xy[inside]]
    return found[:n]


def receive(http: httpx.Client, place: tuple[float, float], **facts: Any) -> dict[str, Any]:
    """Send an incident; the answer."""
    told = {"lon": place[0], "lat": place[1], "kind": "道路积水", **facts}
    answer = http.post("/v1/incidents", json=told)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def step(http: httpx.Client, id: str, to: str, **facts: Any) -> dict[str, Any]:
    """Bring an incident into a state; the answer."""
    answer = http.post(f"/v1/incidents/{id}/transitions", json={"to": to, **facts})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def new_incident(place: tuple[float, float], ground: Ground, received_at: datetime, **facts: Any) -> NewIncident:
    """What is told of an incident, with the deadlines of the default rules."""
    told = {"kind": KINDS[0], "priority": 3, **facts}
    due = clocks(RULES, told["kind"], told["priority"], received_at)
    soon = next_escalation(RULES, "received", told["priority"], due, 0)
    return NewIncident(
        lon=place[0], lat=place[1], received_at=received_at, ground=ground, due=due, escalate_at=soon, **told
    )


def many_incidents(
    store: SqlStore,
    n: int,
    seed: int = 0,
    *,
    now: datetime = NOW,
    days: float = 1.0,
    states: Sequence[str] = STATES,
    titles: Sequence[str] = ("",),
) -> list[str]:
    """Incidents of the last days, in every state by turns, without events of their own; their ids."""
    rng = np.random.default_rng(seed)
    spots = places(store, n, seed)
    received = [now - timedelta(days=float(d)) for d in np.sort(rng.uniform(0, days, n))[::-1]]
    grounds = IncidentGround(store).find_many([x for x, _ in spots], [y for _, y in spots], received)
    ids: list[str] = []
    for start in range(0, n, _AT_ONCE):
        with store.write(act(at=now)) as tx:
            part = range(start, min(start + _AT_ONCE, n))
            event = take_numbers(tx, "incident_events")
            first = take_numbers(tx, "incidents", len(part))
            rows = []
            for k, i in enumerate(part):
                ground = grounds[i]
                assert ground is not None
                state = states[i % len(states)]
                facts = {"kind": KINDS[i % len(KINDS)], "priority": 1 + i % 3, "title": titles[i % len(titles)] or None}
                new = new_incident(spots[i], ground, received[i], **facts)
                row = tx.incidents.row_of(new, first + k, event)
                reached = STATES[: STATES.index(state) + 1] if state != "cancelled" else ("received", "cancelled")
                moments = {f"{one}_at": received[i] + timedelta(seconds=30 * j) for j, one in enumerate(reached)}
                row |= {"state": state} | {f"{one}_at": None for one in STATES[1:]} | moments
                row |= {"result": "settled" if state == "closed" else None, "handled_at": moments.get("feedback_at")}
                if state in ("feedback", "verified", "closed", "cancelled"):
                    row["escalate_at"] = None
                rows.append(row)
            tx.connection.execute(insert(incidents), rows)
            if not tx.is_postgis:
                add_windows(tx.connection, "incidents", [r["fid"] for r in rows], np.array([r["geom"] for r in rows]))
            ids += [row["id"] for row in rows]
            data = {"n": len(rows)}
            county = rows[0]["county"]
            tx.stream.put("import", "test", data, county=county, place=county, role="admin", number=event)
    return ids


def put_unit(
    store: SqlStore, id: str, where: tuple[float, float] | None = None, *, at: datetime = NOW, **facts: Any
) -> UnitCard:
    """A unit of the county, free and at a place."""
    with store.read() as tx:
        county = communities_of(tx).county[0]
    lon, lat = where if where is not None else (None, None)
    said = {"county": county, "place": county, "name": f"巡逻 {id}", "kind": "patrol", "mode": "foot", "skills": []}
    said |= {"status": "available", "status_at": at, "lon": lon, "lat": lat, "position_at": at if where else None}
    said |= {"free_since": None, "n_taken": 0, "revision": 1, **facts}
    with store.write(act(at=at)) as tx:
        return tx.units.put(UnitCard(id=id, **said), "admin")
