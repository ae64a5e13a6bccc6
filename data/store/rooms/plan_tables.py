"""The tables of a filed plan in the store: added whole, or made equal to another version row by row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Table, delete, select

from data.store.codec import insert_rows, plain, select_columns, wkb
from data.store.embedded import remove_windows
from data.store.numbers import take_numbers
from data.store.places import lon_lat
from data.store.tables.plans import plan_communities, plan_crosswalk, plan_grids, plan_members, plan_violations
from data.store.tx import Tx
from partition.filed import (
    COMMUNITY_COLUMNS,
    CROSSWALK_COLUMNS,
    GRID_COLUMNS,
    MEMBER_COLUMNS,
    VIOLATION_COLUMNS,
    FiledPlan,
)

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "grids": plan_grids,
        "members": plan_members,
        "communities": plan_communities,
        "violations": plan_violations,
        "crosswalk": plan_crosswalk,
    }
)
"""Attribute of a `FiledPlan` -> its table."""

_DTYPES: Mapping[str, Mapping[str, str]] = {
    "grids": GRID_COLUMNS,
    "members": MEMBER_COLUMNS,
    "communities": {name: dtype for name, dtype in COMMUNITY_COLUMNS.items() if name != "seconds"},
    "violations": VIOLATION_COLUMNS,
    "crosswalk": CROSSWALK_COLUMNS,
}
KEYS: Mapping[str, tuple[str, ...]] = {"grids": ("code",), "members": ("kind", "id"), "communities": ("code",)}
"""What tells the rows of a table apart; the others are a list."""
_AT_ONCE = 500


def dtypes_of(key: str) -> Mapping[str, str]:
    """Columns of a table of the plan that are kept, and their types in memory."""
    return _DTYPES[key]


def insert_table(tx: Tx, key: str, plan: str, county: str, filed: FiledPlan) -> None:
    """Add a table of a plan that is not there yet."""
    table = getattr(filed, key)
    if table is not None and len(table):
        _insert(tx, key, plan, county, table)


def codes_within(tx: Tx, plan: str, county: str, filed: FiledPlan, communities: Collection[str]) -> set[str]:
    """Codes of all grids of some communities, in the store and in another version of the plan."""
    wanted = select(plan_grids.c.code).where(
        plan_grids.c.county == county, plan_grids.c.plan == plan, plan_grids.c.community.in_(sorted(communities))
    )
    there = set(tx.connection.execute(wanted).scalars())
    return there | set(filed.grids.loc[filed.grids["community"].isin(communities), "code"])


def replace_table(
    tx: Tx, key: str, plan: str, county: str, filed: FiledPlan, within: tuple[str, Collection[str]] | None = None
) -> None:
    """Make a table in the store equal to that of a plan; a row that changed keeps its number.

    With ``within``, a column and its values, only those rows are compared.
    """
    table, names = TABLES[key], list(_DTYPES[key])
    new = getattr(filed, key)
    new = pd.DataFrame({name: [] for name in names}) if new is None else new
    wanted = select(table.c.fid, *(table.c[name] for name in names), *([table.c.shape] if key == "grids" else []))
    wanted = wanted.where(table.c.county == county, table.c.plan == plan).order_by(table.c.fid)
    if within is not None:
        column, values = within
        wanted = wanted.where(table.c[column].in_(sorted(values)))
        new = new[new[column].isin(values)]
    found = select_columns(tx, wanted)
    fids = found.pop("fid")
    before = list(zip(*found.values(), strict=True))
    columns = [plain(new[name]) for name in names]
    if key == "grids":
        columns.append(wkb(np.asarray(new.geometry.array, dtype=object)))
    after = list(zip(*columns, strict=True))
    if key not in KEYS:
        if before != after:
            remove_rows(tx, table, county, fids)
            _insert(tx, key, plan, county, new)
        return
    at = [names.index(name) for name in KEYS[key]]
    gone = {tuple(row[i] for i in at): (fid, row) for fid, row in zip(fids, before, strict=True)}
    fresh: list[int] = []
    numbers: list[int | None] = []
    for place, row in enumerate(after):
        fid, old = gone.pop(tuple(row[i] for i in at), (None, None))
        if old != row:
            fresh.append(place)
            numbers.append(fid)
    remove_rows(tx, table, county, [fid for fid in numbers if fid is not None] + [fid for fid, _ in gone.values()])
    if fresh:
        _insert(tx, key, plan, county, new.iloc[fresh], numbers)


def _insert(
    tx: Tx, key: str, plan: str, county: str, table: pd.DataFrame, fids: Sequence[int | None] | None = None
) -> None:
    """Add rows; those without a number get the next ones."""
    n = len(table)
    numbers = list(fids) if fids is not None else [None] * n
    without = [i for i, fid in enumerate(numbers) if fid is None]
    if without:
        first = take_numbers(tx, TABLES[key].name, len(without))
        for k, i in enumerate(without):
            numbers[i] = first + k
    columns: dict[str, Any] = {
        "fid": numbers,
        "plan": [plan] * n,
        **{name: plain(table[name]) for name in _DTYPES[key]},
    }
    if key == "grids":
        columns["place"] = columns["community"]
        columns["shape"] = wkb(np.asarray(table.geometry.array, dtype=object))
        insert_rows(tx, TABLES[key], county, columns, lon_lat(table))
        return
    insert_rows(tx, TABLES[key], county, columns)


def remove_rows(tx: Tx, table: Table, county: str, fids: Sequence[int]) -> None:
    """Take rows of a plan away by their numbers, with what the store keeps beside them."""
    for start in range(0, len(fids), _AT_ONCE):
        some = list(fids[start : start + _AT_ONCE])
        tx.connection.execute(delete(table).where(table.c.county == county, table.c.fid.in_(some)))
        if table is plan_grids and not tx.is_postgis:
            remove_windows(tx.connection, table.name, some)
