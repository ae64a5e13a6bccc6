"""Point to polygon: in which of many polygons does a point lie, for one point and for millions.

The answer is always that of ``shapely.intersects``, so a point on a border belongs to every polygon that has the
border; of several polygons the lowest row is given, and that there were several is told.  How it is found depends on
how many points are asked for: one looks into boxes by hash, few go through a tree, many through a raster with compiled
code (`gis.locate.raster`), which is built once it pays.  Which answer a point gets never depends on the way.

What a row stands for, and what is said of a point that lies nowhere, is left to the caller.
"""

from __future__ import annotations

import threading
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.graph import BoolArray
from gis.locate.boxes import Boxes

if TYPE_CHECKING:
    from gis.locate.raster import Raster

NOWHERE = -1
_WORTH_A_RASTER = 200_000  # points; about what a tree does in the time that loading the code and building take
_POLYGONS = (3, 6)  # shapely's numbers of Polygon and MultiPolygon
_NO_SHAPE = -1
_FARTHEST = 1e150  # beyond it products of coordinates leave the range of a double: left to the tree


class PolygonIndex:
    """Finds the polygon of a point among a set of (multi)polygons that does not change.

    Holes, overlaps and gaps are allowed.  Metres and degrees serve alike: nothing here has a unit.  ``None``, empty
    shapes and shapes with a coordinate that is not finite are in no place.

    Parameters
    ----------
    outlines
        The polygons; the row of a polygon is its position.

    Raises
    ------
    ValueError
        A shape that is no polygon.
    """

    def __init__(self, outlines: NDArray[np.object_]) -> None:
        self._outlines = _with_a_place(np.asarray(outlines, dtype=object))
        self._tree = shapely.STRtree(self._outlines)
        bounds = shapely.bounds(self._outlines)
        self._is_near = not np.any(np.abs(bounds[np.isfinite(bounds)]) > _FARTHEST)
        self._boxes: Boxes | None = None
        if self._is_near and not _have_odd_rings(self._outlines):
            self._boxes = Boxes(self._outlines)
            shapely.prepare(self._outlines)
        self._raster: Raster | None = None
        self._n_asked = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._outlines)

    def hits(self, x: float, y: float) -> list[int]:
        """Rows of all polygons that one point lies in or on, in no order."""
        if self._boxes is None:
            return (
                self._tree.query(shapely.Point(x, y), predicate="intersects").tolist()
                if isfinite(x) and isfinite(y)
                else []
            )
        return [row for row in self._boxes.near(x, y) if shapely.intersects_xy(self._outlines[row], x, y)]

    def find(self, x: float, y: float) -> tuple[int, bool]:
        """Row of the polygon of one point (`NOWHERE` for none), and whether it lies in or on several."""
        hits = self.hits(x, y)
        return (min(hits), len(hits) > 1) if hits else (NOWHERE, False)

    def find_many(
        self, x: ArrayLike, y: ArrayLike, allowed: BoolArray | None = None
    ) -> tuple[NDArray[np.int32], BoolArray]:
        """Row of the polygon of each point, and whether the point lies in or on several.

        Parameters
        ----------
        x, y
            Coordinates; a point with one that is not finite lies nowhere.
        allowed
            Which polygons count, one truth value a polygon; all of them by default.

        Returns
        -------
        tuple
            The lowest row a point (`NOWHERE` for none), and whether there were several: on a common border, or
            where polygons overlap.
        """
        x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        x, y = np.ascontiguousarray(x.ravel()), np.ascontiguousarray(y.ravel())
        if self._raster is None:
            self._n_asked += len(x)
            if self._n_asked < _WORTH_A_RASTER or not self._is_near:
                return self._by_tree(x, y, allowed)
        return self._by_raster(x, y, allowed)

    def prepare(self) -> None:
        """Build the raster now: for whoever knows that many points will come, or measures."""
        with self._lock:
            if self._raster is None and self._is_near:
                from gis.locate.raster import build_raster  # and the compiler, which few points never need

                self._raster = build_raster(self._outlines)

    def _by_raster(
        self, x: NDArray[np.float64], y: NDArray[np.float64], allowed: BoolArray | None
    ) -> tuple[NDArray[np.int32], BoolArray]:
        self.prepare()
        if self._raster is None:
            return self._by_tree(x, y, allowed)
        row, is_several, in_doubt = self._raster.find_many(x, y, allowed)
        if len(in_doubt):
            row[in_doubt], is_several[in_doubt] = self._by_tree(x[in_doubt], y[in_doubt], allowed)
        return row, is_several

    def _by_tree(
        self, x: NDArray[np.float64], y: NDArray[np.float64], allowed: BoolArray | None
    ) -> tuple[NDArray[np.int32], BoolArray]:
        some = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        point, row = self._tree.query(shapely.points(x[some], y[some]), predicate="intersects")
        if allowed is not None:
            kept = np.asarray(allowed, dtype=bool)[row]
            point, row = point[kept], row[kept]
        point = some[point]
        first = np.full(len(x), len(self), dtype=np.int32)
        np.minimum.at(first, point, row.astype(np.int32))
        n_hits = np.bincount(point, minlength=len(x))
        return np.where(n_hits > 0, first, np.int32(NOWHERE)), n_hits > 1


def _with_a_place(outlines: NDArray[np.object_]) -> NDArray[np.object_]:
    """The outlines without those that are in no place."""
    kind = shapely.get_type_id(outlines)
    if not np.isin(kind, (_NO_SHAPE, *_POLYGONS)).all():
        raise ValueError(f"no polygon: {shapely.GeometryType(int(kind[~np.isin(kind, (-1, *_POLYGONS))][0])).name}")
    xy, row = shapely.get_coordinates(outlines, return_index=True)
    bad = np.unique(row[~np.isfinite(xy).all(axis=1)])
    lost = shapely.is_empty(outlines)
    lost[bad] = True
    if not lost.any():
        return outlines
    kept = outlines.copy()
    kept[lost] = None
    return kept


def _have_odd_rings(outlines: NDArray[np.object_]) -> bool:
    """Whether an outline has rings that overlap each other, which is not valid.

    Only there does a prepared test, which counts the crossings of all rings together, take another view than
    ``intersects`` with its ring by ring.
    """
    several = (shapely.get_type_id(outlines) == _POLYGONS[1]) | (shapely.get_num_interior_rings(outlines) > 0)
    return not shapely.is_valid(outlines[several]).all()
