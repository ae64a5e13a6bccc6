"""Lines on the ground that a border may follow, and the faces they enclose.

Decides which streets, barriers and outlines count, of what class each is, and turns them into faces by one
arrangement of the whole territory: every line is noded with every other on a fine grid, so neighbouring faces
have the same vertices and the cover is seamless by construction.  Which faces become atoms is for `gis.atoms`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.graph import BoolArray, EdgeClass, Int32Array
from gis.territory import Territory

ObjectArray = NDArray[Any]

GRID_M = 1e-5
"""Step of the grid all vertices of the arrangement lie on: fine enough that snapping moves no border by a
measurable area, coarse enough that crossings of nearly parallel lines stay exact."""
COARSE_M = 1 / 128
"""Streets closer than this to each other are one street.  A power of two, so that coordinates with a few decimals
never lie half-way between two steps."""
PULL_M = 0.02
"""A vertex this close to a community border lies on it."""

ARTERIAL_CLASSES = frozenset(
    name + link for name in ("motorway", "trunk", "primary", "secondary", "tertiary") for link in ("", "_link")
)
INNER_CLASSES = frozenset({"footway", "path", "track", "steps", "cycleway", "bridleway"})
"""Ways that split a block only where it holds too many households."""
ALLEY_CLASSES = INNER_CLASSES | {"service", "pedestrian", "busway"}
NO_WAY_CLASSES = frozenset(
    {"construction", "proposed", "abandoned", "razed", "disused", "platform", "corridor", "elevator", "raceway"}
)
MOTORWAY_CLASSES = frozenset({"motorway", "motorway_link"})


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines a border may follow.

    Attributes
    ----------
    geometry
        LineStrings in the territory's CRS.
    edge_class
        Per line: `EdgeClass` of a border along it.
    is_barrier
        Per line: river, water, railway or motorway; it parts what lies on its two sides.
    is_inner
        Per line: splits a block only where the block is over the band (paths, walls).
    """

    geometry: ObjectArray
    edge_class: Int32Array
    is_barrier: BoolArray
    is_inner: BoolArray

    def __len__(self) -> int:
        return len(self.geometry)

    def take(self, rows: NDArray[Any]) -> Lines:
        """Some of the lines."""
        return Lines(*(getattr(self, f.name)[rows] for f in fields(self)))


def street_class(highway: Iterable[object]) -> Int32Array:
    """`EdgeClass` of each street by its OSM ``highway`` value; a street of unknown class counts as a street."""
    return np.array(
        [
            EdgeClass.ARTERIAL if h in ARTERIAL_CLASSES else EdgeClass.ALLEY if h in ALLEY_CLASSES else EdgeClass.STREET
            for h in highway
        ],
        dtype=np.int32,
    )


def boundary_lines(territory: Territory, *, estates: bool = True) -> Lines:
    """Every street, barrier and (if wanted) estate outline as single lines, in layer order then id order."""
    streets = usable_streets(territory)
    highway = streets["class"].to_numpy(dtype=object)
    barriers = territory["barriers"]
    kind = barriers["kind"].to_numpy(dtype=object)
    barrier_class = np.array([_BARRIER_CLASS.get(str(k), EdgeClass.WALL) for k in kind], dtype=np.int32)
    tables = [
        (
            np.asarray(streets.geometry.array),
            street_class(highway),
            np.isin(highway.astype(str), ["motorway"]),
            np.isin(highway.astype(str), sorted(INNER_CLASSES)),
        ),
        (np.asarray(barriers.geometry.array), barrier_class, kind != "wall", kind == "wall"),
    ]
    if estates:
        outlines = np.asarray(territory["estates"].geometry.array)
        no = np.zeros(len(outlines), bool)
        tables.append((outlines, np.full(len(outlines), int(EdgeClass.WALL), np.int32), no, no))
    columns: list[list[NDArray[Any]]] = [[], [], [], []]
    for geometry, *attributes in tables:
        single, row = as_lines(geometry)
        columns[0].append(single)
        for column, values in zip(columns[1:], attributes, strict=True):
            column.append(np.asarray(values)[row])
    geometry, edge_class, is_barrier, is_inner = (np.concatenate(column) for column in columns)
    return Lines(geometry, edge_class.astype(np.int32), is_barrier.astype(bool), is_inner.astype(bool))


