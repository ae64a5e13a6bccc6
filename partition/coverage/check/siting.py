"""Proposed cameras held against the land and the rules: where none may stand, how many, what they add, the bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import shapely

from gis.errors import Fault
from gis.graph import BoolArray, FloatArray
from gis.sight import Seen
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.check.sight import Blocks, bearing_off_deg
from partition.coverage.check.terms import NEAR_M, Ground, fault, first, is_near, spread
from partition.coverage.settings import CameraSettings
from partition.coverage.siting.problem import SitingAnswer

_RECOUNTED = 1_000
"""Answers with more proposals have the sight of their first so many added up again."""
_LINE_FRAC, _LINE_M = 0.01, 15.0
"""Sight lines that touch a wall may be told either way: so much of the metres newly seen may differ."""


def place_faults(
    territory: Territory,
    ground: Ground,
    blocks: Blocks,
    answer: SitingAnswer,
    settings: CameraSettings,
    *,
    zones: ObjectArray | None = None,
    refused: Iterable[str] = (),
) -> Iterator[Fault]:
    """Proposals where no camera may stand, in another grid, or refused before."""
    proposals = answer.proposals
    if not proposals:
        return
    points = shapely.points([p.x for p in proposals], [p.y for p in proposals])
    ids = [p.id for p in proposals]
    for at in first(blocks.holds(points)):
        yield fault("coverage_check_pole_building", id=ids[at])
    for why, bad in _forbidden(territory, points, settings, zones).items():
        for at in first(bad):
            yield fault("coverage_check_pole_forbidden", id=ids[at], why=f"coverage_check_{why}")
    for at in first(ground.strays(points, [p.grid for p in proposals])):
        yield fault("coverage_check_pole_grid", id=ids[at])
    for id in sorted(set(refused) & set(ids)):
        yield fault("coverage_check_pole_refused", id=id)


def number_faults(
    survey: CameraSurvey, answer: SitingAnswer, settings: CameraSettings, *, add: int | None = None
) -> Iterator[Fault]:
    """How many there are, in all and on a pole; ranks, gains, totals, private metres; the bound."""
    proposals = answer.proposals
    if add is not None and answer.goal == "cover" and len(proposals) > add:
        yield fault("coverage_check_too_many", measured=len(proposals), allowed=add)
    if len({p.id for p in proposals}) != len(proposals):
        yield fault("coverage_check_pose_twice", measured=len(proposals))
    for pole, n in sorted(Counter(p.id.rpartition("@")[0] for p in proposals).items()):
        if n > settings.per_pole:
            yield fault("coverage_check_per_pole", id=pole, measured=n, allowed=settings.per_pole)
    if [p.rank for p in proposals] != list(range(1, len(proposals) + 1)):
        yield fault("coverage_check_ranks", measured=len(proposals))
    total = 0.0
    for p in proposals:
        total += p.gain_m
        made_of = p.street_m + p.places * settings.place_weight_m
        if not is_near(p.gain_m, made_of, 0.5):
            yield fault("coverage_check_gain", id=p.id, measured=p.gain_m, allowed=made_of)
        if not is_near(p.total_m, total, 0.5):
            yield fault("coverage_check_total", id=p.id, measured=p.total_m, allowed=total)
        if p.private_m > settings.private_most_m + NEAR_M:
            yield fault("coverage_check_private", id=p.id, measured=p.private_m, allowed=settings.private_most_m)
    yield from _bound_faults(answer)
    by_class: dict[str, float] = {}
    for row in survey.rows:
        if row.scope == "all":
            by_class["street_m"] = row.street_m
    if "street_m" in by_class and answer.seen_after_m > max(by_class["street_m"], answer.street_m) + 1.0:
        yield fault("coverage_check_seen_after", measured=answer.seen_after_m, allowed=answer.street_m)
    gained = sum(p.street_m for p in proposals)
    if not is_near(answer.seen_after_m - answer.seen_before_m, gained, 1.0):
        yield fault("coverage_check_seen_after", measured=answer.seen_after_m, allowed=answer.seen_before_m + gained)


def _bound_faults(answer: SitingAnswer) -> Iterator[Fault]:
    tiny = 1e-6 * max(1.0, abs(answer.bound))
    if answer.goal == "all":
        # Fewer is better: the bound is the least number.
        if answer.worth < answer.bound - tiny or answer.worth > answer.greedy_worth + tiny:
            yield fault("coverage_check_bound", measured=answer.worth, allowed=answer.bound)
        return
    if answer.worth > answer.bound + tiny or answer.worth < answer.greedy_worth - tiny:
        yield fault("coverage_check_bound", measured=answer.worth, allowed=answer.bound)


def gain_faults(
    blocks: Blocks, survey: CameraSurvey, answer: SitingAnswer, grids: Sequence[int] | None = None
) -> Iterator[Fault]:
    """Street metres that proposals newly see, looked at again one straight line at a time."""
    samples, cameras = survey.samples, answer.cameras
    n = len(answer.proposals)
    if len(cameras) != n:
        yield fault("coverage_check_poses", measured=len(cameras), allowed=n)
        return
    if not n or n > _RECOUNTED:
        return
    px = survey.settings.profile.px_per_m(answer.level)
    works = np.asarray(survey.cameras.is_working)[
        np.repeat(np.arange(len(survey.cameras)), np.diff(survey.sights.start))
    ]
    fine = works & (np.asarray(survey.sights.px_per_m) >= np.float32(px))
    seen = np.zeros(len(samples), dtype=bool)
    seen[np.asarray(survey.sights.point)[fine]] = True
    asked = samples.grid >= 0 if grids is None else np.isin(samples.grid, np.asarray(grids, dtype=np.int64))
    street = np.flatnonzero((samples.kind == Seen.STREET) & ~seen & asked)
    if not len(street):
        return
    tree = shapely.STRtree(shapely.points(samples.x[street], samples.y[street]))
    reach = cameras.range_m(px)
    at, found = tree.query(shapely.points(cameras.x, cameras.y), predicate="dwithin", distance=reach)
    point = street[found]
    dx, dy = samples.x[point] - cameras.x[at], samples.y[point] - cameras.y[at]
    in_view = (bearing_off_deg(cameras, at, dx, dy) <= cameras.hfov_deg[at] / 2) | (cameras.hfov_deg[at] >= 360.0)
    in_view &= np.hypot(dx, dy) >= cameras.near_m[at]
    at, point = at[in_view], point[in_view]
    ends = np.stack(
        [
            np.stack([cameras.x[at], cameras.y[at]], axis=1),
            np.stack([samples.x[point], samples.y[point]], axis=1),
        ],
        axis=1,
    )
    clear = blocks.through_m(shapely.linestrings(ends)) <= NEAR_M if len(at) else np.zeros(0, dtype=bool)
    recounted = float(samples.metres[np.unique(point[clear])].sum())
    told = float(sum(p.street_m for p in answer.proposals))
    if abs(recounted - told) > _LINE_M + _LINE_FRAC * max(recounted, told):
        yield fault("coverage_check_gain_sum", measured=told, allowed=recounted)


def floor_faults(ground: Ground, survey: CameraSurvey, answer: SitingAnswer) -> Iterator[Fault]:
    """Grids under their density with neither enough proposals nor a word about what is short."""
    if answer.goal != "floor":
        return
    new = Counter(p.grid for p in answer.proposals)
    for row in survey.rows:
        if row.scope != "grid" or row.code not in ground.codes:
            continue
        at = ground.codes.index(row.code)
        short = row.missing - new.get(at, 0)
        if short > answer.floor_short.get(row.code, 0):
            told = answer.floor_short.get(row.code, 0)
            yield fault("coverage_check_floor", id=row.code, measured=new.get(at, 0), allowed=row.missing, short=told)


def _forbidden(
    territory: Territory, points: ObjectArray, settings: CameraSettings, zones: ObjectArray | None
) -> Mapping[str, BoolArray]:
    """Per reason: which points lie where no camera may stand."""
    estates, places = territory["estates"], territory["key_places"]
    barred = estates["kind"].isin(settings.forbidden_estates).to_numpy()
    found = {"estate": _inside(points, np.asarray(estates.geometry.array[barred], dtype=object))}
    if zones is not None:
        found["zone"] = _inside(points, np.asarray(zones, dtype=object))
    near = np.zeros(len(points), dtype=bool)
    for kind, metres in settings.forbidden_near_m.items():
        spots = np.asarray(places.geometry.array[(places["kind"] == kind).to_numpy()], dtype=object)
        if len(spots) and metres > NEAR_M:
            near[shapely.STRtree(spots).query(points, predicate="dwithin", distance=metres - NEAR_M)[0]] = True
    found["near"] = near
    return found


def _inside(points: ObjectArray, shapes: ObjectArray) -> BoolArray:
    inside = np.zeros(len(points), dtype=bool)
    if len(shapes):
        shapes = np.asarray(shapely.make_valid(shapes), dtype=object)
        at, held = shapely.STRtree(shapes).query(points, predicate="intersects")
        deep = shapely.distance(points[at], shapely.boundary(shapes[held])) > NEAR_M
        inside[at[deep]] = True
    return inside


def existing_faults(territory: Territory, survey: CameraSurvey, zones: ObjectArray | None = None) -> Iterator[Fault]:
    """Cameras that stand where none may, and are not said to; or are said to, and do not."""
    poles = np.asarray(territory["cameras"].geometry.array, dtype=object)[np.asarray(survey.cameras.row)]
    bad = np.zeros(len(poles), dtype=bool)
    for inside in _forbidden(territory, poles, survey.settings, zones).values():
        bad |= inside
    for at in first(bad & ~np.asarray(survey.is_forbidden)):
        yield fault("coverage_check_forbidden", id=survey.cameras.ids[at])


def private_faults(survey: CameraSurvey) -> Iterator[Fault]:
    """Private metres in view, added up again from the points; masks that reach beyond what the camera sees."""
    samples, settings = survey.samples, survey.settings
    private = (samples.kind == Seen.FRONTAGE) | (samples.kind == Seen.LANE)
    px = settings.profile.px_per_m(settings.private_level)
    camera = np.repeat(np.arange(len(survey.cameras)), np.diff(survey.sights.start))
    point = np.asarray(survey.sights.point)
    counts = private[point] & (np.asarray(survey.sights.px_per_m) >= np.float32(px))
    metres: FloatArray = np.bincount(
        camera[counts], weights=samples.metres[point[counts]], minlength=len(survey.cameras)
    )
    off = np.abs(metres - np.asarray(survey.private_m)) > NEAR_M + 1e-6 * metres
    for at in first(off):
        told = float(survey.private_m[at])
        yield fault("coverage_check_private_sum", id=survey.cameras.ids[at], measured=told, allowed=float(metres[at]))
    masks, polygons = np.asarray(survey.mask, dtype=object), np.asarray(survey.polygon, dtype=object)
    if len(masks) != len(polygons) or not len(masks):
        return
    chosen = spread(len(masks), _RECOUNTED)
    drawn = chosen[~shapely.is_missing(masks[chosen]) & ~shapely.is_missing(polygons[chosen])]
    if not len(drawn):
        return
    beyond = shapely.area(shapely.difference(masks[drawn], shapely.buffer(polygons[drawn], NEAR_M)))
    for at in first(beyond > 0.1):
        yield fault("coverage_check_mask", id=survey.cameras.ids[int(drawn[at])], measured=float(beyond[at]))
