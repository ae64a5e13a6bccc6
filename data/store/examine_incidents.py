"""What can be found wrong with incidents by asking the store: who is responsible, and whether every change is told.

Questions as in `data.store.examine`; they mend nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, case, func, or_, select

from data.store.tables.incidents import assignments, cap_messages, incident_events, incidents, units
from data.store.tables.layers import counters
from data.store.tx import Tx
from gis.errors import Fault
from partition.incidents.flow import HELD

MOVED = "unit.moved"
RECEIVED = "incident.received"
REPEATED = "incident.repeated"


def wrong_incidents(tx: Tx) -> Iterable[Fault]:
    """Incidents with more or fewer assignments than their state says, duplicates and messages that lead nowhere, lost
    events.
    """
    yield from _assignments_that_differ(tx)
    yield from _duplicates_that_lead_nowhere(tx)
    yield from _messages_that_lead_nowhere(tx)
    yield from _events_that_miss(tx)
    yield from _numbers_that_miss(tx)


def _assignments_that_differ(tx: Tx) -> Iterable[Fault]:
    mine = and_(assignments.c.incident == incidents.c.id, assignments.c.ended_at.is_(None))
    n = func.count(assignments.c.number)
    unit, body = func.max(assignments.c.unit), func.max(assignments.c.body)
    columns = (incidents.c.id, incidents.c.state, incidents.c.unit, incidents.c.body)
    wanted = (
        select(*columns, n.label("n"), unit.label("has_unit"), body.label("has_body"))
        .join(assignments, mine, isouter=True)
        .group_by(*columns)
        .having(
            or_(
                n != case((incidents.c.state.in_(HELD), 1), else_=0),
                func.coalesce(unit, "") != func.coalesce(incidents.c.unit, ""),
                func.coalesce(body, "") != func.coalesce(incidents.c.body, ""),
            )
        )
        .order_by(incidents.c.id)
    )
    for row in tx.connection.execute(wanted):
        facts = {"id": row.id, "measured": row.state, "n": int(row.n), "allowed": int(row.state in HELD)}
        yield Fault("doctor_incident_assignment", facts)
    held = select(assignments.c.unit).where(assignments.c.ended_at.is_(None), assignments.c.unit.is_not(None))
    idle = select(units.c.id).where(units.c.id.in_(held), units.c.status == "available")
    for id in tx.connection.execute(idle.order_by(units.c.id)).scalars():
        yield Fault("doctor_unit_idle", {"id": str(id)})


def _duplicates_that_lead_nowhere(tx: Tx) -> Iterable[Fault]:
    main = incidents.alias("main")
    wanted = (
        select(incidents.c.id, incidents.c.duplicate_of)
        .join(main, main.c.id == incidents.c.duplicate_of, isouter=True)
        .where(
            incidents.c.duplicate_of.is_not(None),
            or_(main.c.id.is_(None), main.c.duplicate_of.is_not(None), incidents.c.state != "cancelled"),
        )
        .order_by(incidents.c.id)
    )
    for row in tx.connection.execute(wanted):
        yield Fault("doctor_incident_main", {"id": row.id, "measured": row.duplicate_of})


def _messages_that_lead_nowhere(tx: Tx) -> Iterable[Fault]:
    """Messages of CAP are seen where their incident is."""
    own = cap_messages.c
    is_elsewhere = or_(incidents.c.id.is_(None), incidents.c.place != own.place, incidents.c.county != own.county)
    wanted = (
        select(own.incident, func.count().label("n"))
        .join(incidents, incidents.c.id == own.incident, isouter=True)
        .where(is_elsewhere)
        .group_by(own.incident)
        .order_by(own.incident)
    )
    for row in tx.connection.execute(wanted):
        yield Fault("doctor_cap_messages", {"id": row.incident, "measured": int(row.n)})


def _events_that_miss(tx: Tx) -> Iterable[Fault]:
    """Every revision of an incident has its event; those that came in a file have none of their own for the first."""
    own = incident_events.c
    n = func.sum(case((own.kind != REPEATED, 1), else_=0))  # one that was sent twice at once is as it was
    n_received = func.sum(case((own.kind == RECEIVED, 1), else_=0))
    columns = (incidents.c.id, incidents.c.revision)
    wanted = (
        select(*columns, n.label("n"))
        .join(incident_events, own.subject == incidents.c.id, isouter=True)
        .group_by(*columns)
        .having(n != incidents.c.revision - 1 + n_received)
        .order_by(incidents.c.id)
    )
    for row in tx.connection.execute(wanted):
        yield Fault("doctor_incident_events", {"id": row.id, "measured": int(row.n), "allowed": int(row.revision)})
    newest = incident_events.alias("newest")
    untold = (
        select(incidents.c.id, incidents.c.event)
        .join(newest, newest.c.number == incidents.c.event, isouter=True)
        .where(newest.c.number.is_(None))
        .order_by(incidents.c.id)
    )
    for row in tx.connection.execute(untold):
        yield Fault("doctor_incident_event", {"layer": "incidents", "id": row.id, "measured": int(row.event)})


def _numbers_that_miss(tx: Tx) -> Iterable[Fault]:
    """Gaps in the numbers of events; only positions of units are ever dropped, the older ones first."""
    number = incident_events.c.number
    last = int(tx.connection.execute(select(func.max(number))).scalar() or 0)
    following = select(counters.c.next).where(counters.c.name == "incident_events")
    stands = int(tx.connection.execute(following).scalar() or 1) - 1
    if last > stands:
        yield Fault("doctor_incident_numbers", {"measured": last, "allowed": stands})
    moved = select(func.min(number)).where(incident_events.c.kind == MOVED)
    first = tx.connection.execute(moved).scalar()
    if first is None:
        return  # all positions were dropped: their gaps can not be told from others
    before = func.lag(number).over(order_by=number).label("before")
    pairs = select(number.label("number"), before).where(number >= first).subquery()
    gaps = select(pairs).where(pairs.c.number - pairs.c.before > 1).order_by(pairs.c.number)
    for row in tx.connection.execute(gaps):
        yield Fault("doctor_incident_gap", {"measured": int(row.before) + 1, "allowed": int(row.number) - 1})
