"""The incidents of a territory file into the live table, once: what a county had before it worked with this service.

Known by the id they have in the file (source ``import``), so that the same territory, or a newer one with the same
incidents, adds nothing twice.  They are history: none of them goes up a level by itself until somebody takes a step.
Each gets the grid of the plan that was in force when it was received; most were received before there was any.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely

from api.usecases.incident_ground import IncidentGround
from api.usecases.incident_moments import read_moment_text, zone_of
from api.usecases.incident_rules import rules_in
from api.usecases.incident_words import known_words, plain
from api.usecases.incidents import EARLIEST, guarded
from data.store import Act, Store, Tx
from data.store.numbers import take_numbers
from data.store.places import lon_lat
from data.store.rooms.incident_cards import Ground, NewIncident
from gis.errors import InputError
from gis.territory import Territory
from partition.incidents.deadlines import IncidentRules, clocks
from partition.incidents.flow import PRIORITIES

SOURCE = "import"
EVENT = "incidents.imported"
_ORDINARY = PRIORITIES[-1]


@dataclass(frozen=True, slots=True)
class Carried:
    """How many rows of the layer are new in the store, were there, or could not be taken (no place, no time)."""

    new: int
    known: int
    left_out: int


@dataclass(frozen=True, slots=True)
class _Row:
    external: str
    kind: str
    priority: int
    lon: float
    lat: float
    received_at: datetime
    due_at: datetime | None
    closed_at: datetime | None


def carry_incidents(store: Store, territory: Territory, county: str, act: Act, role: str = "admin") -> Carried:
    """Take the layer ``incidents`` of a territory into the live table.

    Parameters
    ----------
    county
        Of the territory, which is in the store and current.
    """
    table = territory["incidents"]
    if table.empty:
        return Carried(0, 0, 0)
    with store.read() as tx:
        rules = rules_in(tx, county)
    rows = _rows(territory, rules, act.at)
    grounds = IncidentGround(store).find_many(
        [row.lon for row in rows], [row.lat for row in rows], [row.received_at for row in rows]
    )
    good = [(row, ground) for row, ground in zip(rows, grounds) if ground is not None and ground.county == county]
    with store.write(act) as tx:
        tx.stream.queue_up()
        known = tx.incident_import.known(county, SOURCE, [row.external for row, _ in good])
        new = [(row, ground) for row, ground in good if row.external not in known]
        if new:
            _add(tx, new, rules, county, role)
    return Carried(len(new), len(good) - len(new), len(table) - len(good))


def _add(tx: Tx, new: list[tuple[_Row, Ground]], rules: IncidentRules, county: str, role: str) -> None:
    event = take_numbers(tx, "incident_events")
    first = take_numbers(tx, "incidents", len(new))
    tx.incident_import.add_many(
        [_row_of(tx, row, ground, rules, first + k, event) for k, (row, ground) in enumerate(new)]
    )
    report = {"new": len(new), "known": 0, "refused": 0, "rows": len(new), "file": ""}
    tx.audit.record("incident.import", county, place=county, after=report)
    tx.stream.put(EVENT, county, report, county=county, place=county, role=role, number=event)


def _row_of(tx: Tx, row: _Row, ground: Ground, rules: IncidentRules, number: int, event: int) -> dict[str, Any]:
    due = clocks(rules, row.kind, row.priority, row.received_at)
    told = NewIncident(
        kind=row.kind,
        priority=row.priority,
        lon=row.lon,
        lat=row.lat,
        received_at=row.received_at,
        ground=ground,
        due=due,
        escalate_at=None,
        source=SOURCE,
        external=row.external,
    )
    is_closed = row.closed_at is not None
    return tx.incidents.row_of(told, number, event) | {
        "due_at": row.due_at or due.due_at,
        "state": "closed" if is_closed else "received",
        "result": "settled" if is_closed else None,
        "handled_at": row.closed_at,
        "closed_at": row.closed_at,
    }


def _rows(territory: Territory, rules: IncidentRules, now: datetime) -> list[_Row]:
    """Rows with a place, a kind and a time that can be; closed ones without an end end when they began."""
    table = territory["incidents"]
    points = lon_lat(table)
    missing = shapely.is_missing(points)
    xy = np.full((len(points), 2), np.nan)
    xy[~missing] = shapely.get_coordinates(shapely.centroid(points[~missing]))
    words, zone = known_words({}), zone_of(rules.calendar.zone)
    columns = {name: _texts(table, name) for name in ("id", "kind", "state", "priority")}
    moments = {name: _texts(table, name) for name in ("received_at", "due_at", "closed_at")}
    out = []
    for i in np.flatnonzero(np.isfinite(xy).all(axis=1)).tolist():
        received, due, closed = (_moment(moments[name][i], zone) for name in moments)
        kind = _kind(columns["kind"][i])
        if received is None or kind is None or not EARLIEST <= received <= now:
            continue
        state = words["state"].get(plain(columns["state"][i]), "")
        if closed is not None and closed > now:
            closed = None
        if state in ("closed", "cancelled") or (not state and closed is not None):
            ended = max(closed or received, received)
        else:
            ended = None
        priority = int(words["priority"].get(plain(columns["priority"][i]), _ORDINARY))
        out.append(_Row(columns["id"][i], kind, priority, float(xy[i, 0]), float(xy[i, 1]), received, due, ended))
    return out


def _texts(table: Any, name: str) -> list[str]:
    return ["" if value is None or value != value else str(value) for value in table[name].astype(object)]


def _moment(text: str, zone: Any) -> datetime | None:
    found = read_moment_text(text, zone) if text else None
    return None if found is None else found[0]


def _kind(text: str) -> str | None:
    try:
        return guarded(text)
    except InputError:  # too long, or with a number that may be somebody's
        return None
