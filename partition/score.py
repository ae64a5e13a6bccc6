"""Scores of a plan, for comparing; none of them is optimised as such."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.graph import AtomGraph, EdgeClass, FloatArray
from partition.plan import DEDICATED, RURAL, STANDARD, Plan


@dataclass(frozen=True, slots=True)
class Score:
    """Measures of one plan; sizes and shares over standard grids only.

    Attributes
    ----------
    n_grids, n_standard, n_dedicated, n_rural
        Counts.
    in_band_frac
        Share of standard grids in the band (1.0 where there are none).
    households_min, households_median, households_max, households_cv
        Of standard grids; CV is the standard deviation by the mean.
    polsby_popper
        Unweighted mean of 4 pi area / perimeter squared over all grids.
    cut_m, cut_m_by_class
        Metres of border between grids of one community, in all and by what it runs along.
    """

    n_grids: int
    n_standard: int
    n_dedicated: int
    n_rural: int
    in_band_frac: float
    households_min: int
    households_median: float
    households_max: int
    households_cv: float
    polsby_popper: float
    cut_m: float
    cut_m_by_class: dict[str, float]


def measure(graph: AtomGraph, plan: Plan) -> Score:
    """Measure a plan on its graph."""
    kinds = np.array([g.kind for g in plan.grids], dtype=str)
    standard = kinds == STANDARD
    households = np.array([g.households for g in plan.grids], np.int64)[standard]
    in_band = np.array([g.within_band for g in plan.grids], bool)[standard]
    grid = plan.atom_grid
    cut = grid[graph.edge_a] != grid[graph.edge_b]
    metres = np.bincount(graph.edge_class[cut], graph.edge_length_m[cut], len(EdgeClass))
    mean = float(households.mean()) if len(households) else 0.0
    return Score(
        len(plan.grids),
        int(standard.sum()),
        int((kinds == DEDICATED).sum()),
        int((kinds == RURAL).sum()),
        float(in_band.mean()) if len(in_band) else 1.0,
        int(households.min()) if len(households) else 0,
        float(np.median(households)) if len(households) else 0.0,
        int(households.max()) if len(households) else 0,
        float(households.std() / mean) if mean > 0 else 0.0,
        float(polsby_popper(graph, plan).mean()) if len(plan.grids) else 0.0,
        float(metres.sum()),
        {c.name.lower(): float(metres[c]) for c in EdgeClass if metres[c] > 0},
    )


def polsby_popper(graph: AtomGraph, plan: Plan) -> FloatArray:
    """Per grid: 4 pi area / perimeter squared; borders between its own atoms do not count."""
    n = len(plan.grids)
    grid = plan.atom_grid
    area = np.bincount(grid, graph.area_m2, n)
    perimeter = np.bincount(grid, graph.perimeter_m, n)
    inner = grid[graph.edge_a] == grid[graph.edge_b]
    perimeter -= 2 * np.bincount(grid[graph.edge_a[inner]], graph.edge_length_m[inner], n)
    result: FloatArray = 4 * np.pi * area / np.maximum(perimeter, 1e-9) ** 2
    return result
