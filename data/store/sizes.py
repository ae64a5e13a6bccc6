"""How much a store holds, in figures that cost nothing to read: for operation, not for users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Table, func, select, text

from data.store.tables.incidents import incidents, red_flags
from data.store.tables.plans import PLAN_STATES, plans
from data.store.tables.service import JOB_STATES, jobs
from data.store.tx import Tx
from partition.incidents.flow import STATES


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes on disk, newest numbers, plans, jobs and incidents by state, red flags that are up."""

    bytes: int
    outbox: int
    audit: int
    plans: Mapping[str, int]
    jobs: Mapping[str, int]
    incidents: Mapping[str, int]
    red_flags: int


def measure_store(tx: Tx) -> Sizes:
    """Measure the store that a transaction reads."""
    flags_up = select(func.count()).where(red_flags.c.cleared_at.is_(None)).select_from(red_flags)
    return Sizes(
        bytes=_bytes_on_disk(tx),
        outbox=tx.outbox.last(),
        audit=tx.audit.head()[0],
        plans=_by_state(tx, plans, PLAN_STATES),
        jobs=_by_state(tx, jobs, JOB_STATES),
        incidents=_by_state(tx, incidents, STATES),
        red_flags=int(tx.connection.execute(flags_up).scalar_one()),
    )


def _by_state(tx: Tx, table: Table, states: tuple[str, ...]) -> dict[str, int]:
    counted = select(table.c.state, func.count()).group_by(table.c.state)
    found = {str(state): int(n) for state, n in tx.connection.execute(counted)}
    return {state: found.get(state, 0) for state in states}


def _bytes_on_disk(tx: Tx) -> int:
    if tx.is_postgis:
        return int(tx.connection.execute(text("select pg_database_size(current_database())")).scalar_one())
    pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    size = tx.connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    return int(pages) * int(size)
