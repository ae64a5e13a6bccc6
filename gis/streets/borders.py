"""Streets against the outlines of grids: cut where a street crosses from one grid to the next.

A street that keeps within a few metres of a border along its whole length lies on the border and stays whole.
Whose it is then, `gis.streets.owners` decides.
"""

from __future__ import annotations

import numpy as np
import shapely

from gis.graph import FloatArray, IntArray
from gis.streets.lines import STEP_M, TINY_M, Lines, cut
from gis.streets.network import ObjectArray

_MARGIN_M = 0.01  # links end on borders: rounding must not put them outside
_SHORT = 2.0  # a link shorter than so many border widths is measured by where it lies, not by how near the border


def reaches(lines: ObjectArray, grids: ObjectArray, border_m: float) -> tuple[IntArray, IntArray]:
    """Pairs of a line and a grid that holds it whole, or all but what strays out less than ``border_m``.

    Ascending by line, then grid.  A line of two grids lies on their border; one of none crosses a border.
    """
    if not len(lines) or not len(grids):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    wide = shapely.buffer(grids, border_m + _MARGIN_M, quad_segs=4)
    grid, line = shapely.STRtree(lines).query(wide, predicate="contains")
    order = np.lexsort((grid, line))
    line, grid = line[order], grid[order]
    several = np.bincount(line, minlength=len(lines))[line] > 1
    is_short = several & (shapely.length(lines)[line] <= _SHORT * border_m)
    if not is_short.any():
        return line, grid
    # A stub that ends at the border is near it all along, and yet lies in one grid.
    inside_m = np.full(len(line), np.inf)
    inside_m[is_short] = shapely.length(shapely.intersection(lines[line[is_short]], grids[grid[is_short]]))
    most = np.zeros(len(lines))
    np.maximum.at(most, line[is_short], inside_m[is_short])
    kept = ~is_short | (inside_m >= most[line] - 0.5 * shapely.length(lines)[line])
    return line[kept], grid[kept]


def takers(lines: ObjectArray, grids: ObjectArray, border_m: float) -> tuple[IntArray, IntArray]:
    """Pairs of `reaches`, and where no grid holds a line the one with more than half of it: every metre has a taker."""
    line, grid = reaches(lines, grids, border_m)
    left = np.ones(len(lines), dtype=bool)
    left[line] = False
    rest = np.flatnonzero(left)
    if not len(rest) or not len(grids):
        return line, grid
    at, other = shapely.STRtree(grids).query(lines[rest], predicate="intersects")
    inside_m = shapely.length(shapely.intersection(lines[rest[at]], grids[other]))
    most = inside_m > 0.5 * shapely.length(lines[rest[at]])
    line, grid = np.concatenate([line, rest[at[most]]]), np.concatenate([grid, other[most]])
    order = np.lexsort((grid, line))
    return line[order], grid[order]


def cut_at_borders(lines: Lines, grids: ObjectArray, border_m: float) -> Lines:
    """Cut lines that go from one grid into another, or out of all grids, where they cross the border.

    Of all ways to cut a line at its crossings so that every piece keeps to one grid, the one with the fewest pieces,
    cut as late as possible along the line.
    """
    shapes = lines.geometry
    whole = np.zeros(len(lines), dtype=bool)
    whole[reaches(shapes, grids, border_m)[0]] = True
    candidate = np.flatnonzero(~whole)
    if not len(candidate) or not len(grids):
        return lines
    # Segment by segment, so that a line that passes a place twice is cut both times.
    is_candidate = np.zeros(len(lines), dtype=bool)
    is_candidate[candidate] = True
    is_start = is_candidate[lines.line]
    is_start[lines.first[1:] - 1] = False
    start = np.flatnonzero(is_start)
    segments = shapely.linestrings(np.stack([lines.xy[start], lines.xy[start + 1]], axis=1))
    outlines = shapely.boundary(grids)
    at, grid = shapely.STRtree(outlines).query(segments, predicate="intersects")
    if not len(at):
        return lines
    points, pair = shapely.get_coordinates(shapely.intersection(segments[at], outlines[grid]), return_index=True)
    vertex = start[at[pair]]
    along = lines.along_m[vertex] + np.hypot(*(points - lines.xy[vertex]).T)
    line, along = _distinct(lines.line[vertex], along, lines.length_m)
    pieces, parent, _ = cut(lines, line, along)
    return _rejoin(lines, pieces, parent, grids, border_m)


def _distinct(line: IntArray, along: FloatArray, length_m: FloatArray) -> tuple[IntArray, FloatArray]:
    """Positions ascending, without those at the line's ends and those that repeat."""
    order = np.lexsort((along, line))
    line, along = line[order], along[order]
    inner = (along > TINY_M) & (along < length_m[line] - TINY_M)
    line, along = line[inner], along[inner]
    new = np.ones(len(line), dtype=bool)
    new[1:] = (line[1:] != line[:-1]) | (along[1:] - along[:-1] > TINY_M + STEP_M)
    return line[new], along[new]


def _rejoin(lines: Lines, pieces: Lines, parent: IntArray, grids: ObjectArray, border_m: float) -> Lines:
    """Undo the cuts between pieces that one grid, or the land outside all grids, holds together."""
    n_pieces = np.bincount(parent, minlength=len(lines))
    split = np.flatnonzero(n_pieces[parent] > 1)
    shapes = pieces.geometry[split]
    piece, grid = reaches(shapes, grids, border_m)
    start = np.searchsorted(piece, np.arange(len(split) + 1))
    length = shapely.length(shapes)
    keep_line: list[int] = []
    keep_along: list[float] = []
    holds: set[int] = set()
    along, last = 0.0, -1
    for k, row in enumerate(parent[split]):
        mine = set(grid[start[k] : start[k + 1]].tolist())
        if not mine or length[k] <= border_m:
            mine.add(-1)  # outside all grids, or too short a way inside to count
        if row != last:
            along, last, holds = 0.0, int(row), mine
        elif holds & mine:
            holds &= mine
        else:
            keep_line.append(int(row))
            keep_along.append(along)
            holds = mine
        along += float(length[k])
    return cut(lines, np.array(keep_line, dtype=np.int64), np.array(keep_along))[0]
