"""What working cameras see, added up: metres and places by grid and level, redundancy, private metres, blind stretches.

Knows no geometry: who sees which point was found in `gis.sight.see`.  A camera that does not work sees nothing, but
what it would show of private ground is still counted against it.
"""

from __future__ import annotations

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.sight import Samples, Seen, Sights
from partition.coverage.cameras.density import SeenByGrid
from partition.coverage.cameras.types import Blind
from partition.coverage.settings import CameraSettings

_TOUCH_M = 0.01


def cameras_of(sights: Sights) -> IntArray:
    """Per entry: its camera."""
    return np.repeat(np.arange(sights.n_cameras, dtype=np.int64), np.diff(sights.start))


def finest_of(sights: Sights, is_working: BoolArray) -> np.ndarray:
    """``float32[points]``: finest pixel density at which a working camera sees each point; 0 where none does."""
    works = np.repeat(is_working, np.diff(sights.start))
    best = np.zeros(sights.n_points, dtype=np.float32)
    np.maximum.at(best, sights.point[works], sights.px_per_m[works])
    return best


def seen_by(sights: Sights, is_working: BoolArray, px_per_m: float) -> Int32Array:
    """Per point: number of working cameras that see it at least so finely."""
    counts = np.repeat(is_working, np.diff(sights.start)) & (sights.px_per_m >= np.float32(px_per_m))
    return np.bincount(sights.point[counts], minlength=sights.n_points).astype(np.int32)


def is_private(samples: Samples) -> BoolArray:
    """Per point: it stands for private metres."""
    return np.asarray((samples.kind == Seen.FRONTAGE) | (samples.kind == Seen.LANE), dtype=bool)


def private_of_cameras(samples: Samples, sights: Sights, px_per_m: float) -> FloatArray:
    """Per camera: private metres in its view at least so finely, whether it works or not."""
    fine = (sights.px_per_m >= np.float32(px_per_m)) & is_private(samples)[sights.point]
    private: FloatArray = np.bincount(
        cameras_of(sights)[fine], weights=samples.metres[sights.point[fine]], minlength=sights.n_cameras
    )
    return private


def seen_by_grid(
    samples: Samples, finest: np.ndarray, by: Int32Array, settings: CameraSettings, n_grids: int
) -> SeenByGrid:
    """What is seen by grid; points outside every grid are left out.

    Parameters
    ----------
    samples
        What may be seen.
    finest
        As of `finest_of`.
    by
        As of `seen_by` at the level asked for.
    settings
        Levels.
    n_grids
        Number of grids.
    """
    inside = samples.grid >= 0

    def metres(chosen: BoolArray) -> FloatArray:
        chosen = chosen & inside
        summed: FloatArray = np.bincount(samples.grid[chosen], weights=samples.metres[chosen], minlength=n_grids)
        return summed

    def count(chosen: BoolArray) -> IntArray:
        return np.bincount(samples.grid[chosen & inside], minlength=n_grids).astype(np.int64)

    street = np.asarray(samples.kind == Seen.STREET)
    place = np.asarray(samples.kind == Seen.PLACE)
    levels = [finest >= np.float32(px) for _, px in settings.profile.levels]
    intrusion = finest >= np.float32(settings.profile.px_per_m(settings.private_level))
    return SeenByGrid(
        street_m=metres(street),
        twice_m=metres(street & (by >= 2)),
        seen_m=np.array([metres(street & seen) for seen in levels]).reshape(len(levels), n_grids),
        places=count(place),
        places_seen=np.array([count(place & seen) for seen in levels], dtype=np.int64).reshape(len(levels), n_grids),
        private_m=metres(is_private(samples) & intrusion),
    )


def blind_stretches(samples: Samples, finest: np.ndarray, px_per_m: float) -> tuple[Blind, ...]:
    """Stretches of public street that no working camera sees so finely, the longest first, then by street and metre.

    Unseen points that follow each other on a street make one stretch, from the metre where the first one's stretch
    begins to where the last one's ends; points outside every grid end a stretch.
    """
    blind = (samples.kind == Seen.STREET) & (samples.grid >= 0) & (finest < np.float32(px_per_m))
    at = np.flatnonzero(blind)
    if not len(at):
        return ()
    at = at[np.lexsort((samples.along_m[at], samples.row[at]))]
    street, metres, grid = samples.row[at], samples.metres[at], samples.grid[at]
    begin, end = samples.along_m[at] - metres / 2, samples.along_m[at] + metres / 2
    new = np.ones(len(at), dtype=bool)
    new[1:] = (street[1:] != street[:-1]) | (begin[1:] > end[:-1] + _TOUCH_M)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(at)) - 1
    of = np.cumsum(new) - 1
    most = _most(of, grid, metres, len(first))
    rows = zip(street[first].tolist(), begin[first].tolist(), end[last].tolist(), most.tolist(), strict=True)
    stretches = [Blind(row, max(round(from_m, 6), 0.0), round(to_m, 6), where) for row, from_m, to_m, where in rows]
    return tuple(sorted(stretches, key=lambda b: (-b.length_m, b.street, b.from_m)))


def redundancy(samples: Samples, by: Int32Array) -> dict[int, float]:
    """Metres of public street in the grids by the number of cameras that see them: 0, 1, 2 and 3 (three or more)."""
    street = (samples.kind == Seen.STREET) & (samples.grid >= 0)
    metres = np.bincount(np.minimum(by[street], 3), weights=samples.metres[street], minlength=4)
    return {n: float(m) for n, m in enumerate(metres.tolist())}


def _most(group: IntArray, grid: Int32Array, metres: FloatArray, n: int) -> IntArray:
    """Per group: the grid with most of its metres, the lowest of equals."""
    order = np.lexsort((grid, group))
    group, grid, metres = group[order], grid[order], metres[order]
    new = np.ones(len(group), dtype=bool)
    new[1:] = (group[1:] != group[:-1]) | (grid[1:] != grid[:-1])
    first = np.flatnonzero(new)
    summed = np.add.reduceat(metres, first)
    best = np.lexsort((-grid[first], np.round(summed, 6), group[first]))
    most = np.zeros(n, dtype=np.int64)
    most[group[first][best]] = grid[first][best]  # the last of each group stays
    return most