_BARRIER_CLASS = {
    "river": EdgeClass.WATER,
    "water": EdgeClass.WATER,
    "railway": EdgeClass.RAIL,
    "motorway": EdgeClass.ARTERIAL,
}


def usable_streets(territory: Territory) -> gpd.GeoDataFrame:
    """Streets that are really there (nothing planned, nothing demolished)."""
    streets = territory["streets"]
    usable: gpd.GeoDataFrame = streets[~streets["class"].isin(NO_WAY_CLASSES)]
    return usable


def as_lines(geometry: ObjectArray) -> tuple[ObjectArray, NDArray[np.int64]]:
    """Single LineStrings of lines or polygons (their rings), and the row each came from; empty ones dropped."""
    polygonal = np.isin(shapely.get_type_id(geometry), (3, 6))
    lines = geometry.copy()
    lines[polygonal] = shapely.boundary(geometry[polygonal])
    single, row = shapely.get_parts(lines, return_index=True)
    keep = np.isin(shapely.get_type_id(single), (1, 2)) & ~shapely.is_empty(single)
    return single[keep], row[keep]


def crossing_points(territory: Territory) -> ObjectArray:
    """Points where a street gets across a river, railway or motorway: bridge, underpass or level crossing.

    A street that only ends at the barrier does not cross it; where two or more streets end at one point of it
    (a way split at the crossing) it does.
    """
    streets, barriers = usable_streets(territory), territory["barriers"]
    highway = streets["class"].to_numpy(dtype=object).astype(str)
    ways, way_row = as_lines(np.asarray(streets.geometry.array))
    is_motorway = np.isin(highway, sorted(MOTORWAY_CLASSES))[way_row]
    kind = barriers["kind"].to_numpy(dtype=object)
    stops, stop_row = as_lines(np.asarray(barriers.geometry.array)[kind != "wall"])
    stops_motorway = kind[kind != "wall"][stop_row] == "motorway"
    carriageways = ways[np.isin(highway, ["motorway"])[way_row]]
    stops = np.concatenate([stops, carriageways])
    stops_motorway = np.concatenate([stops_motorway, np.ones(len(carriageways), bool)])
    if not len(ways) or not len(stops):
        return np.zeros(0, dtype=object)
    way, stop = shapely.STRtree(stops).query(ways, predicate="intersects")
    keep = ~(is_motorway[way] & stops_motorway[stop])
    way, stop = way[keep], stop[keep]
    met, pair = shapely.get_parts(shapely.intersection(ways[way], stops[stop]), return_index=True)
    is_point = shapely.get_type_id(met) == 0
    met, pair = met[is_point], pair[is_point]
    ends = np.stack([shapely.get_point(ways, 0), shapely.get_point(ways, -1)], axis=1)
    at_end = (shapely.distance(met[:, None], ends[way[pair]]) < _SAME_POINT_M).any(axis=1)
    n_ends = shapely.STRtree(ends.ravel()).query(met, predicate="dwithin", distance=_SAME_POINT_M)[0]
    several = np.bincount(n_ends, minlength=len(met)) >= 2
    return np.asarray(met[~at_end | several])


_SAME_POINT_M = 0.01


