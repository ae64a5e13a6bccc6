"""The land of a village that goes to several: cells that are never cut (units, else street blocks), each with its end.

A split along a line cuts the land itself only where there are neither units nor buildings to keep whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from shapely.ops import split as cut_by_line

from gis.atoms import build_atoms
from gis.enclose import ObjectArray, locate
from gis.errors import Fact, Fault
from gis.graph import IntArray
from gis.mergers.specs import Part
from gis.territory import Territory

_SCRAP_M2 = 1e-3
_SIDE_M = 1.0
_ALL = 1 << 40


@dataclass(frozen=True, slots=True)
class Cells:
    """Pieces of one village.  ``end`` is the position of each piece's part; units come first, in table order."""

    geometry: ObjectArray
    end: IntArray


def cut_village(
    territory: Territory,
    row: int,
    parts: Sequence[Part],
    line: Sequence[tuple[float, float]],
    unit_rows: IntArray,
    building_rows: IntArray,
    spec: str,
    faults: list[Fault],
) -> Cells | None:
    """Cut one village into the pieces of its parts.

    Parameters
    ----------
    row
        Position of the village in ``communities``.
    line
        Points of the splitting line in the CRS of the territory's file, or none.
    unit_rows, building_rows
        Positions of the village's units and buildings.
    faults
        Takes ``merger_unit_unknown``, ``merger_unit_elsewhere``, ``merger_unit_twice``, ``merger_block_mixed``,
        ``merger_units_left``, ``merger_part_empty``.

    Returns
    -------
    Cells or None
        ``None`` where a fault was found.
    """
    n_before = len(faults)
    village = territory["communities"].geometry.array[row]
    code = str(territory["communities"]["code"].iloc[row])
    units = np.asarray(territory["units"].geometry.array)[unit_rows]
    listed = any(part.ids for part in parts)
    if len(units):
        cells = np.append(units, _without(village, units))
    elif listed:
        cells = _blocks(territory, row, building_rows)
    else:
        cells = np.array([village], dtype=object)
    end = np.full(len(cells), -1, np.int64)
    _place_listed(territory, code, parts, cells, end, unit_rows, building_rows, spec, faults)
    sides = {part.side: k for k, part in enumerate(parts) if part.side}
    rest = next((k for k, part in enumerate(parts) if part.is_rest), -1)
    free = np.flatnonzero(end < 0)
    if sides:
        path = gpd.GeoSeries([shapely.linestrings(np.asarray(line))], crs=territory.file_crs).to_crs(territory.crs)[0]
        halves = _halves(village, path)
        if not len(units) and not listed:
            cells, end, free = halves, np.full(2, -1, np.int64), np.arange(2)
        side = _side_of(cells[free], halves)
        end[free] = np.where(side == 0, sides["left"], sides["right"])
    elif rest >= 0:
        end[free] = rest
    else:
        n_left = int((free < len(units)).sum()) if len(units) else len(free)
        if n_left:
            faults.append(Fault("merger_units_left", {"id": code, "spec": spec, "measured": n_left}))
        elif len(free):
            end[free] = np.bincount(end[end >= 0]).argmax()
    real = ~shapely.is_empty(cells)
    for k, part in enumerate(parts):
        if len(faults) == n_before and not (real & (end == k)).any():
            faults.append(Fault("merger_part_empty", {"id": part.new, "spec": spec}))
    return Cells(cells, end) if len(faults) == n_before else None


