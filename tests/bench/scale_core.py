"""Seconds and peak memory of the core alone on mesh cities: ``python -m tests.bench.scale_core [--atoms N...]``.

A city is the re-creatable mesh of tests/towns.py (40 households an atom), ruled into square communities; ``--side 0``
makes it one single community.  Each city is drawn in a process of its own, so that the peak is its own.  Prints one
JSON object per city with the grid of every atom (``--no-solution`` leaves it out), and after several cities the
exponent ``e`` of seconds = c x atoms^e, by least squares.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from gis.graph import AtomGraph
from partition.rules import Rules
from partition.score import measure
from partition.zoning.draw import draw
from tests.bench.output import json_lines, say
from tests.towns import mesh


def city(n_atoms: int, side: int, seed: int) -> AtomGraph:
    """A mesh of about ``n_atoms`` atoms whose communities are squares of ``side`` x ``side`` of them."""
    n = round(n_atoms**0.5) if side == 0 else max(1, round(n_atoms**0.5 / side)) * side
    whole = mesh(n, seed, 40)
    if side == 0:
        return whole
    row, column = np.divmod(np.arange(n * n), n)
    community = (row // side) * (n // side) + column // side
    kept = community[whole.edge_a] == community[whole.edge_b]
    count = (n // side) ** 2
    return replace(
        whole,
        communities=tuple(f"M{i:06d}" for i in range(count)),
        community_is_rural=np.zeros(count, bool),
        community_index=community.astype(np.int32),
        edge_a=whole.edge_a[kept],
        edge_b=whole.edge_b[kept],
        edge_length_m=whole.edge_length_m[kept],
        edge_class=whole.edge_class[kept],
        edge_passable=whole.edge_passable[kept],
    )


def run(n_atoms: int, side: int, seed: int, workers: int) -> dict[str, Any]:
    """Draw one city and measure it."""
    graph = city(n_atoms, side, seed)
    draw(mesh(12, 1, 120), Rules())  # kernels compiled or read from their cache: not what is measured here
    began = time.perf_counter()
    result = draw(graph, Rules(), seed=seed, workers=workers)
    seconds = time.perf_counter() - began
    found = measure(graph, result.plan)
    here, below = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    mb = 2**20 if sys.platform == "darwin" else 1024
    gaps = np.array([c.gap_frac for c in result.communities])
    return {
        "instance": f"mesh-city-{graph.n_atoms}" + (f"-in-squares-of-{side}" if side else "-in-one"),
        "atoms": graph.n_atoms,
        "communities": len(graph.communities),
        "households": int(graph.households.sum()),
        "grids": found.n_grids,
        "in_band_frac": round(found.in_band_frac, 6),
        "feasible": sum(c.feasible == "yes" for c in result.communities),
        "refused": sum(c.feasible == "no" for c in result.communities),
        "proved_best": int((gaps == 0).sum()),
        "gap_at_most_5_percent": int((gaps <= 0.05).sum()),
        "cut_km": round(found.cut_m / 1000, 3),
        "polsby_popper": round(found.polsby_popper, 4),
        "seconds": round(seconds, 2),
        "peak_mb": round(here / mb),
        "largest_worker_mb": round(below / mb),
        "workers": workers,
        "seed": seed,
        "python": platform.python_version(),
        "assignment": {a: result.plan.grids[g].code for a, g in zip(graph.atom_ids, result.plan.atom_grid.tolist())},
    }


def main() -> None:
    """Draw every city, then fit the exponent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atoms", type=int, nargs="+", default=[10_000, 100_000, 300_000])
    parser.add_argument("--side", type=int, default=10, help="atoms along a community; 0: one community")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-solution", action="store_true", help="leave the assignment out")
    asked = parser.parse_args()
    answers, rows = json_lines(), []
    for n_atoms in asked.atoms:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            row = pool.submit(run, n_atoms, asked.side, asked.seed, asked.workers).result()
        if asked.no_solution:
            del row["assignment"]
        rows.append(row)
        say(answers, row)
    if len(rows) > 1:
        x, y = (np.log([row[key] for row in rows]) for key in ("atoms", "seconds"))
        say(answers, {"exponent": round(float(np.polyfit(x, y, 1)[0]), 3), "atoms": asked.atoms})


if __name__ == "__main__":
    main()
