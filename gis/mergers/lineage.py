"""What became of each old code: to which new codes its land and households went, and which numbers are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from gis.graph import FloatArray

LINEAGE_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "old": "str",
        "new": "str",
        "households": "int64",
        "units": "int64",
        "buildings": "int64",
        "area_m2": "float64",
        "share_of_old": "float64",
        "share_of_new": "float64",
        "relation": "str",
    }
)
_COUNTS = ("households", "units", "buildings", "area_m2")


class Lineage(Mapping[str, tuple[str, ...]]):
    """Old community code to its new codes, the one with most households first; none where its land is gone.

    Attributes
    ----------
    table
        One row per pair of old and new code that share land, columns `LINEAGE_COLUMNS`, sorted by old, then new.
        ``share_of_old`` and ``share_of_new`` are shares of households (of area where nobody lives) and sum to 1
        per code.  ``relation``: ``kept``, ``recoded`` (one village, another number), ``merged`` (the new village
        has several sources), ``split`` (the old one has several successors), ``moved`` (both: ground changed
        hands), ``retired`` (``new`` is ``None``) and ``new`` (``old`` is ``None``).
    revoked
        Every number that was ever given and is no longer in use, ascending: never to be given again.
    """

    __slots__ = ("_new_of", "revoked", "table")

    def __init__(self, table: pd.DataFrame, revoked: Collection[str] = ()) -> None:
        self.table = table
        self.revoked = tuple(sorted(revoked))
        known = table[table["old"].notna()]
        order = known.sort_values(
            ["old", "share_of_old", "new"], ascending=[True, False, True], kind="stable", na_position="last"
        )
        new_of: dict[str, tuple[str, ...]] = {}
        for old, new in zip(order["old"].tolist(), order["new"].tolist()):
            new_of[old] = (*new_of.get(old, ()), *((new,) if isinstance(new, str) else ()))
        self._new_of = new_of

    def __getitem__(self, code: str) -> tuple[str, ...]:
        return self._new_of[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._new_of)

    def __len__(self) -> int:
        return len(self._new_of)

    @property
    def changed(self) -> tuple[str, ...]:
        """Old codes that are not simply kept, ascending."""
        return tuple(sorted(set(self.table.loc[self.table["relation"] != "kept", "old"].dropna())))

    @property
    def moved_households(self) -> int:
        """Households whose community has another code than before."""
        table = self.table
        moved = table["old"].notna() & table["new"].notna() & (table["old"] != table["new"])
        return int(table.loc[moved, "households"].sum())


def make_lineage(pairs: pd.DataFrame, revoked: Collection[str] = ()) -> Lineage:
    """Sum pieces to pairs of codes and say what each pair is.

    Parameters
    ----------
    pairs
        Columns old, new (``None`` for none), households, units, buildings, area_m2; any number of rows a pair.
    """
    keys = pairs.assign(old=pairs["old"].fillna(""), new=pairs["new"].fillna(""))
    table = keys.groupby(["old", "new"], sort=True, as_index=False)[list(_COUNTS)].sum()
    old, new = table["old"].to_numpy(dtype=object), table["new"].to_numpy(dtype=object)
    table["share_of_old"] = _shares(table, "old")
    table["share_of_new"] = _shares(table, "new")
    landed = table[(old != "") & (new != "")]
    n_new = table["old"].map(landed["old"].value_counts()).fillna(0).to_numpy()
    n_old = table["new"].map(landed["new"].value_counts()).fillna(0).to_numpy()
    table["relation"] = np.select(
        [new == "", old == "", (n_old > 1) & (n_new > 1), n_old > 1, n_new > 1, old == new],
        ["retired", "new", "moved", "merged", "split", "kept"],
        "recoded",
    )
    data = {}
    for name, dtype in LINEAGE_COLUMNS.items():
        values = table[name]
        if dtype == "str":
            data[name] = pd.Series([v or None for v in values.tolist()], index=table.index, dtype=object)
        else:
            data[name] = values.astype(dtype)
    return Lineage(pd.DataFrame(data), revoked)


def _shares(table: pd.DataFrame, side: str) -> FloatArray:
    """Share of each row in its code: of households, of area where there are none, equal where there is neither."""
    known = table[side].to_numpy() != ""
    group = table.groupby(side, sort=False)
    share = np.where(known, 1.0 / group["new"].transform("size").to_numpy(dtype=float), 0.0)
    for column in ("area_m2", "households"):
        total = group[column].transform("sum").to_numpy(dtype=float)
        share = np.where(
            known & (total > 0), np.divide(table[column], total, out=np.zeros(len(table)), where=total > 0), share
        )
    return np.asarray(share, dtype=np.float64)
