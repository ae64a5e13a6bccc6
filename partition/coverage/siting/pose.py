"""From land to numbers: the poses a camera could have, what each would newly see, and what it had better not see.

Poles stand where `gis.sight.poles` allows; sights are looked for in blocks of poses, so that a city needs no more
memory at a time than a quarter does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

import geopandas as gpd
import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.sight import Cameras, Samples, Seen
from gis.sight.poles import Poles, poses, stand_poles
from gis.sight.see import see
from gis.sight.walls import Walls
from gis.territory import Territory
from partition.coverage.cameras.types import CameraSurvey, Land
from partition.coverage.settings import CameraSettings

_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class Posed:
    """Poses with what they see.

    Attributes
    ----------
    cameras
        Per pose.
    pole, room
        Per pose: its pole; per pole: most poses that may still stand there.
    grid
        Per pose: position of its grid.
    start, point
        Poses to sample points that they see at the level asked for, public ones in the grids asked for.
    weight
        Per sample point: what seeing it is worth; 0 for private ones and those outside the grids asked for.
    is_seen
        Per sample point: seen by a working camera or an accepted pose.
    private_m
        Per pose: metres of private windows and estate lanes in view.
    may
        Per pose: may be proposed (not refused, not accepted already, not too much private ground in view).
    left_out
        Reason -> number of poles (``in_building`` ...) or poses (``too_private``, ``refused``) not used.
    """

    cameras: Cameras
    pole: Int32Array
    room: Int32Array
    grid: Int32Array
    start: IntArray
    point: Int32Array
    weight: FloatArray
    is_seen: BoolArray
    private_m: FloatArray
    may: BoolArray
    left_out: Mapping[str, int]


def pose(
    territory: Territory,
    land: Land,
    survey: CameraSurvey,
    settings: CameraSettings,
    *,
    asked: BoolArray,
    zones: gpd.GeoSeries | None = None,
    refused: Collection[str] = (),
    accepted: Collection[str] = (),
    walls: Walls | None = None,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> Posed:
    """Stand poles and look from each.

    Parameters
    ----------
    asked
        Per grid: poles are wanted in it, and its streets count.
    refused
        Ids of poses, or of whole poles, never to be proposed.
    accepted
        Ids of poses that count as standing.
    """
    report = QualityReport() if report is None else report
    walls = Walls.of(territory, report) if walls is None else walls
    poles = stand_poles(
        territory,
        land.geometry,
        walls,
        every_m=settings.pole_every_m,
        aside_m=settings.pole_aside_m,
        forbidden_estates=settings.forbidden_estates,
        forbidden_near_m=settings.forbidden_near_m,
        zones=zones,
        report=report,
    )
    used = np.flatnonzero((poles.grid >= 0) & asked[np.maximum(poles.grid, 0)])
    cameras = poses(_taken(poles, used), settings.model, settings.headings)
    pole = np.repeat(np.arange(len(used), dtype=np.int32), settings.headings)
    samples = survey.samples
    weight = weights_of(samples, settings, asked)
    start, point, private_m = _look(cameras, samples, walls, settings, weight > 0, progress)
    wanted, barred = set(accepted), set(refused)
    stands = np.fromiter((id in wanted for id in cameras.ids), dtype=bool, count=len(cameras))
    is_refused = np.fromiter(
        (id in barred or id.rpartition("@")[0] in barred for id in cameras.ids), dtype=bool, count=len(cameras)
    )
    is_seen = survey.seen_by > 0
    for at in np.flatnonzero(stands):
        is_seen[point[start[at] : start[at + 1]]] = True
    too_private = private_m > settings.private_most_m
    taken = np.bincount(pole[stands], minlength=len(used))
    left_out = dict(poles.left_out)
    for reason, n in (("too_private", int(too_private.sum())), ("refused", int(is_refused.sum()))):
        if n:
            left_out[reason] = n
    return Posed(
        cameras=cameras,
        pole=pole,
        room=np.maximum(settings.per_pole - taken, 0).astype(np.int32),
        grid=poles.grid[used][pole],
        start=start,
        point=point,
        weight=weight,
        is_seen=is_seen,
        private_m=private_m,
        may=~stands & ~is_refused & ~too_private,
        left_out=left_out,
    )


def weights_of(samples: Samples, settings: CameraSettings, asked: BoolArray) -> FloatArray:
    """Per sample point: street metres, or what a place counts as; 0 for private points and outside the grids asked."""
    worth = np.where(samples.kind == Seen.STREET, samples.metres, 0.0)
    worth = np.where(samples.kind == Seen.PLACE, settings.place_weight_m, worth)
    inside = (samples.grid >= 0) & asked[np.maximum(samples.grid, 0)] if len(asked) else np.zeros(len(samples), bool)
    found: FloatArray = np.where(inside, worth, 0.0)
    return found


def _taken(poles: Poles, at: IntArray) -> Poles:
    ids = tuple(poles.ids[k] for k in at.tolist())
    return Poles(ids, poles.x[at], poles.y[at], poles.grid[at], poles.street[at], poles.left_out)


def _look(
    cameras: Cameras,
    samples: Samples,
    walls: Walls,
    settings: CameraSettings,
    is_public: BoolArray,
    progress: Progress,
) -> tuple[IntArray, Int32Array, FloatArray]:
    """Public points per pose at the level asked for, and private metres per pose at the level of intrusion."""
    level, private = settings.px_per_m, settings.profile.px_per_m(settings.private_level)
    is_private = (samples.kind == Seen.FRONTAGE) | (samples.kind == Seen.LANE)
    n = len(cameras)
    private_m = np.zeros(n)
    counts = np.zeros(n, dtype=np.int64)
    parts: list[Int32Array] = []
    progress.stage("stage_look_from_poles", -(-n // _BLOCK))
    for begin in range(0, n, _BLOCK):
        end = min(n, begin + _BLOCK)
        sights = see(choose(cameras, np.arange(begin, end)), samples, walls, min(level, private))
        by = np.repeat(np.arange(begin, end), np.diff(sights.start))
        close = is_private[sights.point] & (sights.px_per_m >= np.float32(private))
        private_m += np.bincount(by[close], weights=samples.metres[sights.point[close]], minlength=n)
        fine = is_public[sights.point] & (sights.px_per_m >= np.float32(level))
        counts += np.bincount(by[fine], minlength=n)
        parts.append(sights.point[fine])
        progress.advance()
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    point = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    return start, point, private_m


def choose(cameras: Cameras, at: IntArray) -> Cameras:
    """Some cameras, in the order given."""
    arrays = {f.name: getattr(cameras, f.name)[at] for f in fields(cameras) if f.name != "ids"}
    return Cameras(ids=tuple(cameras.ids[k] for k in at.tolist()), **arrays)
