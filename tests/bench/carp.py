"""Published capacitated arc routing: ``python -m tests.bench.carp FILE... [--seconds S --seed N --solver NAME]``.

Prints one JSON object per instance with the routes in it, so that anybody can verify them without our code: every
required edge once, served as written, each route within the capacity, everything from and to vertex 0.  ``--table``
prints a table beside the best known instead.  Seconds are processor seconds of the search.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gis.graph import FloatArray, IntArray
from partition.patrol.arcs.run import Tours, search_tours
from partition.patrol.arcs.tasks import Tasks, make_tasks
from partition.patrol.arcs.vehicles import search_by_vehicles


@dataclass(frozen=True, slots=True)
class Instance:
    """A published instance: ``edges`` holds from, to, cost, demand; a demand of 0 is not required."""

    name: str
    n_nodes: int
    edges: IntArray
    capacity: int

    @property
    def required(self) -> IntArray:
        """The edges to be served."""
        return self.edges[self.edges[:, 3] > 0]


def read_instance(path: Path) -> Instance:
    """Read one file of whole numbers."""
    numbers = [int(word) for word in path.read_text(encoding="utf-8").split()]
    n_nodes, n_edges = numbers[:2]
    edges = np.array(numbers[2 : 2 + 4 * n_edges]).reshape(n_edges, 4)
    return Instance(path.stem, n_nodes, edges, numbers[3 + 4 * n_edges])


def distances(instance: Instance) -> FloatArray:
    """All quickest ways; of parallel edges the cheapest counts."""
    cost: dict[tuple[int, int], int] = {}
    for u, v, c, _ in instance.edges.tolist():
        for pair in ((u, v), (v, u)):
            cost[pair] = min(c, cost.get(pair, c))
    rows, columns = np.array(list(cost)).T
    matrix = csr_array((np.array(list(cost.values()), float), (rows, columns)), shape=(instance.n_nodes,) * 2)
    return np.asarray(dijkstra(matrix))


def tasks_of(instance: Instance) -> Tasks:
    """The instance for the search."""
    required = instance.required
    return make_tasks(
        distances(instance),
        required[:, :2].astype(np.int32),
        np.repeat(required[:, 2:3], 2, axis=1).astype(float),
        np.zeros(1, np.int32),
        load=required[:, 3].astype(float),
        capacity=float(instance.capacity),
    )


def routes_of(instance: Instance, tours: Tours) -> list[list[list[int]]]:
    """Served edges of every route in order, each from -> to."""
    required = instance.required
    return [
        [
            [int(required[task, back]), int(required[task, 1 - back])]
            for task, back in zip(tour.tasks.tolist(), tour.is_back.tolist())
        ]
        for tour in tours.tours
    ]


def verify(instance: Instance, routes: list[list[list[int]]]) -> int:
    """Cost of the routes, counted from the file alone.

    Raises
    ------
    ValueError
        A required edge is served twice or not at all, or a route is over the capacity.
    """
    apart = distances(instance)
    left: dict[frozenset[int], list[tuple[int, int]]] = {}
    for u, v, c, d in instance.required.tolist():
        left.setdefault(frozenset((u, v)), []).append((c, d))
    total = 0.0
    for route in routes:
        at, load = 0, 0
        for u, v in route:
            if not left.get(frozenset((u, v))):
                raise ValueError(f"{instance.name}: edge {u}-{v} is not left to serve")
            cost, demand = left[frozenset((u, v))].pop()
            total += apart[at, u] + cost
            load += demand
            at = v
        total += apart[at, 0]
        if load > instance.capacity:
            raise ValueError(f"{instance.name}: a route serves {load}, allowed {instance.capacity}")
    missed = sum(map(len, left.values()))
    if missed:
        raise ValueError(f"{instance.name}: {missed} edges are not served")
    return round(total)


def solve(instance: Instance, seconds: float, seed: int, solver: str = "arcs") -> dict[str, Any]:
    """Solve one instance and verify the answer."""
    tasks = tasks_of(instance)
    search_tours(tasks, seed=seed, n_rounds=2)  # compiled loops are loaded before the clock starts
    began = time.process_time()
    if solver == "pyvrp":
        tours = search_by_vehicles(tasks, seed=seed, seconds=seconds)
    else:
        tours = search_tours(tasks, seed=seed, seconds=seconds)
    took = time.process_time() - began
    routes = routes_of(instance, tours)
    return {"instance": instance.name, "cost": verify(instance, routes), "routes": routes, "seconds": round(took, 3)}


def best_known(path: Path) -> int | None:
    """Best known cost beside the file, where there is a table."""
    table = path.parent / "best_known.tsv"
    if not table.exists():
        return None
    with table.open(encoding="utf-8", newline="") as file:
        rows = {row["instance"]: int(row["best_known"]) for row in csv.DictReader(file, delimiter="\t")}
    return rows.get(path.name)


def main() -> None:
    """Solve the files named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--solver", choices=("arcs", "pyvrp"), default="arcs")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    gaps = []
    for path in asked.files:
        found = solve(read_instance(path), asked.seconds, asked.seed, asked.solver)
        if not asked.table:
            print(json.dumps(found), flush=True)
            continue
        best = best_known(path)
        gap = 100 * (found["cost"] - best) / best if best else float("nan")
        gaps.append(gap)
        print(f"{path.stem} {found['cost']} {best} {gap:.2f} % {found['seconds']:.1f} s", flush=True)
    if gaps:
        exact = sum(gap <= 1e-9 for gap in gaps)
        print(f"mean {np.mean(gaps):.3f} % max {max(gaps):.2f} % exact {exact} of {len(gaps)}")


if __name__ == "__main__":
    main()
