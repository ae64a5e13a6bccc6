"""Where a camera could be put up: beside public streets, at junctions, at the gates of key places; and its poses.

Places are taken in this order, and none nearer than nine tenths of the usual distance to one before it: key places,
junctions of public streets, their ends, then points along them on alternating sides.  A pole stands beside the middle
line; where that is in a building or on ground where none may stand, on the other side, else closer to the line, else
nowhere.  None stands in a building, in a guarded estate, in water, where cameras are forbidden, or outside all grids.
Ids come from the street and the metre, so that the same land has the same poles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.locate import PolygonIndex
from gis.repair import is_absent, is_finite, mend
from gis.report import QualityReport
from gis.sight import ground
from gis.sight.cameras import Cameras
from gis.sight.optics import Optics
from gis.sight.sampling import Paths, stretches_inside
from gis.sight.walls import OUT_M, Walls
from gis.streets.lines import unique_points
from gis.streets.network import ObjectArray
from gis.territory import Territory

_APART_FRAC = 0.9
_STEPS = ((1.0, 1), (1.0, -1), (0.5, 1), (0.5, -1), (0.25, 1), (0.25, -1))  # how far aside, which side
_WATER = ("river", "water")


@dataclass(frozen=True, slots=True)
class Poles:
    """Places for poles, in order of street and metre, those at key places last.  Arrays are read-only.

    Attributes
    ----------
    ids
        ``STREET+METRE`` and the side ``L`` or ``R`` of the street's direction; ``PLACE*`` at a key place.
    x, y
        Metres.
    grid
        Per pole: position of its grid.
    street
        Per pole: row in ``streets``; -1 at a key place.
    left_out
        Reason -> number of places with no pole: ``in_building``, ``private``, ``in_water``, ``forbidden``,
        ``off_grid``.
    """

    ids: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    grid: Int32Array
    street: Int32Array
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for value in (self.x, self.y, self.grid, self.street):
            value.setflags(write=False)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Places that want a pole: on a street with its direction, or at key place ``-1 - street``."""

    x: FloatArray
    y: FloatArray
    dx: FloatArray
    dy: FloatArray
    side: IntArray
    street: IntArray
    metre: FloatArray
    rank: IntArray


def stand_poles(
    territory: Territory,
    grid_geometry: ObjectArray,
    walls: Walls,
    *,
    every_m: float = 40.0,
    aside_m: float = 4.0,
    forbidden_estates: frozenset[str] = frozenset(),
    forbidden_near_m: Mapping[str, float] | None = None,
    zones: gpd.GeoSeries | None = None,
    report: QualityReport | None = None,
) -> Poles:
    """Find places for poles.

    Parameters
    ----------
    grid_geometry
        Polygons of the grids, codes ascending.
    every_m, aside_m
        Distance along streets, and from their middle line.
    forbidden_estates, forbidden_near_m
        Kinds of estates inside which, kinds of key places within how many metres of which, no camera may stand.
    zones
        Polygons where none may stand.
    """
    report = QualityReport() if report is None else report
    wanted = _wanted(territory, every_m)
    barred = _Barred.of(territory, grid_geometry, walls, forbidden_estates, forbidden_near_m or {}, zones)
    n = len(wanted.x)
    x, y = wanted.x.copy(), wanted.y.copy()
    side = wanted.side.copy()
    reason = np.zeros(n, dtype=np.int64)
    todo = np.ones(n, dtype=bool)
    for share, turn in _STEPS:
        k = np.flatnonzero(todo)
        s = wanted.side[k] * turn
        # To the right of the direction for side 1.
        tx = wanted.x[k] + s * share * aside_m * wanted.dy[k]
        ty = wanted.y[k] - s * share * aside_m * wanted.dx[k]
        why = barred.why(tx, ty)
        first = reason[k] == 0
        reason[k[first]] = why[first]
        good = why == 0
        x[k[good]], y[k[good]], side[k[good]] = tx[good], ty[good], s[good]
        todo[k[good]] = False
    kept = _apart(x, y, wanted.rank, ~todo, _APART_FRAC * every_m)
    # Of the others only those count that no pole stands near.
    is_kept = np.isin(np.arange(n), kept)
    alone = _apart(x, y, np.where(is_kept, -1, wanted.rank), is_kept | todo, _APART_FRAC * every_m)
    why_not = np.bincount(reason[alone[todo[alone]]], minlength=len(REASONS))
    order = kept[np.lexsort((side[kept], wanted.metre[kept], wanted.street[kept], wanted.rank[kept] == 0))]
    ids = _ids(territory, wanted, side, order)
    grid = PolygonIndex(np.asarray(grid_geometry, dtype=object)).find_many(x[order], y[order])[0]
    report.count("sight_poles", len(order))
    return Poles(
        ids,
        x[order],
        y[order],
        grid.astype(np.int32),
        wanted.street[order].astype(np.int32),
        {name: int(count) for name, count in zip(REASONS, why_not) if count},
    )


