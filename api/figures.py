"""The few figures that describe a plan, taken from its tables alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

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


def _counts(values: Any) -> dict[str, int]:
    found = Counter(str(value) for value in values if value is not None and value == value and value != "")
    return dict(sorted(found.items()))
