"""Street scenes for siting, made without `gis.sight`: a grid of streets, poles beside them, views along the street."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from partition.coverage.siting.problem import SitingProblem


def street_scene(
    side_m: float,
    *,
    budget: float,
    range_m: float = 76.0,
    hfov_deg: float = 67.7,
    headings: int = 12,
    per_pole: int = 2,
    seed: int = 0,
) -> SitingProblem:
    """A square of streets about 90 m apart, points every 5 m, poles every 40 m, nine grids.

    A pose sees the points of its own street and those around its own crossing, within its field of view.
    """
    rng = np.random.default_rng(seed)
    lines = np.arange(0.0, side_m + 1, 90.0)
    east, north = lines + rng.uniform(-15, 15, len(lines)), lines + rng.uniform(-15, 15, len(lines))
    along = np.arange(2.5, side_m, 5.0)
    points = np.concatenate(
        [np.stack([np.full(len(along), x), along], axis=1) for x in east]
        + [np.stack([along, np.full(len(along), y)], axis=1) for y in north]
    )
    line = np.repeat(np.arange(2 * len(lines)), len(along))
    important = np.where(rng.random(2 * len(lines)) < 0.2, 3.0, 1.0)
    spots = [
        (x + rng.choice([-4.0, 4.0]), y, at)
        for at, x in enumerate(east)
        for y in np.arange(rng.uniform(0, 40), side_m, 40.0)
    ] + [
        (x, y + rng.choice([-4.0, 4.0]), len(lines) + at)
        for at, y in enumerate(north)
        for x in np.arange(rng.uniform(0, 40), side_m, 40.0)
    ]
    near = cKDTree(points).query_ball_point([spot[:2] for spot in spots], range_m)
    sees: list[np.ndarray] = []
    for (x, y, own), around in zip(spots, near):
        at = np.asarray(sorted(around), dtype=np.int64)
        east_m, north_m = points[at, 0] - x, points[at, 1] - y
        away = np.hypot(east_m, north_m)
        bearing = np.degrees(np.arctan2(east_m, north_m))
        open_view = ((line[at] == own) | (away < 14.0)) & (away > 7.0)
        for turn in np.arange(headings) * (360.0 / headings):
            off = np.abs((bearing - turn + 180.0) % 360.0 - 180.0)
            sees.append(at[open_view & (off <= hfov_deg / 2)].astype(np.int32))
    third = side_m / 3
    at_pole = np.asarray([min(int(x // third), 2) * 3 + min(int(y // third), 2) for x, y, _ in spots]).clip(0, 8)
    n = len(sees)
    return SitingProblem(
        weight=5.0 * important[line],
        is_seen=np.zeros(len(points), dtype=bool),
        start=np.concatenate([[0], np.cumsum([len(s) for s in sees])]).astype(np.int64),
        point=np.concatenate(sees),
        pole=np.repeat(np.arange(len(spots)), headings).astype(np.int32),
        room=np.full(len(spots), per_pole, dtype=np.int32),
        cost=np.ones(n),
        price=np.zeros(n),
        private_m=np.zeros(n),
        budget=budget,
        grid=np.repeat(at_pole, headings).astype(np.int32),
        floor=np.zeros(9, dtype=np.int32),
    )
