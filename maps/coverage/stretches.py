"""Stretches of street: parts of lines between two distances, and runs of sample points that are seen alike.

Distances along a street of several parts run on from part to part; the gaps between them count nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.sight import Samples, Seen, Sights
from gis.streets.network import ObjectArray

_TINY_M = 0.01


@dataclass(frozen=True, slots=True)
class Runs:
    """Stretches of streets that are seen alike: row of the street, from and to in metres, and how well."""

    street: Int32Array
    from_m: FloatArray
    to_m: FloatArray
    level: IntArray


def finest_level(samples: Samples, sights: Sights, is_working: BoolArray, levels: tuple[float, ...]) -> IntArray:
    """Per sample point: how many of the levels (from coarse to fine) some working camera sees it at, 0 for none."""
    working = np.repeat(is_working, np.diff(sights.start))
    best = np.zeros(len(samples), dtype=np.float32)
    np.maximum.at(best, sights.point[working], sights.px_per_m[working])
    found: IntArray = np.searchsorted(np.asarray(levels, dtype=np.float32), best, side="right").astype(np.int64)
    return found


def runs_of(samples: Samples, level: IntArray) -> Runs:
    """Neighbouring points of one street that are seen alike, as stretches."""
    at = np.flatnonzero(samples.kind == Seen.STREET)
    at = at[np.lexsort((samples.along_m[at], samples.row[at]))]
    row, seen = samples.row[at], level[at]
    start, end = samples.along_m[at] - samples.metres[at] / 2, samples.along_m[at] + samples.metres[at] / 2
    first = np.ones(len(at), dtype=bool)
    # A gap between two points (a stretch inside an estate, outside the territory) ends a run.
    first[1:] = (row[1:] != row[:-1]) | (seen[1:] != seen[:-1]) | (start[1:] - end[:-1] > 0.5)
    head = np.flatnonzero(first)
    tail = np.append(head[1:], len(at)) - 1 if len(at) else head
    return Runs(row[head], np.maximum(start[head], 0.0), end[tail], seen[head])


def cut_lines(lines: ObjectArray, row: IntArray | Int32Array, from_m: FloatArray, to_m: FloatArray) -> ObjectArray:
    """The part of ``lines[row]`` from one distance to another, per entry; ``None`` where nothing is left.

    Vectorised: a city's hundred thousand stretches take a second.
    """
    result = np.full(len(row), None, dtype=object)
    if not len(row):
        return result
    parts, owner = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    line = owner[part]
    step = np.zeros(len(xy))
    step[1:] = np.where(part[1:] == part[:-1], np.hypot(*(xy[1:] - xy[:-1]).T), 0.0)
    far = np.cumsum(step)
    begin = np.searchsorted(line, np.arange(len(lines)), side="left")[row]
    end = np.searchsorted(line, np.arange(len(lines)), side="right")[row] - 1
    whole = end > begin
    base, top = far[np.minimum(begin, len(far) - 1)], far[np.maximum(end, 0)]
    a, b = np.clip(base + from_m, base, top), np.clip(base + to_m, base, top)
    keep = np.flatnonzero(whole & (b - a > _TINY_M))
    a, b, begin, end = a[keep], b[keep], begin[keep], end[keep]
    low = np.clip(np.searchsorted(far, a + _TINY_M / 2, side="right"), begin + 1, end)
    high = np.clip(np.searchsorted(far, b - _TINY_M / 2, side="left"), low, end)
    inner = high - low
    n = inner + 2
    first = np.cumsum(n) - n
    out = np.empty((int(n.sum()), 2))
    out[first], out[first + n - 1] = _at(xy, far, a, low - 1), _at(xy, far, b, high - 1)
    within = np.arange(int(inner.sum())) - np.repeat(np.cumsum(inner) - inner, inner)
    out[np.repeat(first + 1, inner) + within] = xy[np.repeat(low, inner) + within]
    result[keep] = shapely.linestrings(out, indices=np.repeat(np.arange(len(keep)), n))
    return result


def _at(xy: FloatArray, far: FloatArray, distance: FloatArray, segment: IntArray) -> FloatArray:
    """The point at a distance, on the segment that begins at a vertex."""
    span = far[segment + 1] - far[segment]
    share = np.divide(distance - far[segment], span, out=np.zeros(len(distance)), where=span > 0)
    return xy[segment] + np.clip(share, 0.0, 1.0)[:, None] * (xy[segment + 1] - xy[segment])
