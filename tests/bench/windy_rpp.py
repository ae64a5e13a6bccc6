"""Published windy, mixed and directed postman instances: ``python -m tests.bench.windy_rpp FILE... [--seconds S]``.

Prints one JSON object per instance with the walk in it (node numbers as in the file, first = last), so that anybody
can verify it without our code; ``bound`` is a proved lower bound.  Seconds are those of the processor.  ``--table``
prints a table against the proved optima instead: those of the ``best_known.tsv`` beside each file, and a list here.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from partition.patrol.postman import solve_one
from partition.patrol.problem import Route
from tests.bench.postman_files import make_problem, read_links, retrace

# Proved by an integer programme of its own, not in the published table.
PROVED = {
    "P212500": 15816,
    "P2218": 448,
    "P2318": 351,
    "A3104": 10354,
    "A3201": 10083,
    "A3210": 13787,
    "A5101": 11032,
    "A5207": 6815,
    "A7110": 15018,
    "hd1110": 1738,
    "hd121": 3131,
    "hd3110": 1651,
    "hd4110": 2107,
    "hd421": 4661,
    "hd5110": 2263,
    "hd521": 4687,
    "hd621": 4208,
    "hd7110": 2609,
    "hd921": 5963,
    "hg221": 2897,
    "hg3110": 205,
    "hg321": 3049,
    "hg6110": 278,
    "hg621": 4712,
    "hg7110": 288,
    "hg8110": 375,
    "hg9110": 298,
}


def solve(path: Path, seconds: float, seed: int) -> dict[str, Any]:
    """One instance: the object to print."""
    links = read_links(path)
    problem = make_problem(links)
    began = time.process_time()
    result = solve_one(problem, seed=seed, seconds=seconds, clock=time.process_time)
    used = time.process_time() - began
    route = result.routes[0]
    walk = walk_of(route, problem.tail + 1, problem.head + 1)
    cost = retrace(links, walk)
    if abs(cost - route.seconds) > 1e-6:
        raise RuntimeError(f"{path.name}: the walk costs {cost}, not {route.seconds}")
    return {
        "instance": name_of(path),
        "cost": cost,
        "walk": walk,
        "bound": math.ceil(result.bound_s - 1e-6),
        "proof": result.proof,
        "seconds": round(used, 2),
    }


def walk_of(route: Route, tail: np.ndarray, head: np.ndarray) -> list[int]:
    """Nodes passed, in order."""
    first = route.start_node + 1
    return [first, *np.where(route.is_back, tail[route.link], head[route.link]).tolist()]


def name_of(path: Path) -> str:
    """Name of the instance: that of the file, without a suffix that only says what kind of file it is."""
    return path.name.removesuffix(".DAT").removesuffix(".nwk")


def optimum_of(path: Path) -> int | None:
    """Proved optimum of an instance, or ``None``."""
    table = path.parent / "best_known.tsv"
    if table.exists():
        for line in table.read_text(encoding="utf-8").splitlines()[1:]:
            name, *columns = line.split("\t")
            if name == name_of(path) and columns[3]:
                return int(float(columns[3]))
    return PROVED.get(name_of(path))


def print_table(paths: list[Path], seconds: float, seed: int) -> None:
    """A line per instance with a proved optimum (or, without any, with the bound), then the mean."""
    gaps = []
    print("| instance | optimum | cost | gap | bound | proof | CPU s |\n|---|---|---|---|---|---|---|")
    for path in paths:
        optimum = optimum_of(path)
        row = solve(path, seconds, seed)
        against = optimum or row["bound"]
        gaps.append(row["cost"] / against - 1 if against else 0.0)
        shown = "" if optimum is None else optimum
        cells = (name_of(path), shown, row["cost"], f"{gaps[-1]:.3%}", row["bound"], row["proof"], row["seconds"])
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
        if optimum is not None and not row["bound"] <= optimum <= row["cost"]:
            raise RuntimeError(f"{path.name}: cost {row['cost']}, bound {row['bound']}, proved optimum {optimum}")
    exact = np.mean(np.array(gaps) < 1e-9)
    print(f"\n{len(gaps)} instances, mean gap {np.mean(gaps):.4%}, largest {max(gaps):.3%}, exact {exact:.1%}")


def main() -> None:
    """Run the files named, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--seconds", type=float, default=2.0, help="processor time of each instance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="a table against the proved optima")
    parser.add_argument("--proved", action="store_true", help="only instances with a proved optimum")
    asked = parser.parse_args()
    paths = [path for path in asked.files if not asked.proved or optimum_of(path) is not None]
    solve(paths[0], 0.2, asked.seed)  # loads the compiled kernels
    if asked.table:
        print_table(paths, asked.seconds, asked.seed)
        return
    for path in paths:
        print(json.dumps(solve(path, asked.seconds, asked.seed)), flush=True)


if __name__ == "__main__":
    main()
