"""The crosswalk the papers speak of: the plan's own, else one made from the plan before.

What became of which grid is decided in `partition.crosswalk`; here it is only found and read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gis.territory import Territory
from partition.compare import compare, ground_of, is_redraw_of
from partition.crosswalk import make_crosswalk, relations
from partition.filed import FiledPlan

CARRIED = ("kept", "changed")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one grid.

    Attributes
    ----------
    old, new
        Its code before and after; one of them empty where the grid was not carried on.
    relation
        See `partition.crosswalk`.
    came, went
        Codes of old grids that ground came from and of new ones that it went to, the largest first; without the
        grid it carries on.
    gained, lost
        (households, buildings) that came from other grids or ground without grid, and that went there.
    """

    old: str
    new: str
    relation: str
    came: tuple[str, ...]
    went: tuple[str, ...]
    gained: tuple[int, int]
    lost: tuple[int, int]


def with_crosswalk(filed: FiledPlan, old: FiledPlan | None, territory: Territory) -> FiledPlan:
    """The plan with its crosswalk from ``old``; the plan as it is where no plan before is given.

    Raises
    ------
    InputError
        What `partition.compare.compare` finds wrong with the two plans.
    """
    if old is None or (filed.crosswalk is not None and is_redraw_of(filed, old)):
        return filed
    names = [plan.meta.get("plan_id", "") for plan in (old, filed)]
    pair = compare([old, filed], names, ground=ground_of(territory)).pairs[0]
    return replace(filed, crosswalk=pair.crosswalk)


def first_crosswalk(filed: FiledPlan) -> pd.DataFrame:
    """The crosswalk of a plan without a plan before: every grid is new."""
    n = len(filed.grids)
    nobody = np.zeros(n, np.int64)
    codes = filed.grids["code"].tolist()
    table = make_crosswalk([None] * n, codes, nobody, nobody, [], codes)
    at = table["new"].map({code: i for i, code in enumerate(codes)})
    return table.assign(
        households=filed.grids["households"].to_numpy()[at], buildings=filed.grids["buildings"].to_numpy()[at]
    )


def crosswalk_of(filed: FiledPlan) -> pd.DataFrame:
    """The plan's crosswalk, or the one of a first plan."""
    return first_crosswalk(filed) if filed.crosswalk is None else filed.crosswalk


def changes_of(crosswalk: pd.DataFrame) -> list[Change]:
    """Every grid of both plans once: those carried on, the other new ones, the other old ones; by code."""
    of_old, of_new = (series.to_dict() for series in relations(crosswalk))
    rows = [
        (old if isinstance(old, str) else "", new if isinstance(new, str) else "", int(h), int(b), relation)
        for old, new, h, b, relation in zip(
            *(crosswalk[c].tolist() for c in ("old", "new", "households", "buildings", "relation"))
        )
    ]
    heir_of = {old: new for old, new, _, _, relation in rows if relation in CARRIED}
    carried_from = {new: old for old, new in heir_of.items()}
    from_old: dict[str, list[tuple[int, int, str]]] = {}
    from_new: dict[str, list[tuple[int, int, str]]] = {}
    for old, new, households, buildings, relation in rows:
        if relation in CARRIED:
            continue
        if new:
            from_new.setdefault(new, []).append((households, buildings, old))
        if old:
            from_old.setdefault(old, []).append((households, buildings, new))
    found = []
    for new, relation in of_new.items():
        before = carried_from.get(new, "")
        came, went = from_new.get(new, []), from_old.get(before, [])
        found.append(Change(before, new, relation, _codes(came), _codes(went), _sum(came), _sum(went)))
    for old, relation in of_old.items():
        if old not in heir_of:
            went = from_old.get(old, [])
            found.append(Change(old, "", relation, (), _codes(went), (0, 0), _sum(went)))
    return sorted(found, key=lambda change: (change.new or change.old, change.new == "", change.old))


def _codes(rows: list[tuple[int, int, str]]) -> tuple[str, ...]:
    ordered = sorted((-households, -buildings, code) for households, buildings, code in rows if code)
    return tuple(dict.fromkeys(code for _, _, code in ordered))


def _sum(rows: list[tuple[int, int, str]]) -> tuple[int, int]:
    return sum(row[0] for row in rows), sum(row[1] for row in rows)