def poses(poles: Poles, optics: Optics, headings: int) -> Cameras:
    """Cameras that poles could carry: each pole looking in so many directions, the first to the north.

    Pose ``i`` is at pole ``i // headings``.

    Raises
    ------
    InputError
        ``sight_optics_impossible``.
    """
    optics.check()
    n = len(poles) * headings
    turns = np.arange(headings) * (360.0 / headings)
    names = [f"{turn:03.0f}" for turn in turns.tolist()]
    if len(set(names)) < headings:
        names = [f"{turn:07.3f}" for turn in turns.tolist()]
    full = np.full
    return Cameras(
        ids=tuple(f"{pole}@{name}" for pole in poles.ids for name in names),
        row=full(n, -1, dtype=np.int32),
        x=np.repeat(poles.x, headings),
        y=np.repeat(poles.y, headings),
        heading_deg=np.tile(turns, len(poles)),
        hfov_deg=full(n, optics.hfov_deg),
        focal_px=full(n, optics.focal_px),
        near_m=full(n, optics.near_m),
        far_m=full(n, optics.far_m),
        is_assumed=np.zeros(n, dtype=bool),
        is_working=np.ones(n, dtype=bool),
    )


REASONS = ("", "off_grid", "in_building", "private", "in_water", "forbidden")


@dataclass(frozen=True, slots=True)
class _Barred:
    """Ground where no pole may stand."""

    grids: PolygonIndex
    walls: Walls
    estates: PolygonIndex
    water: PolygonIndex
    forbidden: PolygonIndex

    @classmethod
    def of(
        cls,
        territory: Territory,
        grid_geometry: ObjectArray,
        walls: Walls,
        forbidden_estates: frozenset[str],
        forbidden_near_m: Mapping[str, float],
        zones: gpd.GeoSeries | None,
    ) -> _Barred:
        barriers = territory["barriers"]
        water = np.asarray(barriers.geometry.array, dtype=object)[barriers["kind"].isin(_WATER).to_numpy(dtype=bool)]
        return cls(
            PolygonIndex(np.asarray(grid_geometry, dtype=object)),
            walls,
            PolygonIndex(ground.guarded(territory)),
            PolygonIndex(_areas(water)),
            PolygonIndex(forbidden_ground(territory, forbidden_estates, forbidden_near_m, zones)),
        )

    def why(self, x: FloatArray, y: FloatArray) -> IntArray:
        """Per point: number of the reason in `REASONS`, 0 where a pole may stand."""
        reason = np.zeros(len(x), dtype=np.int64)
        near = np.zeros(len(x), dtype=bool)
        if len(self.walls.outline) and len(x):
            near[self.walls.tree.query(shapely.points(x, y), predicate="dwithin", distance=OUT_M)[0]] = True
        reason[self.grids.find_many(x, y)[0] < 0] = 1
        reason[near] = 2
        for code, index in ((3, self.estates), (4, self.water), (5, self.forbidden)):
            reason[index.find_many(x, y)[0] >= 0] = code
        return reason


