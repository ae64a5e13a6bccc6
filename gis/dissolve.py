"""Union of a coverage by groups: exact, fast, and checked, because a wrong union can come back without an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import GridwrightError
from gis.graph import Int32Array

AREA_TOLERANCE_FRAC = 1e-9
AREA_TOLERANCE_M2 = 1e-3


def dissolve(geometry: NDArray[Any], group: Int32Array, n_groups: int) -> NDArray[Any]:
    """Union of polygons that do not overlap and share all vertices, per group.

    Parameters
    ----------
    geometry
        Polygons or multipolygons of a valid coverage.
    group
        Per polygon: 0 to ``n_groups`` - 1; -1 leaves it out.
    n_groups
        Number of groups; a group without polygons gives an empty polygon.

    Returns
    -------
    object array of Polygon or MultiPolygon, ``n_groups`` long, normalised ring order.

    Raises
    ------
    GridwrightError
        ``dissolve_area_differs``: the polygons of a group overlap, so their union is not the sum of their areas.
    """
    group = np.asarray(group)
    geometry = np.asarray(geometry, dtype=object)
    rows = np.flatnonzero(group >= 0)
    rows = rows[np.argsort(group[rows], kind="stable")]
    start = np.searchsorted(group[rows], np.arange(n_groups + 1))
    area = np.bincount(group[rows], weights=shapely.area(geometry[rows]), minlength=n_groups)
    united = np.empty(n_groups, dtype=object)
    for i in range(n_groups):
        members = geometry[rows[start[i] : start[i + 1]]]
        united[i] = members[0] if len(members) == 1 else _unite(members)
    bad = ~shapely.is_valid(united) | ~_same(shapely.area(united), area)
    for i in np.flatnonzero(bad).tolist():
        # Vertices missing on one side: slower, but nodes what it unites.
        united[i] = shapely.union_all(geometry[rows[start[i] : start[i + 1]]])
    worst = np.abs(shapely.area(united) - area)
    wrong = np.flatnonzero(~_same(shapely.area(united), area) | ~shapely.is_valid(united))
    if len(wrong):
        first = int(wrong[np.argmax(worst[wrong])])
        raise GridwrightError("dissolve_area_differs", id=str(first), measured=float(worst[first]), allowed=1e-3)
    return np.asarray(shapely.normalize(united))


def _unite(members: NDArray[Any]) -> Any:
    if not len(members):
        return shapely.Polygon()
    try:
        return shapely.coverage_union_all(members)
    except shapely.errors.GEOSException:
        return shapely.union_all(members)


def _same(measured: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(measured - expected) <= AREA_TOLERANCE_M2 + AREA_TOLERANCE_FRAC * expected)
