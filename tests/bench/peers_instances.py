"""What the peers are measured on: the re-creatable meshes, and the villages of a territory file that need two grids.

Every instance is a list of jobs (one a community): a connected graph with households, places and lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.atoms import build_atoms
from gis.graph import AtomGraph
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from partition.rules import Rules
from tests.towns import mesh


@dataclass(frozen=True, slots=True)
class Instance:
    """A named list of jobs; ``limit_s`` and ``total_s`` bound the wall time of one job and of all."""

    name: str
    jobs: list[dict[str, Any]]
    limit_s: float
    total_s: float


def job(graph: AtomGraph, atoms: np.ndarray, rules: Rules, name: str) -> dict[str, Any] | None:
    """The atoms of one community as a job; ``None`` where they do not hang together or one grid is enough."""
    position = np.full(graph.n_atoms, -1)
    position[atoms] = np.arange(len(atoms))
    a, b = position[graph.edge_a], position[graph.edge_b]
    mine = (a >= 0) & (b >= 0) & graph.edge_passable
    a, b, households = a[mine], b[mine], graph.households[atoms]
    matrix = coo_array((np.ones(len(a)), (a, b)), shape=(len(atoms), len(atoms)))
    w = int(households.sum())
    k_min, k_max = -(-w // rules.max_households), w // rules.min_households
    if k_max < 2 or k_min > k_max or connected_components(matrix, directed=False)[0] > 1:
        return None
    return {
        "name": name,
        "n": len(atoms),
        "ids": [graph.atom_ids[i] for i in atoms],
        "households": households.tolist(),
        "area_m2": graph.area_m2[atoms].tolist(),
        "perimeter_m": graph.perimeter_m[atoms].tolist(),
        "x": graph.x_m[atoms].tolist(),
        "y": graph.y_m[atoms].tolist(),
        "inertia_m2": graph.inertia_m2[atoms].tolist(),
        "edge_a": a.tolist(),
        "edge_b": b.tolist(),
        "edge_length_m": graph.edge_length_m[mine].tolist(),
        "edge_class": graph.edge_class[mine].tolist(),
        "lo": rules.min_households,
        "hi": rules.max_households,
        "k": min(max(round(w / rules.target_households), k_min), k_max),
        "k_min": k_min,
        "k_max": k_max,
        "seed": 1,
    }


def meshes(limit_s: float) -> list[Instance]:
    """Smooth 60x60 and lumpy 24x24 with three seeds."""
    rules = Rules()
    drawn = [("smooth 60x60", mesh(60, 1, 40))]
    drawn += [(f"lumpy 24x24, seed {seed}", mesh(24, seed, 90, 1.0, 480, 0.15)) for seed in (1, 2, 3)]
    out = []
    for name, graph in drawn:
        one = job(graph, np.arange(graph.n_atoms), rules, name)
        assert one is not None
        out.append(Instance(name, [one], limit_s, limit_s))
    return out


def villages(path: Path, limit_s: float, total_s: float) -> Instance:
    """Every community of a territory file that count allows two grids or more, all cut like urban ones."""
    rules = Rules()
    territory = read_territory(path)
    atoms = build_atoms(
        territory, max_households=rules.max_households, estate_cap=rules.estate_cap, report=QualityReport()
    )
    graph = atoms.graph
    order = np.argsort(graph.community_index, kind="stable")
    starts = np.searchsorted(graph.community_index[order], np.arange(len(graph.communities) + 1))
    jobs = [
        job(graph, np.sort(order[starts[i] : starts[i + 1]]), rules, code) for i, code in enumerate(graph.communities)
    ]
    kept = [one for one in jobs if one is not None]
    return Instance(f"{path.stem}, {len(kept)} villages", kept, limit_s, total_s)
