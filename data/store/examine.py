"""What can be found wrong with a store by asking it: pages, windows, the audit chain, reigns, sums, orphans.

Every question gives faults with their facts and mends nothing.  What needs the geometry of whole plans or the land
itself is asked on the `api` floor with the same check that plans are filed with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import numpy as np
import shapely
from sqlalchemy import Table, and_, func, inspect, or_, select, text
from sqlalchemy.exc import DBAPIError

from data.store.embedded import window_of
from data.store.tables import LAYER_TABLES, METADATA
from data.store.tables.incidents import incidents
from data.store.tables.layers import territories
from data.store.tables.plans import plan_communities, plan_grids, plan_members, plan_states, plans, reigns
from data.store.tables.service import accounts, jobs, keys, sessions
from data.store.tx import Tx
from gis.errors import Fault

MOST_FAULTS = 20
"""Faults that one question tells; the first ones say enough."""
_ROWS_AT_ONCE = 10_000
_FLOAT_32 = 1e-4  # degrees that the 32-bit bounds of an R*Tree may lie inside the geometry: none, but for rounding

Question = Callable[[Tx], Iterable[Fault]]


def ask(question: Question, tx: Tx) -> tuple[Fault, ...]:
    """The first faults that a question finds."""
    found = []
    for fault in question(tx):
        found.append(fault)
        if len(found) == MOST_FAULTS:
            break
    return tuple(found)


def broken_pages(tx: Tx) -> Iterable[Fault]:
    """What the database itself finds: damaged pages and trees of SQLite, indexes of PostgreSQL that are not whole."""
    if tx.is_postgis:
        unfinished = text("select indexrelid::regclass::text from pg_index where not (indisvalid and indisready)")
        for name in tx.connection.execute(unfinished).scalars():
            yield Fault("doctor_index_unfinished", {"measured": str(name)})
        return
    try:
        yield from _broken_pages_of_file(tx)
    except DBAPIError as error:
        # So damaged that not even the question can be answered.
        yield Fault("doctor_page_broken", {"measured": str(error.orig).splitlines()[0]})


def _broken_pages_of_file(tx: Tx) -> Iterable[Fault]:
    for line in tx.connection.exec_driver_sql(f"PRAGMA integrity_check({MOST_FAULTS})").scalars():
        if line != "ok":
            yield Fault("doctor_page_broken", {"measured": str(line).splitlines()[0]})
    for name in sorted(inspect(tx.connection).get_table_names()):
        if name.startswith("window_") and not name.endswith(("_node", "_parent", "_rowid")):
            said = tx.connection.exec_driver_sql("SELECT rtreecheck(?)", (name,)).scalar_one()
            if said != "ok":
                yield Fault("doctor_window_broken", {"layer": name, "measured": str(said).splitlines()[0]})


def stray_windows(tx: Tx) -> Iterable[Fault]:
    """Rows that a window of the map would miss, or would find although they are gone; of SQLite only."""
    if tx.is_postgis:
        return
    for table in (*LAYER_TABLES.values(), plan_grids, incidents):
        window = window_of(table.name)
        for wanted in (
            f"select count(*) from {window} w left join {table.name} t on t.fid = w.id where t.fid is null",
            f"select count(*) from {table.name} t left join {window} w on w.id = t.fid "
            "where w.id is null and t.geom is not null",
        ):
            n = tx.connection.exec_driver_sql(wanted).scalar_one()
            if n:
                yield Fault("doctor_window_differs", {"layer": table.name, "measured": int(n)})
        n = _n_outside_their_window(tx, table, window)
        if n:
            yield Fault("doctor_window_differs", {"layer": table.name, "measured": n})


def _n_outside_their_window(tx: Tx, table: Table, window: str) -> int:
    found = tx.connection.execution_options(yield_per=_ROWS_AT_ONCE).exec_driver_sql(
        f"select t.geom, w.x_min, w.x_max, w.y_min, w.y_max from {table.name} t join {window} w on w.id = t.fid"
    )
    n = 0
    for rows in found.partitions(_ROWS_AT_ONCE):
        exact = shapely.bounds(shapely.from_wkb([row[0] for row in rows]))
        x_min, x_max, y_min, y_max = np.array([row[1:] for row in rows]).T
        kept = np.column_stack([x_min - _FLOAT_32, y_min - _FLOAT_32, -x_max - _FLOAT_32, -y_max - _FLOAT_32])
        n += int((kept > exact * [1, 1, -1, -1]).any(axis=1).sum())
    return n


def broken_audit(tx: Tx) -> Iterable[Fault]:
    """Where the chain of the audit log does not hold."""
    number = tx.audit.first_broken()
    if number is not None:
        yield Fault("doctor_audit_broken", {"row": number})


def double_reigns(tx: Tx) -> Iterable[Fault]:
    """Communities with two plans in force at one moment."""
    one, other = reigns.alias("one"), reigns.alias("other")
    overlap = and_(
        one.c.community == other.c.community,
        one.c.valid_from < other.c.valid_from,
        or_(one.c.valid_to.is_(None), one.c.valid_to > other.c.valid_from),
    )
    wanted = select(one.c.community, one.c.plan, other.c.plan.label("second")).join(other, overlap)
    for row in tx.connection.execute(wanted.order_by(one.c.community)):
        yield Fault("doctor_two_in_force", {"community": row.community, "measured": f"{row.plan}, {row.second}"})


def states_that_differ(tx: Tx) -> Iterable[Fault]:
    """Plans whose state is not the last one of their history."""
    newest = (
        select(plan_states.c.plan, func.max(plan_states.c.revision).label("revision"))
        .group_by(plan_states.c.plan)
        .subquery()
    )
    wanted = (
        select(plans.c.id, plans.c.state, plan_states.c.state.label("last"))
        .join(newest, newest.c.plan == plans.c.id)
        .join(plan_states, and_(plan_states.c.plan == newest.c.plan, plan_states.c.revision == newest.c.revision))
        .where(plans.c.state != plan_states.c.state)
        .order_by(plans.c.id)
    )
    for row in tx.connection.execute(wanted):
        yield Fault("doctor_state_differs", {"id": row.id, "measured": row.state, "allowed": row.last})


def wrong_sums(tx: Tx) -> Iterable[Fault]:
    """Plans whose grids do not add up to their communities, or whose members do not add up to their grids."""
    for plan in tx.connection.execute(select(plans.c.id, plans.c.county, plans.c.territory).order_by(plans.c.id)).all():
        yield from _communities_that_differ(tx, plan.id)
        yield from _grids_that_differ(tx, plan.id, plan.county, plan.territory)


def _communities_that_differ(tx: Tx, plan: str) -> Iterable[Fault]:
    of_grids = (
        select(plan_grids.c.community, func.count().label("n"), func.sum(plan_grids.c.households).label("households"))
        .where(plan_grids.c.plan == plan)
        .group_by(plan_grids.c.community)
        .subquery()
    )
    wanted = (
        select(
            plan_communities.c.code,
            plan_communities.c.grids,
            plan_communities.c.households,
            of_grids.c.n,
            of_grids.c.households.label("found"),
        )
        .join(of_grids, of_grids.c.community == plan_communities.c.code, isouter=True)
        .where(plan_communities.c.plan == plan)
        .order_by(plan_communities.c.code)
    )
    for row in tx.connection.execute(wanted):
        if (row.grids, row.households) != (row.n or 0, int(row.found or 0)):
            facts = {"id": plan, "place": row.code, "measured": int(row.found or 0), "allowed": row.households}
            yield Fault("doctor_sum_wrong", facts)


def _grids_that_differ(tx: Tx, plan: str, county: str, territory: str) -> Iterable[Fault]:
    grids = {
        row.code: row
        for row in tx.connection.execute(
            select(plan_grids.c.code, plan_grids.c.community, plan_grids.c.households, plan_grids.c.buildings).where(
                plan_grids.c.plan == plan
            )
        )
    }
    units, buildings = LAYER_TABLES["units"], LAYER_TABLES["buildings"]
    with_units = set(
        tx.connection.execute(
            select(units.c.community).where(units.c.county == county, units.c.territory == territory).distinct()
        ).scalars()
    )
    found = {kind: _by_grid(tx, plan, kind, layer) for kind, layer in (("unit", units), ("building", buildings))}
    for code in sorted(set().union(*found.values()) - grids.keys()):
        yield Fault("doctor_member_without_grid", {"id": plan, "measured": str(code)})
    for code, grid in sorted(grids.items()):
        n_buildings, _ = found["building"].get(code, (0, 0))
        _, households = found["unit" if grid.community in with_units else "building"].get(code, (0, 0))
        if (households, n_buildings) != (grid.households, grid.buildings):
            facts = {"id": plan, "place": code, "measured": households, "allowed": grid.households}
            yield Fault("doctor_sum_wrong", facts)


def _by_grid(tx: Tx, plan: str, kind: str, layer: Table) -> Mapping[str, tuple[int, int]]:
    """Grid -> (members, their households), of one kind."""
    wanted = (
        select(plan_members.c.grid, func.count(), func.sum(layer.c.households))
        .join(plans, plans.c.id == plan_members.c.plan)
        .join(
            layer,
            and_(
                layer.c.county == plan_members.c.county,
                layer.c.territory == plans.c.territory,
                layer.c.id == plan_members.c.id,
            ),
            isouter=True,
        )
        .where(plan_members.c.plan == plan, plan_members.c.kind == kind)
        .group_by(plan_members.c.grid)
    )
    return {grid: (int(n), int(households or 0)) for grid, n, households in tx.connection.execute(wanted)}


def orphans(tx: Tx) -> Iterable[Fault]:
    """Rows whose plan, territory, account or job is not there, and territories without all of their rows."""
    of_plans = [table for table in METADATA.sorted_tables if table is not plans and "plan" in table.c]
    owners = [
        *((table, "plan", plans, "id") for table in of_plans),
        *((table, "territory", territories, "id") for table in LAYER_TABLES.values()),
        (plans, "territory", territories, "id"),
        (keys, "account", accounts, "name"),
        (sessions, "account", accounts, "name"),
        (METADATA.tables["job_events"], "job", jobs, "id"),
        (METADATA.tables["job_parts"], "job", jobs, "id"),
        (METADATA.tables["job_files"], "job", jobs, "id"),
    ]
    for table, column, owner, name in owners:
        wanted = (
            select(func.count())
            .select_from(table.join(owner, owner.c[name] == table.c[column], isouter=True))
            .where(owner.c[name].is_(None), table.c[column].is_not(None))
        )
        n = tx.connection.execute(wanted).scalar_one()
        if n:
            facts = {"layer": table.name, "measured": int(n), "allowed": owner.name}
            yield Fault("doctor_orphans", facts)
    yield from _rows_that_miss(tx)


def _rows_that_miss(tx: Tx) -> Iterable[Fault]:
    stated = {row.id: row.n_rows for row in tx.connection.execute(select(territories.c.id, territories.c.n_rows))}
    for name, table in LAYER_TABLES.items():
        counted = select(table.c.territory, func.count()).group_by(table.c.territory)
        found = {territory: int(n) for territory, n in tx.connection.execute(counted)}
        for territory, n_rows in sorted(stated.items()):
            if found.get(territory, 0) != int(n_rows.get(name, 0)):
                facts = {"id": territory, "layer": name, "measured": found.get(territory, 0)}
                yield Fault("doctor_rows_missing", {**facts, "allowed": int(n_rows.get(name, 0))})


def closed_to_job_engine(tx: Tx) -> Iterable[Fault]:
    """Why the job engine could not keep its notes in this database: no schema of its own, and no right to make one."""
    wanted = text(
        "select to_regnamespace('gridwright_jobs') is not null or has_database_privilege(current_database(), 'CREATE')"
    )
    if not tx.connection.execute(wanted).scalar_one():
        yield Fault("doctor_jobs_engine", {"measured": "no right to create the schema gridwright_jobs"})


def n_jobs_left_alone(tx: Tx, since: datetime) -> int:
    """Jobs that nobody has worked on since a moment although they wait or are said to run."""
    waiting = and_(jobs.c.state == "queued", jobs.c.created_at < since)
    silent = and_(jobs.c.state == "running", func.coalesce(jobs.c.heartbeat_at, jobs.c.started_at) < since)
    lively = select(func.count()).where(jobs.c.state == "running", jobs.c.heartbeat_at >= since)
    if tx.connection.execute(lively).scalar_one():
        return 0  # somebody works: the others wait for their turn
    return int(tx.connection.execute(select(func.count()).where(or_(waiting, silent))).scalar_one())
