"""Overdue incidents go up: grid, community, town, county; each step once, with its event.

When an incident goes up next is a column of it, so that nothing is lost with a process: whoever looks next finds what
has run out meanwhile and makes the steps in their order.  Two who look at once make each step once, because the
second waits for the first and reads anew.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from api.usecases.incident_rules import rules_in
from data.store import Act, Store, Tx
from data.store.rooms.incident_search import run_out
from partition.incidents.deadlines import next_escalation, running
from partition.incidents.flow import LEVELS, WAITING

ROLE = "system"
MOST_AT_ONCE = 50
"""Incidents of one transaction: whoever works at the desk waits no longer than for these."""
_ACT = Act("system", datetime.min)


def escalate_overdue(store: Store, now: datetime) -> int:
    """Bring every incident whose time has run out to the level it has to be at by now.

    Returns
    -------
    int
        Steps that were made.

    Raises
    ------
    StorageError
        What the database refuses; the steps made before are kept.
    """
    steps = 0
    while True:
        with store.read() as tx:
            ids = run_out(tx, now, MOST_AT_ONCE)
        if not ids:
            return steps
        with store.write(replace(_ACT, at=now)) as tx:
            made = sum(_raise(tx, id, now) for id in ids)
        steps += made
        if not made:
            return steps  # somebody else made them meanwhile


def _raise(tx: Tx, id: str, now: datetime) -> int:
    card = tx.incidents.hold(id)  # from here on nobody else changes it, and what is read is the newest
    rules, steps = rules_in(tx, card.county), 0
    while card.state in WAITING and card.escalate_at is not None and card.escalate_at <= now:
        level = min(card.level + 1, len(LEVELS) - 1)
        following = next_escalation(rules, card.state, card.priority, card.clocks, level)
        reason = running(card.state, card.clocks).what
        card = tx.incidents.change(
            id, ROLE, told_as="incident.escalated", reason=reason, level=level, escalate_at=following
        )
        steps += 1
    return steps
