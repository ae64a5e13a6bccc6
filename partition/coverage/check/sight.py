"""What is said to be seen, looked at again: straight lines against the footprints themselves, metres added up again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from gis.errors import Fault
from gis.graph import BoolArray, FloatArray, IntArray
from gis.sight import Cameras, Seen
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.check.terms import NEAR_M, Ground, fault, first, is_near, spread

_LINES, _CAMERAS, _POINTS = 4_000, 200, 20_000
"""So many sight lines, cameras and sample points are looked at again, evenly spread over all."""
_DEEP_M = 0.3
"""A sight line that comes so deep into a footprint goes through it; less is the touch of a corner."""
_CLEAR_M = 0.3
"""A sight line that stays so far from every footprint is free."""
_EDGE_DEG = 0.5
_STEP_M = 100.0


class Blocks:
    """The footprints that stand in the way."""

    def __init__(self, territory: Territory) -> None:
        shapes = np.asarray(territory["buildings"].geometry.array, dtype=object)
        shapes = shapes[~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)]
        shapes = np.asarray(shapely.make_valid(shapes), dtype=object)
        self.shapes: ObjectArray = shapes[shapely.area(shapes) > 0]
        self.tree = shapely.STRtree(self.shapes)

    def through_m(self, lines: ObjectArray) -> FloatArray:
        """Per line: metres that it runs inside footprints."""
        metres = np.zeros(len(lines))
        at, shape = self.tree.query(lines, predicate="intersects")
        np.add.at(metres, at, shapely.length(shapely.intersection(lines[at], self.shapes[shape])))
        return metres

    def in_the_way(self, lines: ObjectArray) -> BoolArray:
        """Per line: it comes deep into a footprint."""
        stopped = np.zeros(len(lines), dtype=bool)
        at, shape = self.tree.query(lines, predicate="intersects")
        long = shapely.length(shapely.intersection(lines[at], self.shapes[shape])) > _DEEP_M
        at, shape = at[long], shape[long]
        stopped[at[shapely.intersects(lines[at], shapely.buffer(self.shapes[shape], -_DEEP_M))]] = True
        return stopped

    def holds(self, points: ObjectArray) -> BoolArray:
        """Per point: it lies inside a footprint, clear of its outline."""
        held = np.zeros(len(points), dtype=bool)
        at, shape = self.tree.query(points, predicate="intersects")
        deep = shapely.distance(points[at], shapely.boundary(self.shapes[shape])) > NEAR_M
        held[at[deep]] = True
        return held

    def near(self, lines: ObjectArray) -> BoolArray:
        """Per line: a footprint is close to it."""
        close = np.zeros(len(lines), dtype=bool)
        close[self.tree.query(lines, predicate="dwithin", distance=_CLEAR_M)[0]] = True
        return close


def bearing_off_deg(cameras: Cameras, camera: IntArray, dx: FloatArray, dy: FloatArray) -> FloatArray:
    """Per line: degrees between it and the middle of the camera's view, 0 to 180."""
    bearing = np.degrees(np.arctan2(dx, dy))
    off: FloatArray = np.abs((bearing - cameras.heading_deg[camera] + 180.0) % 360.0 - 180.0)
    return off


def line_faults(blocks: Blocks, survey: CameraSurvey) -> Iterator[Fault]:
    """Lines that run through walls, out of the field of view, or draw finer than the lens can."""
    sights, samples, cameras = survey.sights, survey.samples, survey.cameras
    chosen = spread(len(sights.point), _LINES)
    if not len(chosen):
        return
    camera = np.searchsorted(np.asarray(sights.start), chosen, side="right") - 1
    point = np.asarray(sights.point)[chosen]
    dx, dy = samples.x[point] - cameras.x[camera], samples.y[point] - cameras.y[camera]
    d = np.hypot(dx, dy)
    lines = _lines(cameras.x[camera], cameras.y[camera], samples.x[point], samples.y[point])
    ends = shapely.points(samples.x[point], samples.y[point])
    through = blocks.in_the_way(lines) & ~blocks.holds(ends)
    beside = bearing_off_deg(cameras, camera, dx, dy) > cameras.hfov_deg[camera] / 2 + _EDGE_DEG
    beyond = (d > cameras.far_m[camera] + NEAR_M) | (d < cameras.near_m[camera] - NEAR_M)
    drawn = np.asarray(sights.px_per_m, dtype=np.float64)[chosen]
    finer = drawn > cameras.focal_px[camera] / np.maximum(d, 1e-9) * (1 + 1e-4) + 1e-3
    for bad, why in ((through, "wall"), (beside, "view"), (beyond, "range"), (finer, "pixels")):
        for at in first(bad):
            yield fault(
                "coverage_check_not_seen",
                id=cameras.ids[int(camera[at])],
                why=f"coverage_check_{why}",
                measured=float(d[at]),
            )


