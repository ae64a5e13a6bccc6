"""Published instances of fewest cut edges: ``python -m tests.bench.cut_edges FILE.json... [--seconds S --seed N]``.

Prints one JSON object per instance with the plan in it, so that anybody can verify it without our code: k contiguous
parts, the population of each within [L, U], as few edges between parts as can be.  ``bound`` is a proved lower bound
for every lawful plan, or null.  A plan outside the band is never passed off as one: its ``objective`` is null and
``outside`` says by how many people it misses.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from gis.graph import IntArray
from partition.rules import Rules
from partition.zoning.cut_bound import cut_bound
from partition.zoning.fixed_parts import divide_into
from partition.zoning.problem import Land, make_land

_MOVES_A_SECOND = 1_500_000  # work that goes with a budget of one second
_FIRST_MOVES = 5_000_000  # before the bound of three and more parts
_MAX_ROUNDS = 500
_LAST_SHARE = 0.08  # of the budget: an integer program does not stop at once


@dataclass(frozen=True, slots=True)
class Instance:
    """A published graph: ids as in the file, the land for the core, the number of parts."""

    name: str
    ids: tuple[Any, ...]
    land: Land
    n_parts: int


def read_instance(path: Path) -> Instance:
    """Read one file; every edge costs one, whatever its length; only the band and the cut count."""
    data = json.loads(path.read_text(encoding="utf-8"))
    nodes = sorted(data["nodes"], key=lambda node: node["id"])
    position = {node["id"]: i for i, node in enumerate(nodes)}
    ends = np.array([[position[a], position[b]] for a, b, *_ in data["edges"]], np.int64)
    n, m = len(nodes), len(ends)
    land = make_land(
        np.arange(n),
        np.array([node["pop"] for node in nodes], np.int64),
        np.array([node["x"] for node in nodes], float),
        np.array([node["y"] for node in nodes], float),
        np.zeros(n),
        ends[:, 0],
        ends[:, 1],
        np.ones(m),
        np.ones(m, bool),
        Rules(balance_weight=0.0, dispersion_weight=0.0),
    )
    low, high = int(data["L"]), int(data["U"])
    band = land._replace(lo=low, hi=high, target=(low + high) / 2, half=(high - low) / 2)
    return Instance(path.stem, tuple(node["id"] for node in nodes), band, int(data["k"]))


def solve(path: Path, seconds: float, seed: int) -> dict[str, Any]:
    """Cut one instance, with a second process at work on the bound: the object to print."""
    began = time.perf_counter()
    deadline = time.monotonic() + seconds
    instance = read_instance(path)
    moves = round(_MOVES_A_SECOND * seconds)
    context = get_context("spawn")
    proved = context.RawValue(ctypes.c_double, -np.inf)  # no lock: whoever holds one may be killed
    beside = context.Process(target=prove, args=(instance, seed, deadline - _LAST_SHARE * seconds, proved), daemon=True)
    beside.start()
    found = divide_into(
        instance.land, instance.n_parts, seed=seed, moves=moves, deadline=deadline, floor=lambda: proved.value
    )
    beside.join(max(0.0, deadline - time.monotonic()))
    beside.kill()  # an integer program does not always stop when it is told to; its best bound is here already
    beside.join()
    bound = proved.value
    objective = round(found.cost) if found.outside == 0 else None
    return {
        "instance": instance.name,
        "objective": objective,
        "bound": int(bound) if 0 < bound < np.inf else None,
        "outside": found.outside,
        "assignment": _assignment(instance, found.part),
        "stopped_by": "proof" if objective == bound else "clock" if found.was_cut else "work",
        "seed": seed,
        "seconds": round(time.perf_counter() - began, 2),
    }


def prove(instance: Instance, seed: int, deadline: float, proved: ctypes.c_double) -> None:
    """Raise ``proved`` to the best lower bound; a short search of its own gives the first prices where needed."""
    land, k = instance.land, instance.n_parts

    def tell(bound: float) -> None:
        proved.value = max(proved.value, bound)

    if k == 2:
        tell(cut_bound(land, k, [], rounds=_MAX_ROUNDS, deadline=deadline, on_better=tell))
        return
    first = divide_into(land, k, seed=seed, moves=_FIRST_MOVES, deadline=deadline)
    ceiling = first.cost if first.outside == 0 else np.inf
    parts = first.lawful_parts
    tell(cut_bound(land, k, parts, rounds=_MAX_ROUNDS, deadline=deadline, ceiling=ceiling, on_better=tell))


def _assignment(instance: Instance, part: IntArray) -> dict[str, int]:
    return {str(i): int(p) for i, p in zip(instance.ids, part)}


def main() -> None:
    """Run the files named, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.json")
    parser.add_argument("--seconds", type=float, default=55.0, help="time budget of each instance")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for path in asked.files:
        print(json.dumps(solve(path, asked.seconds, asked.seed)), flush=True)


if __name__ == "__main__":
    main()
