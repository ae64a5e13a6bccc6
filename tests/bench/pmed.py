"""Published p-median and p-center instances (OR-Library), one JSON line per file.

    python -m tests.bench.pmed FILE... --problem median|center [--seconds S --seed N]

Sites are numbered as in the file, where every node is demand and may be a site.  Seconds are of the processor.
Every answer is recounted before it is printed.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gis.graph import FloatArray
from partition.coverage.posts.check import recount
from partition.coverage.posts.solve import solve
from partition.coverage.posts.types import Goal, PostProblem
from partition.stop import Stop

GOALS = {"median": Goal.MEDIAN, "center": Goal.CENTER}


def read_pmed(path: Path) -> tuple[FloatArray, int]:
    """Shortest ways between all nodes, and the number of sites; of a repeated edge the last cost counts.

    Raises
    ------
    ValueError
        When the rows are fewer than the header announces, or name other nodes.
    """
    numbers = np.array(path.read_text(encoding="ascii").split(), dtype=np.int64)
    n, m, p = (int(value) for value in numbers[:3])
    if len(numbers) < 3 + 3 * m:
        raise ValueError(f"{(len(numbers) - 3) // 3} edges where {m} are announced")
    edges = numbers[3 : 3 + 3 * m].reshape(m, 3)
    if edges[:, :2].min() < 1 or edges[:, :2].max() > n:
        raise ValueError(f"nodes outside 1 to {n}")
    last: dict[tuple[int, int], int] = {}
    for u, v, cost in edges.tolist():
        last[min(u, v) - 1, max(u, v) - 1] = cost
    ends = np.array(list(last), np.int64)
    graph = csr_array((np.array(list(last.values()), float), (ends[:, 0], ends[:, 1])), shape=(n, n))
    return np.asarray(dijkstra(graph, directed=False)), p


def run(path: Path, goal: Goal, *, seconds: float | None = None, seed: int = 0) -> dict[str, Any]:
    """Answer of one instance, recounted."""
    cost, p = read_pmed(path)
    problem = PostProblem(cost, np.ones(len(cost)), np.zeros(0, np.int32), p)
    begin = time.process_time()
    found = solve(problem, goal, seed=seed, stop=Stop(seconds))
    taken = time.process_time() - begin
    faults = recount(problem, found)
    if faults:
        raise AssertionError(faults)
    return {
        "instance": path.stem,
        "objective": int(found.objective),
        "sites": [int(site) + 1 for site in found.sites],
        "bound": int(found.bound),
        "seconds": round(taken, 3),
    }


def main() -> None:
    """Print one line per file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--problem", choices=sorted(GOALS), required=True)
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for path in asked.files:
        print(json.dumps(run(path, GOALS[asked.problem], seconds=asked.seconds, seed=asked.seed)), flush=True)


if __name__ == "__main__":
    main()
