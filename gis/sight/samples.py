"""Points that stand for what may be seen: public street metres and places, and the private metres that should not be.

How the land is sampled is decided in `gis.sight.sampling`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from gis.graph import FloatArray, Int32Array, IntArray


class Seen(IntEnum):
    """What a sample point stands for."""

    STREET = 0
    """Metres of a public street's middle line."""
    PLACE = 1
    """A key place, gates among them; ``metres`` is 0."""
    FRONTAGE = 2
    """Private: metres of outer wall of a building with households (windows)."""
    LANE = 3
    """Private: metres of a lane inside an estate."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Sample points, streets first, each kind in the order of its layer.  Arrays are read-only.

    Attributes
    ----------
    x, y
        Metres, in the territory's metric CRS.
    kind
        Per point: a `Seen`.
    row
        Per point: row in ``streets`` (STREET, LANE), ``key_places`` (PLACE) or ``buildings`` (FRONTAGE).
    along_m
        Per point: metres from the beginning of its line to the point; 0 for places.
    metres
        Per point: metres of line that it stands for; those of one line add up to its length.
    grid
        Per point: position of its grid in the list of grids, -1 outside every grid.
    nx, ny
        Per point: outward unit normal of a FRONTAGE wall, zero otherwise: a wall is seen only from its outer side.
    """

    x: FloatArray
    y: FloatArray
    kind: IntArray
    row: Int32Array
    along_m: FloatArray
    metres: FloatArray
    grid: Int32Array
    nx: FloatArray
    ny: FloatArray

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            value.setflags(write=False)
            if len(value) != len(self.x):
                raise ValueError(f"{name} has {len(value)} entries for {len(self.x)} points")

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Sights:
    """Which camera sees which sample point, and how finely; compressed by camera, points ascending.  Read-only.

    Attributes
    ----------
    start
        ``int64[cameras + 1]``: where each camera's entries begin.
    point
        ``int32``: sample point per entry.
    px_per_m
        ``float32``: pixel density at the point per entry.
    n_points
        Number of sample points.
    """

    start: np.ndarray
    point: Int32Array
    px_per_m: np.ndarray
    n_points: int

    def __post_init__(self) -> None:
        for value in (self.start, self.point, self.px_per_m):
            value.setflags(write=False)

    @property
    def n_cameras(self) -> int:
        """Number of cameras."""
        return len(self.start) - 1

    def finest(self) -> np.ndarray:
        """``float32[points]``: the finest pixel density at which any camera sees each point; 0 where none does."""
        best = np.zeros(self.n_points, dtype=np.float32)
        np.maximum.at(best, self.point, self.px_per_m)
        return best

    def count(self, px_per_m: float) -> Int32Array:
        """Per point: number of cameras that see it at least so finely."""
        seen = self.point[self.px_per_m >= np.float32(px_per_m)]
        return np.bincount(seen, minlength=self.n_points).astype(np.int32)
