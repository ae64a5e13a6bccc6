"""What a cut of some atoms costs, counted from the atoms themselves: borders, distance from the target, spread."""

from __future__ import annotations

import numpy as np

from gis.graph import AtomGraph, FloatArray, IntArray
from partition.rules import Rules
from partition.zoning.divide import inner_edges
from partition.zoning.problem import edge_costs


def cost_of_cut(graph: AtomGraph, rules: Rules, atoms: IntArray, edges: IntArray, part: IntArray) -> float:
    """Cost of a region cut into parts, as the solver counts.

    Parameters
    ----------
    rules
        Of the region.
    atoms
        Ascending.
    edges
        Contacts of its community.
    part
        Per atom a number from 0 on.
    """
    inner, a, b = inner_edges(graph, atoms, edges)
    cut = part[a] != part[b]
    border = float(edge_costs(graph, rules)[inner[cut]].sum())
    weight: FloatArray = graph.households[atoms].astype(np.float64)
    x = np.round(graph.x_m[atoms] - graph.x_m[atoms].min(), 6)
    y = np.round(graph.y_m[atoms] - graph.y_m[atoms].min(), 6)
    total = np.bincount(part, weight)
    some = np.maximum(total, 1.0)
    square = np.bincount(part, weight * (x * x + y * y) + graph.inertia_m2[atoms])
    spread = square / some - (np.bincount(part, weight * x) / some) ** 2 - (np.bincount(part, weight * y) / some) ** 2
    spread = np.where(total > 0, np.sqrt(np.maximum(spread, 0.0)), 0.0)
    half = max(rules.max_households - rules.target_households, rules.target_households - rules.min_households, 1)
    apart = total - rules.target_households
    shape = rules.balance_weight * apart * apart / half + rules.dispersion_weight * spread
    return border + float(shape.sum())
