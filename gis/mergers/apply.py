"""Changes carried out: communities united and cut, codes carried through every layer, revoked numbers remembered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.dissolve import dissolve
from gis.enclose import ObjectArray, locate
from gis.errors import Fault, InputError
from gis.graph import Int32Array, IntArray
from gis.mergers.cells import cut_village
from gis.mergers.check import Wanted, resolve
from gis.mergers.lineage import Lineage, make_lineage
from gis.mergers.specs import Change, read_specs
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.territory import Territory

REVOKED_KEY = "revoked_communities"
"""Key of ``Territory.meta``: every community number that is no longer in use, ascending, separated by spaces."""


def revoked_codes(territory: Territory) -> tuple[str, ...]:
    """Community numbers a territory remembers as revoked."""
    return tuple(territory.meta.get(REVOKED_KEY, "").split())


def apply(
    territory: Territory,
    specs: Sequence[str | Change],
    *,
    revoked: Collection[str] = (),
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> tuple[Territory, Lineage]:
    """Change the communities of a territory.

    Communities that no change touches keep their shape and row to the last bit.  Units are never cut; what lies in
    a community (buildings, posts, addresses, grids in force) carries its new code where it carried the old one.

    Parameters
    ----------
    territory
        Before; its meta may remember revoked numbers.
    specs
        As `gis.mergers.read_specs` takes them, or `Change` objects.  All of them describe the same moment: units
        that move go to where their new village goes.
    revoked
        Further numbers that may not be given again.
    report
        Takes ``note_merger_apart``: villages merged that do not touch.

    Returns
    -------
    Territory
        After; its meta remembers the numbers that were given up.
    Lineage
        What became of every old code.

    Raises
    ------
    InputError
        All faults at once: see `read_specs`, `gis.mergers.check.resolve` and `gis.mergers.cells.cut_village`.
    """
    report = QualityReport() if report is None else report
    written = read_specs([spec for spec in specs if isinstance(spec, str)])
    changes = (*written, *(spec for spec in specs if isinstance(spec, Change)))
    progress.stage("stage_mergers")
    communities = territory["communities"]
    before = {*revoked_codes(territory), *revoked}
    wanted = resolve(communities, changes, before)
    old = communities["code"].to_numpy(dtype=object)
    position = {code: i for i, code in enumerate(old.tolist())}
    unit_old = np.array([position.get(c, -1) for c in territory["units"]["community"]], np.int64)
    building_old = _place(territory["buildings"], communities, position)

    pieces = _Pieces(territory, wanted, position, unit_old, building_old)
    names = sorted({code for code in pieces.ends if code})
    group = (
        np.array([names.index(code) for code in pieces.ends], np.int32) if len(pieces.ends) else np.zeros(0, np.int32)
    )
    touched = {n for n, code in enumerate(names) if not pieces.is_untouched(code)}
    shapes = dissolve(pieces.geometry, np.where(np.isin(group, list(touched)), group, -1).astype(np.int32), len(names))
    for n in touched:
        if len(shapely.get_parts(shapes[n])) > _most_parts(pieces, names[n]):
            report.add("note_merger_apart", "communities", names[n], after=len(shapely.get_parts(shapes[n])))

    table = _rows(communities, pieces, names, shapes, touched, wanted)
    changed: dict[str, gpd.GeoDataFrame] = {"communities": table}
    unit_new, building_new = pieces.carry("units", unit_old), pieces.carry("buildings", building_old)
    changed["units"] = territory["units"].assign(community=unit_new)
    filled = territory["buildings"]["community"].notna().to_numpy()
    codes = np.where(
        filled & (building_old >= 0), building_new, territory["buildings"]["community"].to_numpy(dtype=object)
    )
    changed["buildings"] = territory["buildings"].assign(community=codes)
    for layer in ("posts", "grids", "addresses"):
        rows = territory[layer]
        by_code = np.array([position.get(c, -1) for c in rows["community"]], np.int64)
        new = pieces.carry(layer, by_code)
        changed[layer] = rows.assign(community=np.where(by_code >= 0, new, rows["community"].to_numpy(dtype=object)))
    gone = (set(old.tolist()) - set(names)) | before | {c.parts[0].old for c in changes if c.kind == "revoked"}
    later = territory.with_layers(**changed)
    meta = dict(territory.meta)
    if gone:
        meta[REVOKED_KEY] = " ".join(sorted(gone))
    later = replace(later, meta=MappingProxyType(meta))
    return later, make_lineage(pieces.pairs(unit_new, building_new), gone)


class _Pieces:
    """Every old community, whole or in pieces, with the code each piece ends in."""

    def __init__(
        self,
        territory: Territory,
        wanted: Wanted,
        position: Mapping[str, int],
        unit_old: IntArray,
        building_old: IntArray,
    ) -> None:
        self.territory, self.wanted = territory, wanted
        self.unit_old, self.building_old = unit_old, building_old
        communities = territory["communities"]
        outlines = np.asarray(communities.geometry.array)
        faults: list[Fault] = []
        geometry: list[ObjectArray] = []
        ends: list[str] = []
        source: list[int] = []
        self.whole: dict[int, str] = {}
        for code, row in position.items():
            parts = wanted.parts.get(code, ())
            targets = sorted({part.new for part in parts}) or [code]
            if len(targets) == 1:
                self.whole[row] = targets[0]
                geometry.append(outlines[row : row + 1])
                ends.append(targets[0])
                source.append(row)
                continue
            inside = (np.flatnonzero(unit_old == row), np.flatnonzero(building_old == row))
            line = wanted.lines.get(code, ())
            cells = cut_village(territory, row, parts, line, *inside, wanted.spec[code], faults)
            if cells is not None:
                real = ~shapely.is_empty(cells.geometry)
                geometry.append(cells.geometry[real])
                ends += [parts[k].new for k in cells.end[real]]
                source += [row] * int(real.sum())
        if faults:
            raise InputError.of(faults)
        self.geometry: ObjectArray = np.concatenate(geometry)
        self.ends, self.source = np.array(ends, dtype=object), np.array(source, np.int64)

    def is_untouched(self, code: str) -> bool:
        """Whether a community has the very land that one old community had."""
        mine = np.unique(self.source[self.ends == code])
        return len(mine) == 1 and int(mine[0]) in self.whole

    def carry(self, layer: str, old: IntArray) -> Any:
        """New code of each row of a layer from the position of its old community (-1: none)."""
        rows = self.territory[layer]
        new = np.full(len(rows), None, dtype=object)
        whole = np.array([self.whole.get(i) for i in range(len(self.territory["communities"]))], dtype=object)
        known = old >= 0
        new[known] = whole[old[known]]
        for row in np.setdiff1d(np.unique(old[known]), np.array(sorted(self.whole), np.int64)).tolist():
            mine = np.flatnonzero(old == row)
            cells = np.flatnonzero(self.source == row)
            points = shapely.point_on_surface(np.asarray(rows.geometry.array)[mine])
            new[mine] = self.ends[cells][_nearest(points, self.geometry[cells])]
        return new

    def pairs(self, unit_new: Any, building_new: Any) -> pd.DataFrame:
        """Households, units, buildings and area of every piece with its old and new code."""
        old = self.territory["communities"]["code"].to_numpy(dtype=object)
        units, buildings = self.territory["units"], self.territory["buildings"]
        placed = self.building_old >= 0
        # Where a community has units they say how many households there are.
        counts = ~np.isin(self.building_old, np.unique(self.unit_old))
        homes = np.where(counts, buildings["households"].fillna(0).to_numpy(dtype=np.int64), 0)
        told = self.unit_old >= 0
        tables = [
            _pairs(old[self.source], self.ends, area_m2=shapely.area(self.geometry)),
            _pairs(
                old[self.unit_old[told]],
                unit_new[told],
                units=1,
                households=units["households"].fillna(0).to_numpy(dtype=np.int64)[told],
            ),
            _pairs(old[self.building_old[placed]], building_new[placed], buildings=1, households=homes[placed]),
        ]
        return pd.concat(tables, ignore_index=True)


def _pairs(old: Any, new: Any, **counts: Any) -> pd.DataFrame:
    table = {"old": old, "new": new, "households": 0, "units": 0, "buildings": 0, "area_m2": 0.0, **counts}
    return pd.DataFrame(table)


def _place(buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, position: Mapping[str, int]) -> IntArray:
    """Position of each building's community: by its column, else by where it stands (-1: outside all)."""
    named = np.array([position.get(c, -1) for c in buildings["community"]], np.int64)
    lost = np.flatnonzero(named < 0)
    if len(lost):
        points = shapely.point_on_surface(np.asarray(buildings.geometry.array)[lost])
        named[lost] = locate(points, np.asarray(communities.geometry.array))
    return named


