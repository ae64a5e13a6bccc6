"""Rosters without a place joined to buildings: by id or address text.  Counts are summed, nothing is lost unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.errors import InputError
from gis.persons import without_numbers
from gis.readers.faults import named
from gis.readers.roster import address_key
from gis.report import QualityReport

_COUNTS = ("households", "population")
_ONCE = ("levels", "use")


def join_rosters(
    buildings: gpd.GeoDataFrame,
    addresses: gpd.GeoDataFrame | None,
    rosters: pd.DataFrame,
    report: QualityReport,
) -> gpd.GeoDataFrame:
    """Buildings with the counts of rosters.

    A roster row is tried by building id, then by its address text, then by estate and building, then by street and
    number; only an answer that is one building counts.  Rows of one building are summed.  A roster's counts replace
    a building's own.

    Parameters
    ----------
    buildings
        With ``id`` and, where known, ``text`` and address parts.
    addresses
        With ``text`` and ``building_id``: they tell what a building is called.
    rosters
        Rows with counts and an id or address.
    report
        Gets ``note_roster_joined`` (matched rows and households), ``warn_roster_unmatched`` and
        ``warn_roster_ambiguous`` (rows and households left out), ``note_roster_twice`` (buildings with several
        rows), ``warn_buildings_not_in_roster``.

    Raises
    ------
    InputError
        ``roster_joins_nothing``: a roster of which no row fits is the wrong one, or its ids were spoilt.
    """
    position = {str(i): k for k, i in enumerate(buildings["id"])}
    names = _names(buildings, addresses, position)
    found = np.full(len(rosters), -1, dtype=np.int64)
    several = np.zeros(len(rosters), dtype=bool)
    keys = [_keys(row) for row in _rows(rosters)]
    for k, (ids, texts) in enumerate(keys):
        hit = next((position[i] for i in ids if i in position), -1)
        for text in texts if hit < 0 else ():
            hits = names.get(text, set())
            if len(hits) == 1:
                hit = next(iter(hits))
                break
            several[k] |= len(hits) > 1
        found[k] = hit
    matched = found >= 0
    rows = rosters["source_row"] if "source_row" in rosters.columns else pd.Series(range(1, len(rosters) + 1))
    if not (matched | several).any():
        told = next((texts[0] for _, texts in keys if texts), next((ids[0] for ids, _ in keys if ids), ""))
        called = next(iter(names), next(iter(position), ""))
        raise InputError(
            "roster_joins_nothing",
            file=", ".join(dict.fromkeys(str(row).rpartition(":")[0] or str(row) for row in rows)),
            measured=len(rosters),
            id=without_numbers(told),
            other=without_numbers(called),
            total=len(buildings),
        )
    _tell(buildings, rosters, rows, found, several & ~matched, report)
    out = buildings.copy()
    for column in _COUNTS:
        if column not in rosters.columns:
            continue
        values = pd.Series(rosters[column].to_numpy(dtype=np.float64, na_value=np.nan))
        use = matched & values.notna().to_numpy()
        total = np.bincount(found[use], weights=values.to_numpy()[use], minlength=len(out))
        given = np.bincount(found[use], minlength=len(out)) > 0
        own = _numbers(out, column)
        replaced = given & np.isfinite(own) & (own != total)
        if replaced.any():
            text = named(out["id"][replaced])
            report.add("note_roster_replaces", "buildings", text, before=int(own[replaced].sum()),
                       after=int(total[replaced].sum()), column=column)  # fmt: skip
        out[column] = np.where(given, total, own)
    for column in _ONCE:
        if column in rosters.columns:
            said = pd.Series(rosters[column].to_numpy(), dtype=object)[matched]
            firsts = said.groupby(found[matched]).first()
            current = out[column].to_numpy(dtype=object) if column in out.columns else np.full(len(out), None, object)
            for at, value in firsts.items():
                if pd.isna(current[at]):
                    current[at] = value
            out[column] = current
    return out


def _rows(rosters: pd.DataFrame) -> Iterator[dict[str, Any]]:
    columns = [
        c for c in ("id", "building_id", "text", "street", "number", "estate", "building") if c in rosters.columns
    ]
    for values in zip(*(rosters[c].tolist() for c in columns)):
        yield {c: v for c, v in zip(columns, values) if isinstance(v, str)}


def _keys(row: dict[str, Any]) -> tuple[list[str], list[str]]:
    ids = [row[c] for c in ("building_id", "id") if c in row]
    texts = [row.get("text", ""), *_part_texts(row)]
    return ids, [key for key in dict.fromkeys(map(address_key, texts)) if key]


def _part_texts(row: dict[str, Any]) -> Iterator[str]:
    building = row.get("building", "")
    building += "幢" if building.isdigit() else ""
    if "estate" in row and building:
        yield f"{row['estate']}{building}"
    if "street" in row and "number" in row:
        number = row["number"]
        yield f"{row['street']}{number}"
        if number.isdigit():
            yield f"{row['street']}{number}号"


def _names(
    buildings: gpd.GeoDataFrame, addresses: gpd.GeoDataFrame | None, position: dict[str, int]
) -> dict[str, set[int]]:
    """Address key to the buildings that are called so."""
    names: dict[str, set[int]] = {}

    def learn(row: dict[str, Any], at: int) -> None:
        for key in _keys(row)[1]:
            names.setdefault(key, set()).add(at)

    for at, row in enumerate(_all_rows(buildings)):
        learn(row, at)
    if addresses is not None and "building_id" in addresses.columns:
        for row, building in zip(_all_rows(addresses), addresses["building_id"]):
            if isinstance(building, str) and building in position:
                learn(row, position[building])
    return names


def _all_rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    columns = [c for c in ("text", "street", "number", "estate", "building") if c in table.columns]
    if not columns:
        yield from ({} for _ in range(len(table)))
        return
    for values in zip(*(table[c].tolist() for c in columns)):
        yield {c: v for c, v in zip(columns, values) if isinstance(v, str)}


def _numbers(table: pd.DataFrame, column: str) -> Any:
    if column not in table.columns:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _tell(
    buildings: gpd.GeoDataFrame, rosters: pd.DataFrame, rows: pd.Series, found: Any, several: Any, report: QualityReport
) -> None:
    households = _numbers(rosters, "households")
    matched = found >= 0

    def total(mask: Any) -> int:
        return int(np.nansum(households[mask]))

    report.add(
        "note_roster_joined", "rosters", before=len(rosters), after=int(matched.sum()), households=total(matched)
    )
    report.count("roster_rows_joined", int(matched.sum()))
    for code, mask in (("warn_roster_ambiguous", several), ("warn_roster_unmatched", ~matched & ~several)):
        if mask.any():
            text = named(rows[mask])
            report.add(code, "rosters", text, before=int(mask.sum()), after=None, households=total(mask))
            report.count("roster_rows_left_out", int(mask.sum()))
    times = np.bincount(found[matched], minlength=len(buildings))
    if (times > 1).any():
        text = named(buildings["id"][times > 1])
        report.add("note_roster_twice", "buildings", text, before=int((times > 1).sum()), after=int(times.max()))
    if (times == 0).any():
        text = named(buildings["id"][times == 0])
        report.add(
            "warn_buildings_not_in_roster", "buildings", text, before=int((times == 0).sum()), total=len(buildings)
        )
