"""Crosswalk: old codes to new codes with households, buildings and shares (新旧代码对照表).

Decides shares, relations and what two crosswalks say together.  All counts are those of the new territory.  Which old
grid a building lay in is found by `partition.before`; which code a grid carries is decided by `partition.lineage`.

Relations
---------
Of a row, that is of the ground that went from one old grid to one new grid:

``kept``
    Same code, same ground: the two grids have everything in common, nothing came or went.
``changed``
    The new grid carries the old one on, but it gained or lost ground, or has another code now.
``split``
    Part of an old grid; the rest of it went elsewhere.
``merged``
    The whole of an old grid, joined with other ground into one grid.
``new``, ``retired``
    Ground without an old grid; ground without a new one.

Of a grid (`relations`): ``kept`` or ``changed`` where it has such a row; else the relation of its only row; else an old
grid with several rows is ``split`` and a new grid with several rows is ``merged``.  So every old grid is one of kept,
changed, split, merged, retired, every new grid one of kept, changed, split, merged, new, and kept + changed is the
same number on both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis.errors import Fault, InputError
from gis.graph import BoolArray, FloatArray, IntArray
from gis.territory import Territory
from partition.before import Before, atoms_before, members_before
from partition.filed import CROSSWALK_COLUMNS, FiledPlan
from partition.lineage import match

__all__ = [
    "RELATIONS",
    "SHARE_UNIT",
    "Before",
    "atoms_before",
    "compose",
    "crosswalk_of_plans",
    "invert",
    "is_redraw_of",
    "make_crosswalk",
    "members_before",
    "relations",
]

RELATIONS = ("kept", "changed", "split", "merged", "new", "retired")
_CARRIED = ("kept", "changed")
SHARE_UNIT = 2**20
"""Shares are whole numbers of this fraction: they add up to 1.0 without any rounding, in any order."""

Codes = NDArray[np.object_]


def make_crosswalk(
    old_code_of_member: Sequence[str | None] | Codes,
    new_code_of_member: Sequence[str | None] | Codes,
    households: IntArray,
    buildings: IntArray,
    old_codes: Sequence[str],
    new_codes: Sequence[str],
    parents: Sequence[str | None] | None = None,
) -> pd.DataFrame:
    """Crosswalk from members (pieces of ground of the new territory).

    Parameters
    ----------
    old_code_of_member, new_code_of_member
        Per member the code of its old and of its new grid; ``None`` for none.
    households, buildings
        Per member, counts of the new territory; each household and each building in one member only.
    old_codes, new_codes
        All codes of both plans: each appears, whether it has members or not.
    parents
        Per new code the old code it carries on or ``None``; without it, a grid carries on the one with its code.
        Plans that do not stem from each other may use one code for two places: give parents then (see `match`).

    Returns
    -------
    Columns `partition.filed.CROSSWALK_COLUMNS`, sorted by old, new (missing last).  One row per pair of grids that
    have households or buildings in common (members, where one of the two has neither), one per new grid's ground
    without an old grid (``old`` is ``None``) and the other way round.  ``share_of_old`` is the share of the old grid's
    households that the row holds; of its buildings where it has no households, of its members where it has neither; a
    grid with nothing at all goes as a whole.  The shares of one old grid add up to exactly 1.0, as do those of one
    new grid; in a row without an old grid ``share_of_old`` is 0.0, without a new one ``share_of_new``.

    Raises
    ------
    InputError
        ``codes_twice``; ``crosswalk_code_unknown`` (a member names a code that is not in the list).
    """
    old_index, new_index = _index(old_codes), _index(new_codes)
    old, new = _positions("old", old_code_of_member, old_index), _positions("new", new_code_of_member, new_index)
    n_old, n_new = len(old_index), len(new_index)
    # The last position on each side stands for "no grid".
    old, new = np.where(old < 0, n_old, old), np.where(new < 0, n_new, new)
    key, at = np.unique(old * (n_new + 1) + new, return_inverse=True)
    counts = np.stack(
        [
            np.bincount(at, np.asarray(values, np.float64), len(key)).astype(np.int64)
            for values in (households, buildings, np.ones(len(old)))
        ],
        axis=1,
    )
    row_old, row_new = key // (n_new + 1), key % (n_new + 1)
    # Empty ground is a row only where a grid has nothing better to show.
    useful = (counts[:, :2].sum(axis=1) > 0) | _bare(row_old, counts, n_old) | _bare(row_new, counts, n_new)
    useful &= (row_old < n_old) | (row_new < n_new)
    row_old, row_new, counts = row_old[useful], row_new[useful], counts[useful]

    absent_old = np.setdiff1d(np.arange(n_old), row_old)
    absent_new = np.setdiff1d(np.arange(n_new), row_new)
    row_old = np.concatenate([row_old, absent_old, np.full(len(absent_new), n_old)])
    row_new = np.concatenate([row_new, np.full(len(absent_old), n_new), absent_new])
    counts = np.concatenate([counts, np.zeros((len(absent_old) + len(absent_new), 3), np.int64)])
    order = np.lexsort((row_new, row_old))
    row_old, row_new, counts = row_old[order], row_new[order], counts[order]

    old_names: Codes = np.array([*old_index, None], object)
    new_names: Codes = np.array([*new_index, None], object)
    heir = _heirs(old_names[row_old], new_names[row_new], new_codes, parents)
    table = {
        "old": old_names[row_old],
        "new": new_names[row_new],
        "households": counts[:, 0],
        "buildings": counts[:, 1],
        "share_of_old": _shares(row_old, counts, n_old),
        "share_of_new": _shares(row_new, counts, n_new),
    }
    return _labelled(table, heir)


def crosswalk_of_plans(filed_old: FiledPlan, filed_new: FiledPlan, territory: Territory) -> pd.DataFrame:
    """Crosswalk of two filed plans, counted on the territory of the new one (see `make_crosswalk`).

    Households are those of the units where a community has units, else those of its buildings.  Who carries whom on
    is what a re-draw says of itself; of plans that do not stem from each other, what `match` finds.

    Raises
    ------
    InputError
        As `members_before` and `make_crosswalk`.
    """
    before = members_before(filed_old, territory)
    old, new, households, buildings = [], [], [], []
    grid_community = filed_new.grids.set_index("code")["community"]
    with_units = set(territory["units"]["community"])
    for kind, layer, of in (
        ("building", "buildings", before.building_grid),
        ("unit", "units", before.unit_grid),
    ):
        table = territory[layer]
        listed = filed_new.members[filed_new.members["kind"] == kind].drop_duplicates("id").set_index("id")["grid"]
        now = listed.reindex(table["id"].astype(object)).astype(object)
        counted = np.ones(len(table), bool)
        if kind == "building":
            counted = ~now.map(grid_community).isin(with_units).to_numpy()
        old.append(before.code_of(of))
        new.append(now.where(now.notna(), None).to_numpy(object))
        households.append(np.where(counted, table["households"].fillna(0).to_numpy(np.int64), 0))
        buildings.append(np.full(len(table), int(kind == "building"), np.int64))
    new_codes = list(filed_new.grids["code"].astype(str))
    old_of, new_of, weight = np.concatenate(old), np.concatenate(new), np.concatenate(households)
    parents = filed_new.grids["parent"].astype(object)
    if not is_redraw_of(filed_new, filed_old):
        old_index, new_index = _index(before.codes), _index(new_codes)
        heirs = match(
            _positions("old", old_of, old_index),
            _positions("new", new_of, new_index),
            weight,
            len(old_index),
            len(new_index),
        )
        names = [*old_index, None]
        parents = pd.Series({code: names[heirs[i]] for code, i in new_index.items()}, dtype=object).reindex(new_codes)
    return make_crosswalk(
        old_of,
        new_of,
        weight,
        np.concatenate(buildings),
        before.codes,
        new_codes,
        parents.where(parents.notna(), None).tolist(),
    )


def is_redraw_of(new: FiledPlan, old: FiledPlan) -> bool:
    """Whether a plan says that it was drawn from another."""
    parent = new.meta.get("parent_plan", "")
    return bool(parent) and parent == old.meta.get("plan_id", "")


def invert(crosswalk: pd.DataFrame) -> pd.DataFrame:
    """The same table read from new to old: columns swapped, relations told from the other side.

    What was split seen from before is merged seen from after, unless both sides were cut.
    """
    swapped = {"old": "new", "new": "old", "share_of_old": "share_of_new", "share_of_new": "share_of_old"}
    table = {name: crosswalk[swapped.get(name, name)].to_numpy() for name in CROSSWALK_COLUMNS}
    return _labelled(table, np.isin(table["relation"].astype(str), _CARRIED))


def relations(crosswalk: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Relation of every old and of every new grid, by code ascending (defined at the top of this room)."""
    told = []
    for side, several in (("old", "split"), ("new", "merged")):
        found: dict[str, str] = {}
        for code, relation in zip(crosswalk[side].tolist(), crosswalk["relation"].tolist()):
            if not isinstance(code, str):
                continue
            if code not in found or relation in _CARRIED:
                found[code] = relation
            elif found[code] not in _CARRIED:
                found[code] = several
        codes = sorted(found)
        told.append(pd.Series([found[c] for c in codes], pd.Index(codes, dtype=object, name=side), object, "relation"))
    return told[0], told[1]


