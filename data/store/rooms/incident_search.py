"""Incidents asked for by what they are near to and what time has run out for: questions without an answer of their own.

What is near enough, and what follows when time has run out, is decided on the `partition` floor.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, func, or_, select

from data.store.rooms.incident_cards import IncidentCard
from data.store.rooms.inside import is_inside
from data.store.tables.incidents import incidents
from data.store.tx import Tx
from partition.incidents.flow import OPEN, WAITING


def near(
    tx: Tx,
    kind: str,
    box: tuple[float, float, float, float],
    *,
    open_or_ended_after: datetime,
    received_until: datetime,
) -> list[IncidentCard]:
    """Incidents of a kind in a window (west, south, east, north) that are open or ended lately.

    Cancelled duplicates are left out: the one they point to stands for them.
    """
    row = incidents.c
    west, south, east, north = box
    alive = or_(row.state.in_(OPEN), func.coalesce(row.closed_at, row.cancelled_at) >= open_or_ended_after)
    return tx.incidents.cards(
        row.kind == kind,
        row.lon.between(west, east),
        row.lat.between(south, north),
        row.received_at <= received_until,
        row.duplicate_of.is_(None),
        alive,
    )


def duplicates_of(tx: Tx, id: str) -> list[IncidentCard]:
    """Incidents that were cancelled because they are the same as one."""
    return tx.incidents.cards(incidents.c.duplicate_of == id)


def run_out(tx: Tx, moment: datetime, limit: int) -> list[str]:
    """Ids of incidents that have to go up a level, those that wait longest first."""
    row = incidents.c
    due = and_(row.state.in_(WAITING), row.escalate_at <= moment, is_inside(row.place, tx))
    wanted = select(row.id).where(due).order_by(row.escalate_at, row.fid).limit(limit)
    return list(tx.connection.execute(wanted).scalars())
