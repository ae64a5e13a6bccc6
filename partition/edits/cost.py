"""What the grids of one community cost, as the solver counts: cut borders, distance from the target, spread."""

from __future__ import annotations

import math

import numpy as np

from gis.graph import FloatArray, IntArray
from partition.edits.ground import Ground
from partition.edits.sheet import Codes
from partition.rules import Rules
from partition.zoning.divide import Division, Region, inner_edges
from partition.zoning.problem import edge_costs


def cost_of_community(ground: Ground, community: int, code: Codes) -> float:
    """Sum over the regions that the solver cut; NaN where the grids do not keep to these regions.

    A grid of a dedicated estate together with other homes is a plan that the solver never weighs, so its cost could
    not be held against any bound.
    """
    division = ground.divisions[community]
    owner = _owners(division)
    settled = division.atoms[owner >= 0]
    pairs = set(zip(code[settled].tolist(), owner[owner >= 0].tolist()))
    if len({grid for grid, _ in pairs}) < len(pairs):
        return math.nan
    n_fixed = len(division.fixed)
    if sum(one < n_fixed for _, one in pairs) > n_fixed:
        return math.nan
    return math.fsum(_cost(ground, division, region, code) for region in division.regions)


def _owners(division: Division) -> IntArray:
    """Per atom of the community the fixed part or region it is of; -1 for land that was attached at the end."""
    owner = np.full(len(division.atoms), -1, np.int64)
    parts = [*(one.atoms for one in division.fixed), *(one.atoms for one in division.regions)]
    for number, atoms in enumerate(parts):
        owner[np.searchsorted(division.atoms, atoms)] = number
    return owner


def _cost(ground: Ground, division: Division, region: Region, code: Codes) -> float:
    graph = ground.graph
    rules: Rules = region.rules or ground.rules
    atoms = np.sort(region.atoms)
    _, part = np.unique(code[atoms].astype(str), return_inverse=True)
    edges, a, b = inner_edges(graph, atoms, division.edges)
    cut = part[a] != part[b]
    border = float(edge_costs(graph, rules)[edges[cut]].sum())
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
