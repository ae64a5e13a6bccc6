"""Streets reached in so many minutes, cut where the time ends, and a polygon round them to look at.

The lines are exact; the polygon is for display only and counts for nothing: 30 m around the lines, with the ground of
blocks that the lines go round.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import rasterio
import rasterio.features
import shapely
import shapely.geometry
from scipy import ndimage

from gis.streets.network import ObjectArray, StreetNetwork
from partition.coverage.reach.arrival import reached_m
from partition.coverage.reach.cuts import parts_of
from partition.coverage.reach.types import Arrival, ReachSurvey, Ring

AROUND_M = 30.0
BLOCK_M2 = 60_000.0
"""Ground that the lines go all the way round is filled up to so many square metres: a block, not a lake."""
_FINEST_M = 2.0
_CELLS = 1_500_000
_TINY_M = 1e-3


def rings(survey: ReachSurvey, rule_index: int, minutes: Iterable[float]) -> list[Ring]:
    """Rings of one promise in one band, the narrowest first; each holds those before it.

    Parameters
    ----------
    rule_index
        Position in ``survey.rules``.
    minutes
        From the call, turn-out included.
    """
    reach = survey.rules[rule_index]
    network = survey.networks[reach.rule.mode.value]
    factor = next(band.speed_factor for band in survey.settings.bands if band.name == reach.band)
    return [ring(network, reach.arrival, m, factor) for m in sorted(set(map(float, minutes)))]


def ring(network: StreetNetwork, arrival: Arrival, minutes: float, speed_factor: float = 1.0) -> Ring:
    """Streets reached within some minutes, whole or cut at the exact place, and the polygon round them."""
    ahead, behind = reached_m(network, arrival, 60.0 * minutes, speed_factor)
    length = network.length_m
    whole = ahead + behind >= length - _TINY_M
    from_tail = np.flatnonzero(~whole & (ahead > _TINY_M))
    from_head = np.flatnonzero(~whole & (behind > _TINY_M))
    which = np.concatenate([from_tail, from_head])
    nothing = np.zeros(len(from_tail))
    begin = np.concatenate([nothing, length[from_head] - behind[from_head]])
    end = np.concatenate([ahead[from_tail], length[from_head]])
    pieces = parts_of(network.geometry, which, begin, end)
    # Also what is whole must have been entered: a link of no length at an end that nobody reaches is not.
    is_open = np.isfinite(network.passing_s).any(axis=1) & ((ahead > 0) | (behind > 0))
    lines = np.concatenate([network.geometry[whole & is_open], pieces])
    return Ring(minutes=float(minutes), lines=lines, polygon=around(lines))


def around(lines: ObjectArray, around_m: float = AROUND_M) -> shapely.Geometry:
    """A polygon around lines, blocks between them filled; as fine as the area is small (2 m cells at best).

    Painted on cells and traced: the cost hardly grows with the number of lines, as buffers of them would.
    """
    if not len(lines):
        return shapely.Polygon()
    x0, y0, x1, y1 = shapely.total_bounds(lines)
    wide, high = x1 - x0 + 4 * around_m, y1 - y0 + 4 * around_m
    cell = max(_FINEST_M, float(np.sqrt(wide * high / _CELLS)))
    around_m = max(around_m, 1.5 * cell)
    x0, y0 = x0 - around_m - 3 * cell, y0 - around_m - 3 * cell
    shape = (int((y1 + around_m - y0) / cell) + 4, int((x1 + around_m - x0) / cell) + 4)
    xy = shapely.get_coordinates(shapely.segmentize(lines, cell))
    off = np.ones(shape, dtype=bool)
    off[((xy[:, 1] - y0) / cell).astype(np.int64), ((xy[:, 0] - x0) / cell).astype(np.int64)] = False
    ground = ndimage.distance_transform_edt(off) * cell <= around_m
    holes, _ = ndimage.label(~ground)
    is_block = np.bincount(holes.ravel()) * cell * cell <= BLOCK_M2
    is_block[[0, holes[0, 0]]] = False  # the ground itself, and everything outside
    ground |= is_block[holes]
    traced = rasterio.features.shapes(
        ground.astype(np.uint8), mask=ground, transform=rasterio.Affine(cell, 0.0, x0, 0.0, cell, y0)
    )
    parts = np.array([shapely.geometry.shape(part) for part, _ in traced], dtype=object)
    return shapely.union_all(shapely.simplify(parts, cell))
