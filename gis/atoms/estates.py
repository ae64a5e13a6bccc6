"""Estate outlines made ready: no two overlap, and every atom knows the one estate it belongs to."""

from __future__ import annotations

import numpy as np
import shapely

from gis.enclose import ObjectArray
from gis.graph import IntArray
from gis.report import QualityReport
from gis.territory import Territory

SCRAP_M2 = 200.0
"""A part of an estate smaller than this, without households, is no part worth keeping."""


def own_outlines(territory: Territory, report: QualityReport) -> ObjectArray:
    """Outlines of the estates without overlap, in row order.

    Land claimed twice goes to a residential estate before any other kind, then to the smaller, then to the lower
    id: a school inside an estate is part of the estate, a market hall inside a business district stands alone.
    """
    estates = territory["estates"]
    outline = np.asarray(estates.geometry.array).copy()
    if not len(outline):
        return outline
    area = np.round(shapely.area(outline), 3)
    order = np.lexsort((np.arange(len(outline)), area, estates["kind"].to_numpy(dtype=object) != "estate"))
    rank = np.empty(len(outline), np.int64)
    rank[order] = np.arange(len(outline))
    one, two = shapely.STRtree(outline).query(outline, predicate="intersects")
    later = rank[one] > rank[two]
    one, two = one[later], two[later]
    claimed = shapely.area(shapely.intersection(outline[one], outline[two]))
    one, two, claimed = one[claimed > 0], two[claimed > 0], claimed[claimed > 0]
    ids = estates["id"].to_numpy(dtype=object)
    for row in np.unique(one):
        others = np.sort(two[one == row])
        outline[row] = shapely.difference(outline[row], shapely.union_all(np.asarray(estates.geometry.array)[others]))
        taken = float(claimed[one == row].sum())
        if taken > 1.0:
            report.add(
                "note_estates_overlap",
                "estates",
                str(ids[row]),
                before=float(area[row]),
                after=round(float(shapely.area(outline[row])), 3),
                others=", ".join(str(ids[i]) for i in others[:5]),
            )
    return outline


def estate_of_units(units: ObjectArray, outlines: ObjectArray) -> IntArray:
    """Estate that covers more than half of each ready-made unit, or -1."""
    found = np.full(len(units), -1, dtype=np.int64)
    if len(units) and len(outlines):
        unit, estate = shapely.STRtree(outlines).query(units, predicate="intersects")
        share = shapely.area(shapely.intersection(units[unit], outlines[estate])) / shapely.area(units[unit])
        found[unit[share > 0.5]] = estate[share > 0.5]
    return found


def report_cut_estates(territory: Territory, estate: IntArray, community: IntArray, report: QualityReport) -> None:
    """Report the estates whose atoms lie in more than one community: the community border cut them."""
    codes = territory["communities"]["code"].to_numpy(dtype=object)
    ids = territory["estates"]["id"].to_numpy(dtype=object)
    rows = estate >= 0
    pairs = np.unique(np.stack([estate[rows], community[rows]], axis=1), axis=0)
    owners, n = np.unique(pairs[:, 0], return_counts=True)
    for e in owners[n > 1]:
        shared = ", ".join(str(codes[c]) for c in pairs[pairs[:, 0] == e, 1])
        report.add("note_estate_crosses_communities", "estates", str(ids[e]), communities=shared)
