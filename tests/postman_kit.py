"""Patrol problems by the dozen, and the shortest routes by a compact integer programme that shares nothing with ours.

The programme knows no cuts: a commodity flows from where the walk begins to every node that must be touched, over
links that are passed.  Several routes are several copies of it.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from partition.patrol.problem import PatrolProblem

MOST_PASSES = 24


def problem_of(
    n_nodes: int,
    links: list[tuple[int, int, float, float]],
    required: list[int] | None = None,
    *,
    stops: list[tuple[int, float]] | None = None,
    posts: list[int] | None = None,
    inspecting: float = 1.0,
    is_open: bool = False,
) -> PatrolProblem:
    """Links as (tail, head, seconds there, seconds back); inspection takes ``inspecting`` times as long."""
    cost = np.array([[there, back] for _, _, there, back in links], float).reshape(-1, 2)
    needs = np.ones(len(links), bool) if required is None else np.isin(np.arange(len(links)), required)
    return PatrolProblem(
        n_nodes,
        np.array([a for a, *_ in links], np.int32),
        np.array([b for _, b, *_ in links], np.int32),
        cost.min(axis=1, initial=np.inf),
        cost,
        cost * inspecting,
        needs,
        np.array([node for node, _ in stops or []], np.int32),
        np.array([dwell for _, dwell in stops or []], float),
        np.array(posts or [], np.int32),
        is_open=is_open,
    )


def random_problem(
    seed: int,
    *,
    kind: str = "undirected",
    n_nodes: int = 7,
    required_share: float = 1.0,
    n_posts: int = 0,
    n_stops: int = 0,
    is_open: bool = False,
) -> PatrolProblem:
    """A connected problem with parallels, loops and zero costs; ``kind``: undirected, directed, mixed, windy."""
    rng = np.random.default_rng(seed)
    ring = rng.permutation(n_nodes)
    pairs = [(int(ring[i]), int(ring[(i + 1) % n_nodes])) for i in range(n_nodes)]
    pairs += [(int(a), int(b)) for a, b in rng.integers(0, n_nodes, (n_nodes, 2))]
    if rng.random() < 0.4:
        pairs.append(pairs[int(rng.integers(len(pairs)))])
    cost = rng.integers(0 if rng.random() < 0.3 else 1, 20, (len(pairs), 2)).astype(float)
    if kind in ("undirected", "mixed", "directed"):
        cost[:, 1] = cost[:, 0]
    length = cost.min(axis=1)
    for k in range(len(pairs)):
        if kind == "directed" or (kind == "mixed" and rng.random() < 0.5):
            cost[k, 1] = np.inf  # the ring runs one way, so that everything is in reach
    inspecting = cost + np.where(np.isfinite(cost), rng.integers(0, 9, (len(pairs), 1)), 0)
    if kind == "windy":
        inspecting = cost + rng.integers(0, 9, cost.shape)
    return PatrolProblem(
        n_nodes,
        np.array([a for a, _ in pairs], np.int32),
        np.array([b for _, b in pairs], np.int32),
        length,
        cost,
        inspecting,
        rng.random(len(pairs)) < required_share,
        rng.integers(0, n_nodes, n_stops).astype(np.int32),
        rng.integers(0, 30, n_stops).astype(float),
        rng.choice(n_nodes, n_posts, replace=False).astype(np.int32),
        is_open=is_open,
    )


def least_seconds(problem: PatrolProblem, n_routes: int = 1, *, aim: str = "total") -> float:
    """Seconds of the shortest ``n_routes`` routes in all, or (``aim="longest"``) of the shortest longest one.

    Every route inspects or visits something.  For a handful of nodes.
    """
    return _Compact(problem, n_routes).solve(aim)


class _Compact:
    """Columns by name, rows as they come."""

    def __init__(self, problem: PatrolProblem, n_routes: int) -> None:
        self.problem, self.n_routes = problem, n_routes
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.seconds: list[dict[int, float]] = []
        served: dict[tuple[str, int], list[int]] = {}
        for _ in range(n_routes):
            self._route(served)
        for columns in served.values():
            self.row(dict.fromkeys(columns, 1.0), 1.0, 1.0)

    def column(self, high: float, *, whole: bool = True) -> int:
        self.low.append(0.0)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.low) - 1

    def row(self, terms: dict[int, float], low: float, high: float) -> None:
        self.rows.append((terms, low, high))

    def _route(self, served: dict[tuple[str, int], list[int]]) -> None:
        p = self.problem
        seconds: dict[int, float] = {}
        arcs: list[tuple[int, int, int]] = []
        work: list[int] = []
        touch: list[tuple[int, int]] = []  # column that needs the node touched
        for e in range(p.n_links):
            ends = (int(p.tail[e]), int(p.head[e]))
            for side in (0, 1):
                if not np.isfinite(p.passing_s[e, side]):
                    continue
                passes = self.column(MOST_PASSES)
                seconds[passes] = float(p.passing_s[e, side])
                arcs.append((ends[side], ends[1 - side], passes))
                if p.required[e] and np.isfinite(p.inspecting_s[e, side]):
                    inspects = self.column(1)
                    seconds[inspects] = float(p.inspecting_s[e, side] - p.passing_s[e, side])
                    self.row({passes: 1.0, inspects: -1.0}, 0.0, np.inf)
                    served.setdefault(("link", e), []).append(inspects)
                    touch.append((inspects, ends[side]))
                    work.append(inspects)
        for k, node in enumerate(p.stop_node.tolist()):
            visits = self.column(1)
            seconds[visits] = float(p.stop_s[k])
            served.setdefault(("stop", k), []).append(visits)
            touch.append((visits, node))
            work.append(visits)
        self.row(dict.fromkeys(work, 1.0), 1.0, np.inf)
        posts = sorted(set(p.posts.tolist())) or list(range(p.n_nodes))
        begins = {v: self.column(1) for v in posts}
        ends_at = {v: self.column(1) for v in range(p.n_nodes)} if p.is_open else begins
        self.row(dict.fromkeys(begins.values(), 1.0), 1.0, 1.0)
        if p.is_open:
            self.row(dict.fromkeys(ends_at.values(), 1.0), 1.0, 1.0)
        many = 2.0 * (len(touch) + 1)
        flows = [self.column(many, whole=False) for _ in arcs]
        for (_, _, passes), flow in zip(arcs, flows):
            self.row({flow: 1.0, passes: -many}, -np.inf, 0.0)
        for v in range(p.n_nodes):
            balance: dict[int, float] = {}
            goods: dict[int, float] = {}
            for (a, b, passes), flow in zip(arcs, flows):
                if a != b:
                    for node, sign in ((a, 1.0), (b, -1.0)):
                        if node == v:
                            balance[passes], goods[flow] = sign, sign
            if p.is_open:
                for columns, sign in ((begins, -1.0), (ends_at, 1.0)):
                    if v in columns:
                        balance[columns[v]] = sign
            self.row(balance, 0.0, 0.0)
            # What leaves is at most what arrives, less one for each thing done here, plus all where the walk begins.
            for done, node in touch:
                if node == v:
                    goods[done] = 1.0
            if v in begins:
                goods[begins[v]] = -many
            self.row(goods, -np.inf, 0.0)
        self.seconds.append(seconds)

    def solve(self, aim: str) -> float:
        cost = np.zeros(len(self.low) + 1)
        longest = self.column(np.inf, whole=False)
        if aim == "longest":
            cost[longest] = 1.0
            for seconds in self.seconds:
                self.row({**seconds, longest: -1.0}, -np.inf, 0.0)
        else:
            for seconds in self.seconds:
                for column, value in seconds.items():
                    cost[column] += value
        entries = [(i, c, v) for i, (terms, _, _) in enumerate(self.rows) for c, v in terms.items()]
        row, column, value = (np.array(part) for part in zip(*entries))
        matrix = coo_array((value, (row, column)), shape=(len(self.rows), len(self.low))).tocsr()
        limits = LinearConstraint(matrix, [low for _, low, _ in self.rows], [high for _, _, high in self.rows])
        found = milp(
            cost,
            constraints=limits,
            bounds=Bounds(self.low, self.high),
            integrality=np.array(self.whole, int),
            options={"mip_rel_gap": 0.0},
        )
        assert found.status == 0, found.message
        return float(found.fun)


def retraced_seconds(problem: PatrolProblem, route) -> float:  # type: ignore[no-untyped-def]
    """Walk a route step by step: its seconds, or an `AssertionError` where it is no lawful walk."""
    at, seconds, stops = route.start_node, 0.0, list(zip(route.stop_step.tolist(), route.stop.tolist()))
    inspected: list[int] = []
    for k, (link, back, inspects) in enumerate(
        zip(route.link.tolist(), route.is_back.tolist(), route.inspects.tolist())
    ):
        for step, stop in stops:
            if step == k:
                assert problem.stop_node[stop] == at
                seconds += float(problem.stop_s[stop])
        leaves, arrives = (problem.tail, problem.head)[:: -1 if back else 1]
        assert leaves[link] == at
        cost = problem.inspecting_s if inspects else problem.passing_s
        seconds += float(cost[link, int(back)])
        inspected += [link] if inspects else []
        at = int(arrives[link])
    for step, stop in stops:
        if step == len(route.link):
            assert problem.stop_node[stop] == at
            seconds += float(problem.stop_s[stop])
    assert np.isfinite(seconds)
    assert at == route.end_node
    assert problem.is_open or at == route.start_node
    assert not len(problem.posts) or route.start_node in problem.posts
    assert sorted(inspected) == np.flatnonzero(problem.required).tolist()
    assert sorted(route.stop.tolist()) == list(range(len(problem.stop_node)))
    return seconds
