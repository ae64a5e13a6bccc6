"""Other ways to the same patrols, on the same grids: networkx as ``postman_problems`` does it, and PyVRP alone.

Both get the grid's problem as arrays and nothing of our search.  ``postman`` is the rural postman of that package
(required streets must hang together; directions must not matter): odd junctions, shortest ways between them, minimum
weight matching, doubled streets.  ``pyvrp`` is the vehicle routing of that name: a street is two clients, one per
direction, of which one is visited.  What a peer can not solve it says; ratios are taken where both have a route.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from api.usecases.patrol_land import Land
from partition.patrol.many import GridPatrol
from partition.patrol.plan import plan_patrol
from partition.patrol.problem import PatrolProblem
from partition.patrol.settings import PatrolSettings

_FAR = 10**9


def compare(
    land: Land, patrols: Sequence[GridPatrol], settings: PatrolSettings, n: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """A row per grid, then one of all: seconds walked by peers over ours, and seconds of the processor of each."""
    del land
    rows = []
    for patrol in [p for p in patrols if p.result.routes and p.posed.problem.required.any()][:n]:
        problem = patrol.posed.problem
        ours_s, ours_cpu = _timed(plan_patrol, replace(problem, n_patrollers=1, shift_s=math.inf))
        row: dict[str, Any] = {"instance": patrol.grid, "ours_s": _walked(ours_s), "ours_cpu": ours_cpu}
        found, cpu = _timed(postman, problem)
        row |= {"postman": found if isinstance(found, str) else round(found / row["ours_s"], 5), "postman_cpu": cpu}
        posted, start = _with_a_post(problem, settings)
        ours, ours_cpu = _timed(plan_patrol, posted)
        found, cpu = _timed(pyvrp_alone, posted, start, seconds)
        row |= {"ours_posted_cpu": ours_cpu, "routes": len(ours.routes), "pyvrp_cpu": cpu}
        row["pyvrp"] = found if isinstance(found, str) else round(found / _walked(ours), 5)
        rows.append(row)
        yield row
    yield {"instance": "peers", "grids": len(rows), **_summary(rows, "postman"), **_summary(rows, "pyvrp")}


def _summary(rows: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    solved = [row for row in rows if isinstance(row[name], float)]
    ratios = [row[name] for row in solved]
    refused: dict[str, int] = {}
    for row in rows:
        if isinstance(row[name], str):
            refused[row[name]] = refused.get(row[name], 0) + 1
    ours = "ours_cpu" if name == "postman" else "ours_posted_cpu"
    return {
        f"{name}_solved": len(ratios),
        f"{name}_refused": refused,
        f"{name}_mean_ratio": round(float(np.mean(ratios)), 4) if ratios else None,
        f"{name}_max_ratio": max(ratios, default=None),
        f"{name}_min_ratio": min(ratios, default=None),
        f"{name}_cpu_s": round(sum(row[f"{name}_cpu"] for row in solved), 2),
        f"{name}_ours_cpu_s": round(sum(row[ours] for row in solved), 2),
    }


def postman(problem: PatrolProblem) -> float | str:
    """Seconds of the rural postman of networkx on the required streets; why not, where it can not."""
    if not problem.is_symmetric:
        return "directions differ"
    graph = nx.MultiGraph()
    for link in np.flatnonzero(problem.required):
        graph.add_edge(int(problem.tail[link]), int(problem.head[link]))
    if not nx.is_connected(graph):
        return "streets in several pieces"
    if any(int(node) not in graph for node in problem.stop_node):
        return "places beside the streets"
    whole = nx.MultiGraph()
    for u, v, cost in zip(problem.tail, problem.head, problem.passing_s[:, 0]):
        whole.add_edge(int(u), int(v), weight=float(cost))
    odd = sorted(node for node, degree in graph.degree() if degree % 2)
    pairs = nx.Graph()
    for i, u in enumerate(odd):
        far = nx.single_source_dijkstra_path_length(whole, u, weight="weight")
        pairs.add_weighted_edges_from((u, v, far[v]) for v in odd[i + 1 :])
    doubled = sum(pairs.edges[pair]["weight"] for pair in nx.min_weight_matching(pairs))
    return float(problem.inspecting_s[problem.required, 0].sum() + problem.stop_s.sum() + doubled)


def pyvrp_alone(problem: PatrolProblem, start: int, seconds: float) -> float | str:
    """Seconds of the routes that PyVRP finds from one post in so many seconds; why not, where it finds none."""
    import pyvrp

    must = np.flatnonzero(problem.required)
    ends = np.stack([problem.tail[must], problem.head[must]], axis=1)
    enter, leave = ends.ravel(), ends[:, ::-1].ravel()
    service = problem.inspecting_s[must].ravel()
    open_ = np.isfinite(service)
    enter = np.concatenate([[start], enter, problem.stop_node])
    leave = np.concatenate([[start], leave, problem.stop_node])
    service = np.concatenate([[0.0], np.where(open_, service, 0.0), problem.stop_s])
    way = _ways(problem)[leave][:, enter]
    cost = service[:, None] + way
    np.fill_diagonal(cost, 0.0)
    cost[1 : 1 + 2 * len(must)][~open_] = np.inf
    # Tenths of a second, rounded up, so that a shift is kept.
    whole = np.where(np.isfinite(cost), np.ceil(cost * 10), _FAR).astype(np.int64)
    clients, groups = [], []
    for k in range(len(must)):
        members = [2 * k + d for d in (0, 1)]
        clients += [pyvrp.Client(1 + m, required=False, group=len(groups)) for m in members]
        groups.append(pyvrp.ClientGroup(members, required=True))
    clients += [pyvrp.Client(1 + 2 * len(must) + k) for k in range(len(problem.stop_node))]
    limit = {"max_distance": int(problem.shift_s * 10)} if math.isfinite(problem.shift_s) else {}
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(len(whole))],
        clients,
        [pyvrp.Depot(0)],
        [pyvrp.VehicleType(num_available=max(1, problem.n_patrollers or 6), fixed_cost=10**7, **limit)],
        [whole],
        [np.zeros_like(whole)],
        groups,
    )
    began = time.process_time()
    found = pyvrp.solve(
        data, stop=lambda _: time.process_time() - began > seconds, seed=1, display=False, collect_stats=False
    )
    if not found.is_feasible():
        return "no routes found"
    walked = 0.0
    for route in found.best.routes():
        visits = [0, *(clients[visit.idx].location for visit in route if visit.is_client()), 0]
        walked += sum(cost[a, b] for a, b in pairwise(visits))
    return float(walked)


def _ways(problem: PatrolProblem) -> np.ndarray:
    tail = np.concatenate([problem.tail, problem.head])
    head = np.concatenate([problem.head, problem.tail])
    cost = problem.passing_s.T.ravel()
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    first = np.ones(len(tail), bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    keep = first & np.isfinite(cost)
    shape = (problem.n_nodes, problem.n_nodes)
    return np.asarray(
        dijkstra(coo_array((np.maximum(cost[keep], 1e-9), (tail[keep], head[keep])), shape=shape).tocsr())
    )


def _with_a_post(problem: PatrolProblem, settings: PatrolSettings) -> tuple[PatrolProblem, int]:
    """The problem from a post of its own, at the end of its first street: a vehicle needs a depot."""
    start = int(problem.tail[np.flatnonzero(problem.required)[0]])
    shift_s = 60 * settings.shift_minutes
    return replace(problem, posts=np.array([start], np.int32), n_patrollers=0, shift_s=shift_s), start


def _walked(result: Any) -> float:
    return float(sum(route.seconds for route in result.routes))


def _timed(work: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    began = time.process_time()
    found = work(*arguments)
    return found, round(time.process_time() - began, 3)
