"""What the grids of one community cost, as the solver counts: cut borders, distance from the target, spread."""

from __future__ import annotations

import math

import numpy as np

from gis.graph import IntArray
from partition.edits.ground import Ground
from partition.edits.sheet import Codes
from partition.zoning.cut_cost import cost_of_cut
from partition.zoning.divide import Division, Region


def cost_of_community(ground: Ground, community: int, code: Codes) -> float:
    """Sum over the regions that the solver cut; NaN where the grids do not keep to these regions.

    A grid of a dedicated estate together with other homes is a plan that the solver never weighs, so its cost could
    not be held against any bound; nor could that of a plan which leaves ground in no grid.
    """
    division = ground.divisions[community]
    if (code[division.atoms] == "").any():
        return math.nan
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
    atoms = np.sort(region.atoms)
    _, part = np.unique(code[atoms].astype(str), return_inverse=True)
    return cost_of_cut(ground.graph, region.rules or ground.rules, atoms, division.edges, part)
