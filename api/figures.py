"""The few figures that describe a territory or a plan, taken from their tables alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import shapely

from gis.territory import Territory
from partition.filed import FiledPlan
from partition.plan import STANDARD


def plan_figures(filed: FiledPlan) -> dict[str, Any]:
    """Counts and shares of a filed plan, as plain data.

    Returns
    -------
    dict
        ``grids`` and ``grids_by_kind``; ``households``, ``population``, ``buildings``, ``area_km2``;
        ``standard_in_band`` and ``standard_in_band_frac`` (``None`` without standard grids);
        ``households_min``/``_mean``/``_max`` of standard grids; ``communities``, ``feasible``, ``reasons`` and
        ``proofs`` (counts); ``violations`` (counts by code).
    """
    grids, communities = filed.grids, filed.communities
    standard = grids[grids["kind"] == STANDARD]
    sizes = standard["households"].to_numpy(np.int64)
    in_band = int(standard["within_band"].sum())
    return {
        "grids": len(grids),
        "grids_by_kind": _counts(grids["kind"]),
        "households": int(grids["households"].sum()),
        "population": int(grids["population"].sum()),
        "buildings": int(grids["buildings"].sum()),
        "area_km2": round(float(grids["area_m2"].sum()) / 1e6, 6),
        "standard_in_band": in_band,
        "standard_in_band_frac": in_band / len(standard) if len(standard) else None,
        "households_min": int(sizes.min()) if len(sizes) else None,
        "households_mean": round(float(sizes.mean()), 3) if len(sizes) else None,
        "households_max": int(sizes.max()) if len(sizes) else None,
        "communities": len(communities),
        "feasible": _counts(communities["feasible"]),
        "reasons": _counts(communities["reason"]),
        "proofs": _counts(communities["proof"]),
        "violations": _counts(filed.violations["code"]),
    }


def territory_households(territory: Territory) -> int:
    """Households of a territory: of its units, and of the buildings in communities that have no units."""
    units, buildings, communities = territory["units"], territory["buildings"], territory["communities"]
    total = int(units["households"].fillna(0).sum())
    if buildings.empty:
        return total
    households = buildings["households"].fillna(0).to_numpy(np.int64)
    if units.empty:
        return int(households.sum())
    counted = np.asarray(communities.geometry.array)[communities["code"].isin(units["community"]).to_numpy()]
    points = shapely.point_on_surface(np.asarray(buildings.geometry.array))
    in_units = np.unique(shapely.STRtree(counted).query(points, predicate="intersects")[0])
    return total + int(households.sum() - households[in_units].sum())


def _counts(values: Any) -> dict[str, int]:
    found = Counter(str(value) for value in values if value is not None and value == value and value != "")
    return dict(sorted(found.items()))