def forbidden_ground(
    territory: Territory,
    estates: frozenset[str],
    near_m: Mapping[str, float],
    zones: gpd.GeoSeries | None = None,
) -> ObjectArray:
    """Polygons where no camera may stand: kinds of estates, around kinds of key places, and zones."""
    table, places = territory["estates"], territory["key_places"]
    parts = [_areas(np.asarray(table.geometry.array, dtype=object)[table["kind"].isin(sorted(estates)).to_numpy(bool)])]
    points = np.asarray(places.geometry.array, dtype=object)
    for kind, distance in sorted(near_m.items()):
        of_kind = points[(places["kind"] == kind).fillna(False).to_numpy(dtype=bool)]
        if distance > 0:
            parts.append(_areas(shapely.buffer(of_kind, distance, quad_segs=16)))
    if zones is not None:
        parts.append(_areas(np.asarray(zones.to_crs(territory.crs).array, dtype=object)))
    return np.concatenate(parts)


def _areas(shapes: ObjectArray) -> ObjectArray:
    shapes = shapes[~is_absent(shapes)]
    shapes = mend(shapely.force_2d(shapes[is_finite(shapes)])).geometry
    areal: ObjectArray = shapes[np.isin(shapely.get_type_id(shapes), (3, 6)) & ~is_absent(shapes)]
    return areal


def _wanted(territory: Territory, every_m: float) -> _Wanted:
    usable = ground.usable_lines(territory) & ~ground.is_private_access(territory)
    rows = np.flatnonzero(usable)
    shapes = np.asarray(territory["streets"].geometry.array, dtype=object)[rows]
    paths = Paths.of(shapes)
    path, low, high = stretches_inside(shapes, paths, ground.land(territory))
    spot, x, y = ground.points(territory, "key_places")
    gates = (
        *_beside_places(shapely.points(x, y), shapes),
        np.ones(len(spot), np.int64),
        -1 - spot,
        np.zeros(len(spot)),
    )
    corners, ends = _junctions(paths, rows, path, low, high)
    along = _along(paths, rows, path, low, high, every_m)
    parts = [(*part, np.full(len(part[0]), rank, np.int64)) for rank, part in enumerate((gates, corners, ends, along))]
    return _Wanted(*(np.concatenate(values) for values in zip(*parts, strict=True)))


_Part = tuple[FloatArray, FloatArray, FloatArray, FloatArray, IntArray, IntArray, FloatArray]


def _along(paths: Paths, rows: IntArray, path: IntArray, low: FloatArray, high: FloatArray, every_m: float) -> _Part:
    """Points along stretches, the rest of the length shared by both ends, on alternating sides."""
    n = np.floor((high - low) / every_m + 1e-9).astype(np.int64)
    piece = np.repeat(np.arange(len(n)), n)
    rank = np.arange(len(piece)) - np.repeat(np.cumsum(n) - n, n)
    at = low[piece] + (high - low - n * every_m)[piece] / 2 + (rank + 0.5) * every_m
    if not len(at):
        none, number = np.zeros(0), np.zeros(0, np.int64)
        return none, none, none, none, number, number, none
    x, y, k = paths.points(at)
    dx, dy = _directions(paths, k)
    of = path[piece]
    return x, y, dx, dy, 1 - 2 * (rank % 2), rows[of], at - paths.begin_m(len(rows))[of]