def missed_faults(blocks: Blocks, survey: CameraSurvey) -> Iterator[Fault]:
    """Street points and places in free view of a camera that the survey does not count as seen."""
    samples, cameras, settings = survey.samples, survey.cameras, survey.settings
    public = np.flatnonzero((samples.kind == Seen.STREET) | (samples.kind == Seen.PLACE))
    if not len(public) or not len(cameras):
        return
    stands = shapely.points(cameras.x, cameras.y)
    looked = spread(len(cameras), _CAMERAS)
    looked = looked[~blocks.holds(stands[looked])]
    reach = cameras.range_m(settings.px_per_m)
    tree = shapely.STRtree(shapely.points(samples.x[public], samples.y[public]))
    usable = looked[np.isfinite(reach[looked]) & (reach[looked] > 1.0)]
    at, found = tree.query(stands[usable], predicate="dwithin", distance=reach[usable] - 0.5)
    camera, point = usable[at], public[found]
    dx, dy = samples.x[point] - cameras.x[camera], samples.y[point] - cameras.y[camera]
    d = np.hypot(dx, dy)
    in_view = bearing_off_deg(cameras, camera, dx, dy) < cameras.hfov_deg[camera] / 2 - _EDGE_DEG
    in_view |= cameras.hfov_deg[camera] >= 360.0
    in_view &= d > cameras.near_m[camera] + 0.5
    camera, point, d = camera[in_view], point[in_view], d[in_view]
    free = ~blocks.near(_lines(cameras.x[camera], cameras.y[camera], samples.x[point], samples.y[point]))
    camera, point, d = camera[free], point[free], d[free]
    entry_camera = np.repeat(np.arange(len(cameras)), np.diff(survey.sights.start))
    fine = np.asarray(survey.sights.px_per_m) >= np.float32(settings.px_per_m)
    told = entry_camera[fine].astype(np.int64) * len(samples) + np.asarray(survey.sights.point)[fine]
    asked = camera.astype(np.int64) * len(samples) + point
    for at_ in first(~np.isin(asked, told) & cameras.is_working[camera]):
        metres = float(
            np.hypot(samples.x[point[at_]] - cameras.x[camera[at_]], samples.y[point[at_]] - cameras.y[camera[at_]])
        )
        yield fault("coverage_check_view_missed", id=cameras.ids[int(camera[at_])], measured=metres)


def metre_faults(ground: Ground, survey: CameraSurvey) -> Iterator[Fault]:
    """Metres of street, seen metres per level, places and blind stretches, added up from the points."""
    samples, settings = survey.samples, survey.settings
    rows = {row.code: row for row in survey.rows if row.scope == "grid"}
    n = len(ground.codes)
    entry_camera = np.repeat(np.arange(len(survey.cameras)), np.diff(survey.sights.start))
    works = np.asarray(survey.cameras.is_working)[entry_camera]
    finest = np.zeros(len(samples), dtype=np.float32)
    np.maximum.at(finest, np.asarray(survey.sights.point)[works], np.asarray(survey.sights.px_per_m)[works])
    street, place = samples.kind == Seen.STREET, samples.kind == Seen.PLACE
    held = samples.grid >= 0
    grid = np.where(held, samples.grid, 0)

    def by_grid(chosen: BoolArray, weight: FloatArray) -> FloatArray:
        chosen = chosen & held
        return np.bincount(grid[chosen], weights=weight[chosen], minlength=n)

    ones = np.ones(len(samples))
    counted: list[tuple[str, FloatArray, str]] = [
        ("street_m", by_grid(street, samples.metres), ""),
        ("places", by_grid(place, ones), ""),
    ]
    for level, px in settings.profile.levels:
        seen = finest >= np.float32(px)
        counted.append(("seen_m", by_grid(street & seen, samples.metres), level))
        counted.append(("places_seen", by_grid(place & seen, ones), level))
    for column, values, level in counted:
        for at, code in enumerate(ground.codes):
            row = rows.get(code)
            if row is None:
                continue
            told = getattr(row, column).get(level, 0) if level else getattr(row, column)
            if not is_near(float(told), float(values[at])):
                name = f"{column}.{level}" if level else column
                yield fault(
                    "coverage_check_count", id=code, column=name, measured=float(told), allowed=float(values[at])
                )
    unseen = street & (finest < np.float32(settings.px_per_m))
    told_m = float(sum(blind.length_m for blind in survey.blind))
    whole, inside = float(samples.metres[unseen].sum()), float(samples.metres[unseen & held].sum())
    if not is_near(told_m, whole, 1.0) and not is_near(told_m, inside, 1.0):
        yield fault("coverage_check_blind", measured=told_m, allowed=whole)


def point_faults(territory: Territory, ground: Ground, survey: CameraSurvey) -> Iterator[Fault]:
    """Sample points that lie off their line or in another grid, and lines that stand for more than their length."""
    samples = survey.samples
    layers = {Seen.STREET: "streets", Seen.LANE: "streets", Seen.FRONTAGE: "buildings", Seen.PLACE: "key_places"}
    along = (samples.kind == Seen.STREET) | (samples.kind == Seen.LANE)
    lines = np.asarray(territory["streets"].geometry.array, dtype=object)
    told = np.bincount(samples.row[along], weights=samples.metres[along], minlength=len(lines))
    for row in first(told > shapely.length(lines) + NEAR_M):
        id = str(territory["streets"]["id"].iloc[row])
        length = float(shapely.length(lines[row]))
        yield fault("coverage_check_street_metres", id=id, measured=float(told[row]), allowed=length)
    chosen = spread(len(samples), _POINTS)
    points = shapely.points(samples.x[chosen], samples.y[chosen])
    for at in first(ground.strays(points, samples.grid[chosen])):
        yield fault("coverage_check_point_grid", row=int(chosen[at]))
    for kind, layer in layers.items():
        of_kind = samples.kind[chosen] == kind
        shapes = np.asarray(territory[layer].geometry.array, dtype=object)[samples.row[chosen[of_kind]]]
        off = shapely.distance(points[of_kind], shapely.boundary(shapes) if kind == Seen.FRONTAGE else shapes)
        # A place inside a building is looked at from before its wall.
        for at in first(off > (_STEP_M if kind == Seen.PLACE else 1.0)):
            yield fault("coverage_check_point_off", row=int(chosen[of_kind][at]), measured=float(off[at]))


def _lines(x0: FloatArray, y0: FloatArray, x1: FloatArray, y1: FloatArray) -> ObjectArray:
    ends = np.stack([np.stack([x0, y0], axis=1), np.stack([x1, y1], axis=1)], axis=1)
    lines: ObjectArray = shapely.linestrings(ends)
    return lines
