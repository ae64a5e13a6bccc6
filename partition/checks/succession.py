"""A re-drawn plan: its crosswalk and its retired codes, checked by counting alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from gis.errors import Fact, Fault
from partition.filed import FiledPlan

_MOST = 50


def check_retired(filed: FiledPlan) -> Iterator[Fault]:
    """No code in force was retired before."""
    retired = set(filed.meta.get("retired_codes", "").split())
    for code in sorted(retired & set(filed.grids["code"])):
        yield Fault("check_code_retired", {"grid": code})


def check_crosswalk(filed: FiledPlan) -> Iterator[Fault]:
    """Shares, codes, counts and relations of the crosswalk; nothing for a plan without one."""
    table = filed.crosswalk
    if table is None:
        return
    rows = table.assign(old=table["old"].astype(object), new=table["new"].astype(object))
    twice = rows[rows.duplicated(["old", "new"])]
    for old, new in list(zip(twice["old"], twice["new"]))[:_MOST]:
        yield Fault("check_crosswalk_twice", {"old": _shown(old), "new": _shown(new)})
    yield from _shares(rows)
    yield from _codes(filed, rows)
    yield from _counts(filed, rows)
    yield from _relations(rows)


def check_succession(old: FiledPlan, new: FiledPlan) -> Iterator[Fault]:
    """A plan against the one it was drawn from: nothing forgotten, no number issued twice.

    Every old code is in the crosswalk; every code ever issued is in force or retired; a code that was retired before
    is not in force again; the crosswalk names no old code that the old plan does not have.
    """
    listed = set() if new.crosswalk is None else set(new.crosswalk["old"].dropna())
    old_codes, new_codes = set(old.grids["code"]), set(new.grids["code"])
    retired_before = set(old.meta.get("retired_codes", "").split())
    retired = set(new.meta.get("retired_codes", "").split())
    for code in sorted(old_codes - listed)[:_MOST]:
        yield Fault("check_crosswalk_old_missing", {"grid": code})
    for code in sorted(listed - old_codes)[:_MOST]:
        yield Fault("check_crosswalk_old_unknown", {"grid": code})
    for code in sorted(new_codes & retired_before)[:_MOST]:
        yield Fault("check_code_retired", {"grid": code})
    for code in sorted((old_codes | retired_before) - new_codes - retired)[:_MOST]:
        yield Fault("check_code_forgotten", {"grid": code})


def _shares(rows: pd.DataFrame) -> Iterator[Fault]:
    for side in ("old", "new"):
        shares = rows[rows[side].notna()].groupby(side)[f"share_of_{side}"]
        for code, values in shares:
            total = math.fsum(values)
            if total != 1.0 or not ((values >= 0) & (values <= 1)).all():
                facts: dict[str, Fact] = {"grid": str(code), "column": f"share_of_{side}"}
                yield Fault("check_crosswalk_shares", {**facts, "measured": round(total, 9), "allowed": 1})


def _codes(filed: FiledPlan, rows: pd.DataFrame) -> Iterator[Fault]:
    in_force = set(filed.grids["code"])
    old, new = set(rows["old"].dropna()), set(rows["new"].dropna())
    retired = set(filed.meta.get("retired_codes", "").split())
    for code in sorted(in_force - new)[:_MOST]:
        yield Fault("check_crosswalk_new_missing", {"grid": code})
    for code in sorted(new - in_force)[:_MOST]:
        yield Fault("check_crosswalk_new_unknown", {"grid": code})
    for code in sorted(old - in_force - retired)[:_MOST]:
        yield Fault("check_code_forgotten", {"grid": code})
    parents = filed.grids[["code", "parent"]].dropna()
    for code, parent in zip(parents["code"], parents["parent"]):
        if parent not in old:
            yield Fault("check_parent_unknown", {"grid": code, "measured": parent})


def _counts(filed: FiledPlan, rows: pd.DataFrame) -> Iterator[Fault]:
    sums = rows[rows["new"].notna()].groupby("new")[["households", "buildings"]].sum()
    grids = filed.grids.drop_duplicates("code").set_index("code")
    for column in ("households", "buildings"):
        stated, found = grids[column].align(sums[column], join="inner")
        for code in stated.index[stated != found][:_MOST]:
            facts: dict[str, Fact] = {"grid": str(code), "column": column}
            yield Fault("check_crosswalk_sum", {**facts, "measured": int(found[code]), "allowed": int(stated[code])})


def _relations(rows: pd.DataFrame) -> Iterator[Fault]:
    """What each relation promises: kept is alone on both sides under one code, new has no old code, and so on."""
    times_old, times_new = rows["old"].value_counts(), rows["new"].value_counts()
    heirs: set[tuple[str, str]] = set()
    for old, new, relation in zip(rows["old"], rows["new"], rows["relation"]):
        has_old, has_new = isinstance(old, str), isinstance(new, str)
        n_old, n_new = (int(times_old[old]) if has_old else 0), (int(times_new[new]) if has_new else 0)
        both = has_old and has_new
        promise = {
            "kept": both and old == new and n_old == n_new == 1,
            "changed": both and not (old == new and n_old == n_new == 1),
            "split": both and n_old > 1,
            "merged": both and n_old == 1 and n_new > 1,
            "new": has_new and not has_old,
            "retired": has_old and not has_new,
        }
        keeps = promise.get(relation, False)
        if relation in ("kept", "changed"):
            keeps = keeps and ("old", old) not in heirs and ("new", new) not in heirs
            heirs |= {("old", old), ("new", new)}
        if not keeps:
            yield Fault("check_crosswalk_relation", {"old": _shown(old), "new": _shown(new), "measured": relation})


def _shown(code: object) -> str:
    return code if isinstance(code, str) else "-"
