"""One judge for every answer: contiguity, households in band, border, shape.  Shares no code with any solver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def score(job: dict[str, Any], part: Sequence[int]) -> dict[str, Any]:
    """Measures of one answer (the definitions stand in docs/benchmarks.md).

    cut: metres of border between different grids, the outer border not counted; Polsby-Popper: unweighted mean of
    4 pi A / P^2 with the outer border; moment of inertia: area x squared distance from the area-weighted centre.
    """
    n = job["n"]
    if len(part) != n:
        raise ValueError(f"{len(part)} labels for {n} atoms")
    grid = np.unique(np.asarray(part), return_inverse=True)[1]
    k = int(grid.max()) + 1
    a, b = np.asarray(job["edge_a"]), np.asarray(job["edge_b"])
    length, area = np.asarray(job["edge_length_m"], float), np.asarray(job["area_m2"], float)
    cut = grid[a] != grid[b]
    kept = ~cut
    graph = coo_array((np.ones(int(kept.sum())), (a[kept], b[kept])), shape=(n, n))
    pieces = int(connected_components(graph, directed=False)[0])
    size = np.bincount(grid, np.asarray(job["households"]), k)
    in_band = (size >= job["lo"]) & (size <= job["hi"])
    perimeter = np.bincount(grid, np.asarray(job["perimeter_m"], float), k)
    perimeter -= 2 * np.bincount(grid[a[kept]], length[kept], k)
    whole = np.bincount(grid, area, k)
    x, y = np.asarray(job["x"], float), np.asarray(job["y"], float)
    cx, cy = np.bincount(grid, area * x, k) / whole, np.bincount(grid, area * y, k) / whole
    inertia = float((area * ((x - cx[grid]) ** 2 + (y - cy[grid]) ** 2)).sum())
    return {
        "grids": k,
        "in_band": int(in_band.sum()),
        "households_min": int(size.min()),
        "households_max": int(size.max()),
        "extra_pieces": pieces - k,
        "cut_edges": int(cut.sum()),
        "cut_km": round(float(length[cut].sum()) / 1000, 4),
        "polsby_popper_sum": float((4 * np.pi * whole / np.maximum(perimeter, 1e-9) ** 2).sum()),
        "moi_1e6_m4": round(inertia / 1e6, 3),
        "is_lawful": bool(in_band.all()) and pieces == k,
    }


def total(scores: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Scores of several communities as one: counts and lengths added up, means over all grids."""
    grids = sum(s["grids"] for s in scores)
    return {
        "grids": grids,
        "in_band_frac": round(sum(s["in_band"] for s in scores) / grids, 4),
        "households_min": min(s["households_min"] for s in scores),
        "households_max": max(s["households_max"] for s in scores),
        "extra_pieces": sum(s["extra_pieces"] for s in scores),
        "cut_edges": sum(s["cut_edges"] for s in scores),
        "cut_km": round(sum(s["cut_km"] for s in scores), 3),
        "polsby_popper": round(sum(s["polsby_popper_sum"] for s in scores) / grids, 4),
        "moi_1e6_m4": round(sum(s["moi_1e6_m4"] for s in scores), 1),
        "lawful": sum(s["is_lawful"] for s in scores),
    }
