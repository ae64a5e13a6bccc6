"""Households of the sample town: estates of a lawful size, an exact total, and communities that can be divided.

Estates keep what their towers hold; open fabric gives way.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.sample.quarters import USE

_OPEN = ("old", "slabs")
_HOLE = 550
"""Between 500 and 2 x 300: no set of grids of 300-500 households holds exactly so many."""


def fill_estates(buildings: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Take towers away until an estate holds at most about 480 households; one in twelve is built up to some 800."""
    estate = buildings[buildings["kind"] == USE["estate"]]
    if estate.empty:
        return buildings
    total = estate.groupby("quarter")["households"].sum().sort_values(ascending=False, kind="stable")
    over = total.index[: max(1, len(total) // 12)].tolist()
    for quarter in over if len(total) > 2 else ():
        rows = estate.index[estate["quarter"] == quarter]
        grown = max(1.0, 800.0 / total[quarter])
        levels = buildings.loc[rows, "levels"].to_numpy()
        higher = np.minimum(33, np.round(levels * grown)).astype(np.int64)
        buildings.loc[rows, "households"] = buildings.loc[rows, "households"].to_numpy() // levels * higher
        buildings.loc[rows, "levels"] = higher
    estate = buildings[buildings["kind"] == USE["estate"]]
    drop: list[int] = []
    for quarter, rows in estate.groupby("quarter", sort=True):
        cap = 880 if quarter in over else int(rng.integers(400, 486))
        order = rng.permutation(rows.index.to_numpy())
        drop += order[np.cumsum(rows["households"].loc[order].to_numpy()) > cap].tolist()
    return buildings.drop(index=drop).reset_index(drop=True)


def match_total(buildings: pd.DataFrame, households: int) -> None:
    """Bring the sum to the wanted number in open fabric; estates keep what their towers hold."""
    kind = buildings["kind"].to_numpy()
    count = buildings["households"].to_numpy().copy()
    in_country = (kind == USE["hamlet"]) & (count > 0)
    if count[in_country].sum() > 0.24 * households:
        count[in_country] = _apportion(count[in_country], int(0.24 * households))
    flexible = np.isin(kind, [USE[name] for name in _OPEN]) & (count > 0)
    if not flexible.any():
        flexible = in_country
    rest = households - int(count[~flexible].sum())
    count[flexible] = _apportion(count[flexible], rest)
    buildings["households"] = count


def settle_communities(buildings: pd.DataFrame, of_superblock: NDArray[np.int64], communities: pd.DataFrame) -> None:
    """Make what lies outside estates divisible in nearly every urban community, and in one of fifteen not.

    Left-overs between estates become offices or are filled up to one grid; numbers just outside what grids of
    300-500 can hold are moved a little; one community in fifteen gets 550.  The total stays as it was.
    """
    kind = buildings["kind"].to_numpy()
    count = buildings["households"].to_numpy().copy()
    at = of_superblock[buildings["superblock"].to_numpy()]
    open_fabric = np.isin(kind, [USE[name] for name in (*_OPEN, "hamlet")]) & (count > 0)
    n = len(communities)
    total = np.bincount(at[open_fabric], weights=count[open_fabric], minlength=n).astype(np.int64)
    n_buildings = np.bincount(at[open_fabric], minlength=n)
    urban = (communities["kind"] == "urban").to_numpy()
    wish = np.select(
        [total < 230, total < 310, total <= 500, total < 555, total < 690],
        [0, 310, np.minimum(total, 485), 470, 690],
        default=total,
    )
    wish = np.where(urban & ((wish >= n_buildings) | (wish == 0)), wish, total)
    if urban.sum() >= 4:
        near = np.argsort(np.where(urban & (n_buildings < 500), np.abs(total - _HOLE), n + 10**9), kind="stable")
        chosen = near[: max(1, int(urban.sum()) // 15)]
        wish[chosen[np.abs(total[chosen] - _HOLE) < 250]] = _HOLE
    large = urban & (wish == total) & (total > 900)
    if not large.any():
        # A small town has only its villages to give to or to take from.
        large = ~urban & (total > 0)
    rest = int(total.sum() - wish[~large].sum())
    if not large.any() or not 0.5 < rest / total[large].sum() < 2.0:
        return
    wish[large] = _apportion(total[large], rest)
    for k in np.flatnonzero(wish != total):
        members = np.flatnonzero(open_fabric & (at == k))
        count[members] = _apportion(count[members], int(wish[k])) if wish[k] else 0
    buildings.loc[open_fabric & (count == 0), "use"] = "办公"
    buildings["households"] = count


def _apportion(weight: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Integers near ``weight`` that sum to ``total``, at least 1 each: largest remainders."""
    if total < len(weight):
        # Too few for one each: the first ones by weight.
        out = np.zeros(len(weight), dtype=np.int64)
        out[np.argsort(-weight, kind="stable")[:total]] = 1
        return out
    free = total - len(weight)
    share = np.maximum(weight - 1, 0) + 1e-9
    exact = share * (free / share.sum())
    out = np.floor(exact).astype(np.int64)
    missing = free - int(out.sum())
    order = np.lexsort((np.arange(len(out)), out - exact))
    out[order[:missing]] += 1
    return out + 1
