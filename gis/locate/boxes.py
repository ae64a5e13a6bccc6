"""Boxes of shapes hashed into square cells: the fastest way to the shapes near one point."""

from __future__ import annotations

from math import floor
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

_Box = tuple[int, float, float, float, float]


class Boxes:
    """Boxes hashed into square cells, of a size to suit each: less than the time of a tree for one point.

    A shape stands in the cells of the smallest size that its box does not exceed, so in four at most; a point looks
    into one cell of every size in use.

    Parameters
    ----------
    shapes
        Missing and empty ones are near nothing.
    """

    def __init__(self, shapes: NDArray[Any]) -> None:
        self._sizes: list[tuple[float, dict[tuple[int, int], list[_Box]]]] = []
        if not len(shapes):
            return
        box = shapely.bounds(shapes)
        rows = np.flatnonzero(np.isfinite(box).all(axis=1))
        extent = np.maximum(box[rows, 2] - box[rows, 0], box[rows, 3] - box[rows, 1])
        # A cell is never so small beside its coordinates that its number would not be exact.
        least = np.maximum(np.abs(box[rows]).max(axis=1) * 2.0**-48, 1e-9)
        level = np.ceil(np.log2(np.maximum(extent, least))).astype(int)
        for found in sorted(set(level.tolist())):
            size = 2.0**found
            cells: dict[tuple[int, int], list[_Box]] = {}
            of_size = rows[level == found]
            # Powers of two divide without rounding, so that a point on the edge of a box finds the cell of the box.
            low, high = (np.floor(box[of_size][:, part] / size).astype(int) for part in ([0, 1], [2, 3]))
            for row, corners, (x0, y0), (x1, y1) in zip(
                of_size.tolist(), box[of_size].tolist(), low.tolist(), high.tolist()
            ):
                entry = (row, *corners)
                for x in range(x0, x1 + 1):
                    for y in range(y0, y1 + 1):
                        cells.setdefault((x, y), []).append(entry)
            self._sizes.append((1 / size, cells))

    def near(self, x: float, y: float) -> list[int]:
        """Rows of shapes whose box holds the point; none for a point that is not finite."""
        found: list[int] = []
        try:
            for per_unit, cells in self._sizes:
                for row, west, south, east, north in cells.get((floor(x * per_unit), floor(y * per_unit)), ()):
                    if west <= x <= east and south <= y <= north:
                        found.append(row)
        except (ValueError, OverflowError):
            return []
        return found