def compose(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """What two crosswalks in a row say about the way from the first plan to the third.

    A crosswalk says how much of a grid went where, not which households: where a grid of the middle plan was gathered
    from several grids and then cut into several, the way through it is known within bounds only.  The exact table
    comes from members: `make_crosswalk` with the codes of the first and of the third plan.

    Returns
    -------
    Columns ``old``, ``new``, ``share_low``, ``share_high``, ``exact``, sorted: between which shares of the old grid
    went to the new one.  A pair that is not listed has nothing in common.  The bounds take every table's own shares,
    so they hold as far as the middle grids held the same households when both tables were made.  ``new`` is ``None``
    for what went nowhere; grids of the third plan without an old one are not listed.
    """
    left = first[first["old"].notna()]
    right = second[second["old"].notna()].rename(columns={"old": "middle", "new": "end"})
    ended = left[left["new"].isna()]
    both = left[left["new"].notna()].merge(right, left_on="new", right_on="middle", suffixes=("_1", "_2"))
    start = both["share_of_old_1"].to_numpy(np.float64)
    here = both["share_of_new_1"].to_numpy(np.float64)
    there = both["share_of_old_2"].to_numpy(np.float64)
    known = np.maximum(here, 1.0 / SHARE_UNIT)
    low = np.clip((here + there - 1.0) / known, 0.0, 1.0)
    high = np.where(here > 0, np.clip(there / known, 0.0, 1.0), 1.0)
    parts = pd.concat(
        [
            pd.DataFrame(
                {"old": both["old"], "new": both["end"], "share_low": start * low, "share_high": start * high}
            ),
            pd.DataFrame(
                {
                    "old": ended["old"],
                    "new": pd.Series([None] * len(ended), dtype=object, index=ended.index),
                    "share_low": ended["share_of_old"],
                    "share_high": ended["share_of_old"],
                }
            ),
        ],
        ignore_index=True,
    )
    table = parts.groupby(["old", "new"], dropna=False, sort=True, as_index=False)[["share_low", "share_high"]].sum()
    table["share_high"] = table["share_high"].clip(upper=1.0)
    table["exact"] = table["share_high"] - table["share_low"] <= 4.0 / SHARE_UNIT
    table["new"] = pd.Series(_texts(table["new"]), dtype=object)
    return table


def _index(codes: Sequence[str]) -> dict[str, int]:
    index = {code: i for i, code in enumerate(sorted(codes))}
    if len(index) < len(codes):
        seen = pd.Series(list(codes), dtype=object)
        twice = sorted(seen[seen.duplicated()].unique())
        raise InputError("codes_twice", measured=", ".join(twice[:10]), n=len(twice))
    return index


def _positions(side: str, codes: Sequence[str | None] | Codes, index: Mapping[str, int]) -> IntArray:
    unknown = sorted({code for code in codes if code is not None} - index.keys())
    if unknown:
        raise InputError.of(Fault("crosswalk_code_unknown", {"measured": c, "column": side}) for c in unknown[:20])
    return np.array([-1 if code is None else index[code] for code in codes], np.int64)


def _bare(row: IntArray, counts: IntArray, n: int) -> BoolArray:
    """Per table row: its grid has neither households nor buildings (``n``: no grid, never bare)."""
    total = np.bincount(row, counts[:, :2].sum(axis=1).astype(np.float64), n + 1)
    total[n] = 1.0
    return np.asarray(total[row] == 0, bool)


def _shares(row: IntArray, counts: IntArray, n: int) -> FloatArray:
    """Share of each table row in its grid, in whole `SHARE_UNIT` by largest remainder; 0.0 where there is no grid."""
    sums = np.stack([np.bincount(row, column.astype(np.float64), n + 1) for column in counts.T], axis=1)
    basis = np.where(sums[:, 0] > 0, 0, np.where(sums[:, 1] > 0, 1, 2))[row]
    value = counts[np.arange(len(row)), basis]
    total = sums[row, basis].astype(np.int64)
    # An absent grid has one row and nothing in it: the whole share.
    value, total = np.where(total == 0, 1, value), np.maximum(total, 1)
    part, rest = np.divmod(value * SHARE_UNIT, total)
    missing = SHARE_UNIT - np.bincount(row, part.astype(np.float64), n + 1).astype(np.int64)
    order = np.lexsort((np.arange(len(row)), -rest, row))
    start = np.searchsorted(row[order], row[order], side="left")
    first = np.arange(len(row)) - start < missing[row[order]]
    part[order] += first
    return np.where(row < n, part / SHARE_UNIT, 0.0)


def _heirs(old: Codes, new: Codes, new_codes: Sequence[str], parents: Sequence[str | None] | None) -> BoolArray:
    """Per row: the new grid carries the old one on.  Nobody has two heirs; of several the one with the code counts."""
    same = np.asarray(old == new, bool)
    if parents is None:
        return same
    parent_of: dict[str, Any] = dict(zip(new_codes, parents))
    named = np.array([n is not None and o is not None and parent_of.get(n) == o for o, n in zip(old, new)], bool)
    several = pd.Series(old).where(named).duplicated(keep=False).to_numpy() & named
    return np.asarray(named & (~several | same), bool)


def _labelled(table: Mapping[str, Any], heir: BoolArray) -> pd.DataFrame:
    old, new = _texts(table["old"]), _texts(table["new"])
    times_old, times_new = Counter(old), Counter(new)
    relation = []
    for before, after, carried in zip(old, new, heir.tolist()):
        if before is None or after is None:
            relation.append("new" if before is None else "retired")
            continue
        whole, alone = times_old[before] == 1, times_new[after] == 1
        if whole and alone:
            relation.append("kept" if before == after else "changed")
        else:
            relation.append("changed" if carried else "merged" if whole else "split")
    order = sorted(range(len(old)), key=lambda i: (old[i] is None, old[i] or "", new[i] is None, new[i] or ""))
    columns = {**table, "old": old, "new": new, "relation": relation}
    data: dict[str, Any] = {}
    for name, dtype in CROSSWALK_COLUMNS.items():
        values = np.array(list(columns[name]), object if dtype == "str" else dtype)
        data[name] = pd.Series(values[order], dtype=object if dtype == "str" else dtype)
    return pd.DataFrame(data)


def _texts(values: Iterable[Any]) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values]