def _nearest(points: ObjectArray, cells: ObjectArray) -> Int32Array:
    """Position of the cell that holds each point, or of the nearest one."""
    found = np.asarray(locate(points, cells))
    for i in np.flatnonzero(found < 0).tolist():
        found[i] = int(np.argmin(shapely.distance(points[i], cells)))
    return found.astype(np.int32)


def _most_parts(pieces: _Pieces, code: str) -> int:
    """Parts the sources of a community had; more after the change means that ground came which does not touch."""
    sources = np.unique(pieces.source[pieces.ends == code])
    outlines = np.asarray(pieces.territory["communities"].geometry.array)
    n = [len(shapely.get_parts(outlines[row])) for row in sources]
    return max(1, sum(n) - len(n) + 1)


def _rows(
    communities: gpd.GeoDataFrame,
    pieces: _Pieces,
    names: Sequence[str],
    shapes: ObjectArray,
    touched: Collection[int],
    wanted: Wanted,
) -> gpd.GeoDataFrame:
    """The new communities: facts of the village whose code goes on, else of the source with most land."""
    old = communities["code"].to_numpy(dtype=object)
    area = shapely.area(pieces.geometry)
    source_rows, outlines = [], []
    for n, code in enumerate(names):
        mine = np.flatnonzero(pieces.ends == code)
        sources, back = np.unique(pieces.source[mine], return_inverse=True)
        same = sources[old[sources] == code]
        source_rows.append(int(same[0] if len(same) else sources[np.argmax(np.bincount(back, area[mine]))]))
        outlines.append(shapes[n] if n in touched else pieces.geometry[mine[0]])
    table = communities.iloc[source_rows].reset_index(drop=True)
    heirs = table["code"].tolist()
    table["town"] = [_town(new, was, communities) for new, was in zip(names, heirs)]
    table["code"] = list(names)
    table["name"] = [wanted.names.get(code, name) for code, name in zip(names, table["name"].tolist())]
    return table.set_geometry(gpd.GeoSeries(outlines, crs=communities.crs))


def _town(new: str, was: str, communities: gpd.GeoDataFrame) -> str | None:
    """Town of a new code: of its neighbours in number (digits 1-9), else the old one with its digits replaced."""
    town = communities["town"].to_numpy(dtype=object)
    codes = communities["code"].to_numpy(dtype=object)
    old_town = town[int(np.flatnonzero(codes == was)[0])]
    own = old_town if isinstance(old_town, str) else None
    if new[:9] == was[:9]:
        return own
    mates = sorted({t for c, t in zip(codes, town) if c[:9] == new[:9] and isinstance(t, str)})
    if len(mates) == 1:
        return str(mates[0])
    return new[: len(own)] if own is not None and was.startswith(own) else own