def _place_listed(
    territory: Territory,
    code: str,
    parts: Sequence[Part],
    cells: ObjectArray,
    end: IntArray,
    unit_rows: IntArray,
    building_rows: IntArray,
    spec: str,
    faults: list[Fault],
) -> None:
    """Give the cells that users listed, by their own id or by their buildings', to their parts."""
    if not any(part.ids for part in parts):
        return
    everywhere = {layer: territory[layer]["id"].tolist() for layer in ("units", "buildings")}
    cell_of = {everywhere["units"][row]: i for i, row in enumerate(unit_rows.tolist())}
    points = shapely.point_on_surface(np.asarray(territory["buildings"].geometry.array)[building_rows])
    in_cell = locate(points, cells)
    building_cell = {everywhere["buildings"][row]: int(c) for row, c in zip(building_rows.tolist(), in_cell)}
    known = set(everywhere["units"]) | set(everywhere["buildings"])
    part_of: dict[str, int] = {}
    for k, part in enumerate(parts):
        for one in part.ids:
            facts: dict[str, Fact] = {"id": one, "community": code, "spec": spec}
            if one in part_of:
                faults.append(Fault("merger_unit_twice", facts))
            elif one not in known:
                faults.append(Fault("merger_unit_unknown", facts))
            elif one in cell_of:
                end[cell_of[one]] = k
            elif building_cell.get(one, -1) < 0:
                faults.append(Fault("merger_unit_elsewhere", facts))
            part_of.setdefault(one, k)
    by_building = {one: k for one, k in part_of.items() if one in building_cell and one not in cell_of}
    for cell in sorted({building_cell[one] for one in by_building if building_cell[one] >= 0}):
        inside = sorted(one for one, c in building_cell.items() if c == cell)
        ends = {by_building.get(one, -1) for one in inside}
        if len(ends) > 1:
            left = next(
                one for one in inside if by_building.get(one, -1) != by_building[next(iter(_in(by_building, inside)))]
            )
            facts = {"id": next(iter(_in(by_building, inside))), "other": left, "community": code, "spec": spec}
            faults.append(Fault("merger_block_mixed", facts))
        else:
            end[cell] = ends.pop()


def _in(listed: dict[str, int], inside: Sequence[str]) -> list[str]:
    return [one for one in inside if one in listed]


def _blocks(territory: Territory, row: int, building_rows: IntArray) -> ObjectArray:
    """Street blocks of one village, whole."""
    alone = territory.with_layers(
        communities=territory["communities"].iloc[[row]],
        units=territory["units"].iloc[:0],
        buildings=territory["buildings"].iloc[building_rows],
        grids=territory["grids"].iloc[:0],
    )
    return build_atoms(alone, max_households=_ALL, estate_cap=_ALL).geometry


def _without(village: shapely.Geometry, units: ObjectArray) -> shapely.Geometry:
    """Land of a village that none of its units covers."""
    if abs(shapely.area(village) - shapely.area(units).sum()) <= _SCRAP_M2:
        return shapely.Polygon()
    left = shapely.difference(village, shapely.union_all(units))
    pieces = [p for p in shapely.get_parts(left) if shapely.area(p) > _SCRAP_M2 and shapely.get_dimensions(p) == 2]
    return shapely.union_all(pieces) if pieces else shapely.Polygon()


def _halves(village: shapely.Geometry, line: shapely.LineString) -> ObjectArray:
    """Land left and right of a line; pieces that do not touch it go to the nearer half."""
    pieces = np.array(
        [piece for part in shapely.get_parts(village) for piece in cut_by_line(part, line).geoms], dtype=object
    )
    lean = np.stack(
        [
            shapely.area(shapely.intersection(pieces, shapely.buffer(line, d, single_sided=True)))
            for d in (_SIDE_M, -_SIDE_M)
        ]
    )
    side = np.where(lean[0] == lean[1], -1, np.argmax(lean, axis=0))
    halves = [_join(pieces[side == k]) for k in (0, 1)]
    for k in np.flatnonzero(side < 0).tolist():
        side[k] = int(shapely.distance(pieces[k], halves[0]) > shapely.distance(pieces[k], halves[1]))
    return np.array([_join(pieces[side == k]) for k in (0, 1)], dtype=object)


def _join(pieces: ObjectArray) -> shapely.Geometry:
    return shapely.union_all(pieces) if len(pieces) else shapely.Polygon()


def _side_of(cells: ObjectArray, halves: ObjectArray) -> IntArray:
    """0 or 1: the half that most of each cell lies in."""
    left = shapely.area(shapely.intersection(cells, halves[0]))
    return np.asarray(left * 2 < shapely.area(cells), dtype=np.int64)
