"""Patrols of every grid of a city: ``python -m tests.bench.patrol_city TERRITORY.gpkg PLAN.gpkg [options]``.

One JSON object per grid on standard output, then one for all.  Everything in them comes from the independent check
(metres asked for, covered, out of reach; metres and minutes walked again), bounds and proofs from the planner.
Seconds are of the processor, so that other work on the machine does not count; ``wall_s`` is what the clock said.

``--one`` asks for one patroller a grid without a shift: the measure of thousands of grids.  ``--peers N`` gives the
first N grids to networkx (as ``postman_problems`` does it) and to PyVRP alone, see `tests.bench.patrol_peers`.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from api.usecases.patrol_land import Land, read_land
from gis.streets.network import Mode
from partition.executor import InProcess, Pool
from partition.patrol.many import GridPatrol, plan_many
from partition.patrol.settings import PatrolSettings
from partition.stop import Stop
from tests.bench.output import json_lines, say

_AIM = 1.10
_CLOSE = 1e-6


class Watch:
    """Seconds of the processor per stage, of this process; those of workers are known when they have ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "", time.process_time()

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin a stage."""
        self.end()
        self._stage = name

    def advance(self, steps: int = 1) -> None:
        """Nothing to note."""

    def end(self) -> None:
        """Write down the stage that is running."""
        now = time.process_time()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = "", now


def run(arguments: argparse.Namespace) -> int:
    """Plan all grids and print what the check found; status 1 when it found anything wrong."""
    out = json_lines()
    settings = PatrolSettings(mode=Mode(arguments.mode), shift_minutes=arguments.shift_minutes)
    if arguments.one:
        settings = replace(settings, n_patrollers=1, shift_minutes=math.inf)
    elif arguments.patrollers:
        settings = replace(settings, n_patrollers=arguments.patrollers)
    watch, began = Watch(), time.monotonic()
    land = read_land(arguments.territory, arguments.plan, settings, watch)
    grids = list(land.beats.grids)[: arguments.limit]
    planning = time.monotonic()
    executor = InProcess() if arguments.workers == 1 else Pool(arguments.workers)
    patrols = plan_many(
        land.network,
        land.beats,
        grids,
        settings,
        {},
        seed=arguments.seed,
        stop=Stop(seconds=arguments.seconds),
        executor=executor,
        progress=watch,
    )
    if isinstance(executor, Pool):
        executor.close()
    planned = time.monotonic()
    watch.end()
    workers_s = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    planning_s = sum(s for name, s in watch.seconds.items() if name.startswith("stage_patrol_"))
    rows = [grid_row(patrol) for patrol in patrols]
    for row in rows:
        say(out, row)
    total = totals(rows, land)
    total |= {
        "mode": arguments.mode,
        "one": arguments.one,
        "workers": arguments.workers,
        "cpu_s": {name: round(seconds, 2) for name, seconds in watch.seconds.items()},
        "workers_cpu_s": round(workers_s, 2),
        "plan_cpu_s": round(planning_s + workers_s, 2),
        "plan_wall_s": round(planned - planning, 1),
        "wall_s": round(planned - began, 1),
    }
    say(out, total)
    if arguments.peers:
        from tests.bench.patrol_peers import compare

        for row in compare(land, patrols, settings, arguments.peers, arguments.peer_seconds):
            say(out, row)
    return 1 if total["faults"] or total["missing_m"] > 0.1 or total["over_shift"] else 0


def grid_row(patrol: GridPatrol) -> dict[str, Any]:
    """One grid: what the check counted beside what the planner promises."""
    check, result, problem = patrol.check, patrol.result, patrol.posed.problem
    k = len(result.routes)
    deadhead = check.length_m - check.covered_m
    return {
        "instance": patrol.grid,
        "required_m": round(check.required_m, 2),
        "covered_m": round(check.covered_m, 2),
        "unreachable_m": round(check.unreachable_m, 2),
        "reasons": dict(Counter(out.reason for out in result.unreachable)),
        "places": len(patrol.posed.place),
        "routes": k,
        "length_m": round(check.length_m, 2),
        "deadhead_m": round(deadhead, 2),
        "bound_m": round(result.bound_m, 2),
        "seconds_walked": round(check.seconds, 1),
        "bound_s": round(result.bound_s, 1),
        "ratio_m": round(check.length_m / result.bound_m, 5) if result.bound_m > 0 else None,
        "ratio_s": round(check.seconds / result.bound_s, 5) if result.bound_s > 0 else None,
        "longest_min": round(check.longest_s / 60, 2),
        "ratio_longest": round(check.longest_s / result.longest_bound_s, 5) if result.longest_bound_s > 0 else None,
        "shift_min": problem.shift_s / 60 if math.isfinite(problem.shift_s) else None,
        "needs": [result.n_patrollers_needed, round(result.shift_s_needed / 60, 1)],
        "links": problem.n_links,
        "proof": result.proof,
        "method": result.method,
        "faults": sorted({fault.code for fault in check.faults}),
        "walks": [_walk(patrol, number) for number in range(k)],
    }


def _walk(patrol: GridPatrol, number: int) -> str:
    """The links passed, by their position in the network; ``-`` from head to tail, ``~`` without inspection."""
    route = patrol.result.routes[number]
    links = patrol.posed.link[route.link]
    return " ".join(
        f"{'-' if back else ''}{link}{'' if seen else '~'}"
        for link, back, seen in zip(links, route.is_back, route.inspects)
    )


def totals(rows: list[dict[str, Any]], land: Land) -> dict[str, Any]:
    """All grids together."""
    with_routes = [row for row in rows if row["routes"]]
    missing = sum(row["required_m"] - row["covered_m"] - row["unreachable_m"] for row in rows)
    late = [
        row["instance"]
        for row in rows
        if row["shift_min"] is not None and row["longest_min"] > row["shift_min"] + _CLOSE and not any(row["needs"])
    ]
    return {
        "instance": "all",
        "grids": len(rows),
        "grids_with_routes": len(with_routes),
        "links": land.network.n_links,
        "required_km": round(sum(row["required_m"] for row in rows) / 1000, 2),
        "covered_frac": sum(row["covered_m"] for row in rows) / max(1e-9, sum(row["required_m"] for row in rows)),
        "unreachable_m": round(sum(row["unreachable_m"] for row in rows), 1),
        "missing_m": round(abs(missing), 2),
        "over_shift": len(late),
        "told_over_shift": sum(any(row["needs"]) for row in rows),
        "routes": sum(row["routes"] for row in rows),
        "patrollers": dict(sorted(Counter(row["routes"] for row in rows).items())),
        "proofs": dict(Counter(row["proof"] for row in with_routes)),
        "faults": sum(len(row["faults"]) for row in rows),
        **{name: _spread([row[name] for row in with_routes]) for name in ("ratio_m", "ratio_s", "ratio_longest")},
        "ratio_m_several": _spread([row["ratio_m"] for row in with_routes if row["routes"] > 1]),
        "worst": [
            [row["instance"], row["routes"], row["ratio_m"], row["ratio_s"]]
            for row in sorted(with_routes, key=lambda row: -(row["ratio_m"] or 0))[:10]
        ],
        "deadhead_frac": _spread([row["deadhead_m"] / row["required_m"] for row in with_routes if row["required_m"]]),
    }


def _spread(values: list[float | None]) -> dict[str, float] | None:
    known = np.asarray([value for value in values if value is not None], dtype=np.float64)
    if not len(known):
        return None
    return {
        "mean": round(float(known.mean()), 5),
        "max": round(float(known.max()), 5),
        "within_aim_frac": round(float((known <= _AIM + _CLOSE).mean()), 5),
    }


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("territory", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], default="foot")
    parser.add_argument("--shift-minutes", type=float, default=240.0)
    parser.add_argument("--patrollers", type=int, default=0)
    parser.add_argument("--one", action="store_true", help="one patroller a grid, no shift")
    parser.add_argument("--limit", type=int, help="only the first so many grids")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="search each grid at most so long")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--peers", type=int, default=0, metavar="N")
    parser.add_argument("--peer-seconds", type=float, default=5.0)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
