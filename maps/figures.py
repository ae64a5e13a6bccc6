"""The figures of a plan that a reader wants before the map: how many grids, how many in band, where no plan is lawful.

Counting only; sentences are made where they are shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from maps.features import grid_status
from partition.filed import FiledPlan
from partition.rules import Rules


def plan_rules(filed: FiledPlan) -> Rules:
    """The rules a plan was drawn by; the default rules where the file says none."""
    text = filed.meta.get("rules", "")
    return Rules.from_toml(text) if text else Rules()


def summary(filed: FiledPlan) -> dict[str, Any]:
    """Figures of a whole plan as plain data.

    Returns
    -------
    Counts of grids by kind and state; ``least``, ``median``, ``most``: households per standard grid (per grid of
    any kind where there is no standard one; ``None`` without grids); ``households`` and ``population`` in all;
    ``communities`` by ``feasible``; ``objective``, ``bound`` and ``gap_frac`` summed over the communities that
    have a proved bound (``n_bounded`` of them, ``None`` without any).
    """
    grids, communities = filed.grids, filed.communities
    status = np.asarray(grid_status(filed), dtype=object)
    kind = grids["kind"].to_numpy(dtype=object)
    standard = kind == "standard"
    sizes = grids["households"].to_numpy(dtype=np.int64)
    shown = sizes[standard] if standard.any() else sizes
    feasible = communities["feasible"].to_numpy(dtype=object)
    objective = communities["objective"].to_numpy(dtype=np.float64)
    bound = communities["bound"].to_numpy(dtype=np.float64)
    bounded = np.isfinite(objective) & np.isfinite(bound)
    cost, proved = float(objective[bounded].sum()), float(bound[bounded].sum())
    return {
        "grids": len(grids),
        "standard": int(standard.sum()),
        "standard_in_band": int((standard & grids["within_band"].to_numpy(dtype=bool)).sum()),
        "dedicated": int((kind == "dedicated").sum()),
        "rural": int((kind == "rural").sum()),
        "action": int((status == "action").sum()),
        "households": int(sizes.sum()),
        "population": int(grids["population"].sum()),
        "least": int(shown.min()) if len(shown) else None,
        "median": float(np.median(shown)) if len(shown) else None,
        "most": int(shown.max()) if len(shown) else None,
        "communities": len(communities),
        "lawful": int((feasible == "yes").sum()),
        "no_lawful_plan": int((feasible == "no").sum()),
        "unknown": int((feasible == "unknown").sum()),
        "n_bounded": int(bounded.sum()),
        "objective": round(cost, 3) if bounded.any() else None,
        "bound": round(proved, 3) if bounded.any() else None,
        "gap_frac": round(max(0.0, (cost - proved) / cost), 6) if bounded.any() and cost > 0 else None,
    }