def arrange(lines: ObjectArray, frame: ObjectArray | None = None) -> ObjectArray:
    """Faces enclosed by lines: all noded with all on the grid of `GRID_M`; dangling ends make no face.

    Parameters
    ----------
    lines
        Streets, barriers, outlines, splits.
    frame
        Lines that must stay exactly where they are (community borders, ready-made units).  The others are pulled
        onto them first, so that a street drawn a few millimetres beside a border leaves no hair of land there.

    Notes
    -----
    Cost is about 10 microseconds a segment; the order of the faces is not defined.
    """
    if frame is not None and len(frame):
        lines = np.concatenate([frame, pull(lines, frame)]) if len(lines) else frame
    if not len(lines):
        return np.zeros(0, dtype=object)
    noded = shapely.union_all(lines, grid_size=GRID_M)
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def pull(lines: ObjectArray, frame: ObjectArray, within_m: float = PULL_M) -> ObjectArray:
    """Lines with nearly equal ones made equal and ends close to the frame put onto it.

    Pieces that run along the frame are left out: the frame is there.
    """
    coarse = shapely.union_all(np.concatenate([lines, frame]), grid_size=COARSE_M)
    pieces, _ = split_segments(shapely.get_parts(coarse))
    ends = shapely.get_coordinates(pieces)
    points = shapely.points(ends)
    borders, _ = split_segments(frame)
    tree = shapely.STRtree(borders)
    on_frame = np.zeros(len(points), bool)
    row, border = _first(*tree.query_nearest(points, max_distance=within_m, all_matches=True))
    on_frame[row] = True
    beside = shapely.line_interpolate_point(borders[border], shapely.line_locate_point(borders[border], points[row]))
    ends[row] = shapely.get_coordinates(beside)
    corners = shapely.points(np.unique(shapely.get_coordinates(frame), axis=0))
    row, corner = _first(*shapely.STRtree(corners).query_nearest(points, max_distance=within_m, all_matches=True))
    ends[row] = shapely.get_coordinates(corners[corner])

    along = on_frame.reshape(-1, 2).all(axis=1)
    for share in (0.25, 0.5, 0.75):
        rows = np.flatnonzero(along)
        middle = shapely.line_interpolate_point(pieces[rows], share, normalized=True)
        near = np.zeros(len(rows), bool)
        near[tree.query(middle, predicate="dwithin", distance=within_m)[0]] = True
        along[rows[~near]] = False
    xy = ends.reshape(-1, 2, 2)[~along]
    xy = xy[(xy[:, 0] != xy[:, 1]).any(axis=1)]
    # Long lines are noded several times faster than their single pieces.
    return np.asarray(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.linestrings(xy)))))


def _first(row: NDArray[np.int64], match: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each row once, with its lowest match: equal distances must not be settled by chance."""
    order = np.lexsort((match, row))
    rows, at = np.unique(row[order], return_index=True)
    return rows, match[order][at]


def split_segments(lines: ObjectArray) -> tuple[ObjectArray, NDArray[np.int64]]:
    """Lines cut at every vertex, and the line each piece came from."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    joined = (line[1:] == line[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    pieces = shapely.linestrings(np.stack([xy[:-1][joined], xy[1:][joined]], axis=1))
    return np.asarray(pieces), line[:-1][joined]


def in_steps(coordinates: NDArray[np.float64], step_m: float = 0.0137) -> NDArray[np.float64]:
    """Coordinates as whole steps, for sorting: equal places stay equal under rounding noise.

    The odd step and offset keep tidy coordinates (halves, quarters, millimetres) away from the edge of a step,
    where noise in the last digit would decide.
    """
    return np.asarray(np.floor(coordinates / step_m + 1 / np.pi))


def locate(points: ObjectArray, polygons: ObjectArray) -> NDArray[np.int64]:
    """Position of the polygon that holds each point, -1 for none; a point on a border goes to the lowest position."""
    found = np.full(len(points), len(polygons), dtype=np.int64)
    if len(points) and len(polygons):
        point, polygon = shapely.STRtree(polygons).query(points, predicate="intersects")
        np.minimum.at(found, point, polygon)
    found[found == len(polygons)] = -1
    return found
