"""gridwright behind the same door as its peers (see `tests.bench.peers_adapters`)."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gis.graph import AtomGraph
from partition.rules import Rules
from partition.zoning.draw import draw
from tests.bench.peers_adapters import Job, Method, serve


def as_graph(job: Job) -> AtomGraph:
    """The job as one urban community."""
    n, w = job["n"], np.array(job["households"], np.int64)
    real = np.array
    return AtomGraph(
        atom_ids=tuple(job["ids"]),
        communities=("M",),
        community_is_rural=np.zeros(1, bool),
        community_index=np.zeros(n, np.int32),
        estate_ids=(),
        estate_kinds=(),
        estate_dedicated=np.zeros(0, np.int64),
        estate_index=np.full(n, -1, np.int32),
        kind=np.zeros(n, np.int32),
        households=w,
        population=3 * w,
        n_buildings=(w > 0).astype(np.int64),
        largest_building=np.minimum(w, 1),
        area_m2=real(job["area_m2"], float),
        perimeter_m=real(job["perimeter_m"], float),
        x_m=real(job["x"], float),
        y_m=real(job["y"], float),
        inertia_m2=real(job["inertia_m2"], float),
        edge_a=real(job["edge_a"], np.int32),
        edge_b=real(job["edge_b"], np.int32),
        edge_length_m=real(job["edge_length_m"], float),
        edge_class=real(job["edge_class"], np.int32),
        edge_passable=np.ones(len(job["edge_a"]), bool),
    )


def load(rules: Rules) -> Method:
    """The solver with its kernels compiled."""

    def solve(job: Job) -> Any:
        return draw(as_graph(job), rules, seed=job["seed"]).plan.atom_grid

    side = 12  # small, yet past the enumeration: every kernel is compiled or read from its cache before the clock runs
    ids = np.arange(side * side).reshape(side, side)
    a = np.concatenate([ids[:, :-1].ravel(), ids[:-1].ravel()])
    b = np.concatenate([ids[:, 1:].ravel(), ids[1:].ravel()])
    order = np.lexsort((b, a))
    column, row = np.meshgrid(np.arange(side) * 60.0, np.arange(side) * 60.0)
    solve(
        {
            "n": side * side,
            "ids": [f"{i:03d}" for i in range(side * side)],
            "households": [30 + 7 * (i % 5) for i in range(side * side)],
            "area_m2": [3600.0] * (side * side),
            "perimeter_m": [240.0] * (side * side),
            "x": column.ravel(),
            "y": row.ravel(),
            "inertia_m2": [0.0] * (side * side),
            "edge_a": a[order],
            "edge_b": b[order],
            "edge_length_m": [60.0] * len(a),
            "edge_class": [1] * len(a),
            "seed": 0,
        }
    )
    return solve


if __name__ == "__main__":
    by_border = Rules(balance_weight=0.0, dispersion_weight=0.0)
    chosen = Rules() if "--default" in sys.argv[1:] else by_border
    serve("gridwright", lambda: load(chosen))