def _junctions(paths: Paths, rows: IntArray, path: IntArray, low: FloatArray, high: FloatArray) -> tuple[_Part, _Part]:
    """Vertices where streets meet, and ends of streets; each once, on the first street there."""
    if not len(low):
        none, number = np.zeros(0), np.zeros(0, np.int64)
        nowhere = none, none, none, none, number, number, none
        return nowhere, nowhere
    number = unique_points(np.round(paths.xy, 3))[1]
    is_end = np.zeros(len(number), dtype=bool)
    is_end[0] = is_end[-1] = True
    breaks = np.flatnonzero((np.diff(paths.at_m) == 0) | (paths.path[1:] != paths.path[:-1]))
    is_end[breaks] = is_end[breaks + 1] = True
    # Two ends that meet are one street going on; one end alone, and three arms or more, want a pole.
    arms = np.bincount(number, weights=np.where(is_end, 1.0, 2.0))
    wanted = np.flatnonzero((arms[number] >= 3) | (arms[number] == 1))
    spots = np.sort(wanted[np.unique(number[wanted], return_index=True)[1]])
    at = paths.at_m[spots]
    # Stretches are in order of path and metre, as vertices are: the last that begins before the vertex may hold it.
    key = np.lexsort((np.append(low - 1e-6, at), np.append(path, paths.path[spots])))
    stretch = np.maximum.accumulate(np.where(key < len(low), key, -1))[np.argsort(key)][len(low) :]
    held = (stretch >= 0) & (path[stretch] == paths.path[spots]) & (at <= high[stretch] + 1e-6)
    spots, of = spots[held], paths.path[spots[held]]
    x, y = paths.xy[spots].T
    last = np.append(paths.at_m[1:] == paths.at_m[:-1], True)[spots]
    dx, dy = _directions(paths, np.maximum(spots - last, 0))
    metre = paths.at_m[spots] - paths.begin_m(len(rows))[of]
    found = x, y, dx, dy, np.ones(len(spots), np.int64), rows[of], metre
    is_junction = arms[number[spots]] >= 3
    return tuple(a[is_junction] for a in found), tuple(a[~is_junction] for a in found)  # type: ignore[return-value]


def _directions(paths: Paths, k: IntArray) -> tuple[FloatArray, FloatArray]:
    """Unit vectors from vertices to those after them."""
    step = paths.xy[k + 1] - paths.xy[k]
    dx, dy = (step / np.maximum(np.hypot(*step.T), 1e-12)[:, None]).T
    return dx, dy


def _beside_places(points: ObjectArray, lines: ObjectArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Where poles at key places want to stand, and a direction whose right is away from the place."""
    x, y = shapely.get_x(points), shapely.get_y(points)
    dx, dy = np.ones(len(points)), np.zeros(len(points))
    if len(points) and len(lines):
        tree = shapely.STRtree(lines)
        at, near = tree.query_nearest(points, max_distance=60.0)
        order = np.lexsort((near, at))[::-1]
        line = np.full(len(points), -1)
        line[at[order]] = near[order]
        found = np.flatnonzero(line >= 0)
        foot = shapely.get_coordinates(shapely.shortest_line(points[found], lines[line[found]]))[1::2]
        vx, vy = foot[:, 0] - x[found], foot[:, 1] - y[found]
        away = np.hypot(vx, vy)
        far = away > 0.01
        # Towards the street: the right of (dx, dy) is (dy, -dx).
        dx[found[far]], dy[found[far]] = -vy[far] / away[far], vx[far] / away[far]
    return x, y, dx, dy


def _apart(x: FloatArray, y: FloatArray, rank: IntArray, usable: BoolArray, least_m: float) -> IntArray:
    """Places kept, in order of rank, none nearer to one kept before."""
    k = np.flatnonzero(usable)
    if not len(k):
        return k
    k = k[np.argsort(rank[k], kind="stable")]
    pairs = cKDTree(np.stack([x[k], y[k]], axis=1)).query_pairs(least_m, output_type="ndarray")
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    first = np.searchsorted(low, np.arange(len(k) + 1))
    alive = np.ones(len(k), dtype=bool)
    for i in range(len(k)):
        if alive[i]:
            alive[high[first[i] : first[i + 1]]] = False
    return k[alive]


def _ids(territory: Territory, wanted: _Wanted, side: IntArray, order: IntArray) -> tuple[str, ...]:
    streets, places = territory["streets"]["id"].tolist(), territory["key_places"]["id"].tolist()
    names: list[str] = []
    taken: dict[str, int] = {}
    for k in order.tolist():
        row = int(wanted.street[k])
        if row < 0:
            name = f"{places[-1 - row]}*"
        else:
            name = f"{streets[row]}+{round(float(wanted.metre[k])):03d}{'R' if side[k] > 0 else 'L'}"
        taken[name] = taken.get(name, 0) + 1
        names.append(name if taken[name] == 1 else f"{name}#{taken[name]}")
    return tuple(names)
