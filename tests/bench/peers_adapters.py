"""One method of one peer on one graph: runs in the peers' own environment and knows nothing of gridwright.

``python peers_adapters.py METHOD`` reads one job a line (JSON) on standard input and answers with one line:
``{"ready": version}`` once the peer is imported (``{"missing": why}`` where it is not), then per job
``{"part": [...], "seconds": s}`` or ``{"failed": why}``.  Decides how each peer is asked; judging is left to
`tests.bench.peers_score`.  Every method gets the same connected graph, households, places and lengths.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

Job = dict[str, Any]
Method = Callable[[Job], Sequence[int]]

UNIT_OF_LENGTH_M = 15.0  # METIS wants small whole edge weights: raw metres lose parts and contiguity


def serve(package: str, load: Callable[[], Method]) -> None:
    """Answer jobs until standard input ends.  What a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        method = load()
        say({"ready": version(package)})
    except Exception as error:  # not installed, or installed and broken: both are said in the table
        say({"missing": f"{type(error).__name__}: {error}"})
        return
    for line in sys.stdin:
        job = json.loads(line)
        began = time.perf_counter()
        try:
            part = [int(p) for p in method(job)]
        except Exception as error:  # a peer may raise anything
            say({"failed": f"{type(error).__name__}: {error}"[:300]})
            continue
        say({"part": part, "seconds": time.perf_counter() - began})


def _neighbours(job: Job) -> list[list[int]]:
    out: list[list[int]] = [[] for _ in range(job["n"])]
    for a, b in zip(job["edge_a"], job["edge_b"]):
        out[a].append(b)
        out[b].append(a)
    return [sorted(row) for row in out]


def _rows(job: Job) -> tuple[list[int], list[int], list[int]]:
    """Compressed rows: starts, neighbours, and the border to each in small whole units."""
    length = {}
    for a, b, m in zip(job["edge_a"], job["edge_b"], job["edge_length_m"]):
        length[a, b] = length[b, a] = max(1, round(m / UNIT_OF_LENGTH_M))
    starts, flat, weight = [0], [], []
    for v, row in enumerate(_neighbours(job)):
        flat += row
        weight += [length[v, u] for u in row]
        starts.append(len(flat))
    return starts, flat, weight


def _metis(recursive: bool, contiguous: bool, ufactor: int, many: bool = False) -> Method:
    import pymetis

    def one(job: Job, rows: Any, k: int, seed: int, ncuts: int, weighted: bool) -> list[int]:
        if k < 2:
            return [0] * job["n"]
        options = pymetis.Options(ufactor=ufactor, seed=seed, ncuts=ncuts)
        return list(
            pymetis.part_graph(
                k,
                xadj=rows[0],
                adjncy=rows[1],
                vweights=job["households"],
                eweights=rows[2] if weighted else None,
                recursive=recursive,
                contiguous=contiguous,
                options=options,
            )[1]
        )

    def once(job: Job) -> list[int]:
        return one(job, _rows(job), job["k"], job["seed"], 5, False)

    def best_of_many(job: Job) -> list[int]:
        """Several k, two seeds, plain and weighted edges: the most parts in band, then the shortest border."""
        rows, best, price = _rows(job), [0] * job["n"], (float("inf"), float("inf"))
        k = job["k"]
        choices = sorted({max(job["k_min"], min(job["k_max"], round(k * f / 100))) for f in range(92, 105, 2)} | {k})
        for chosen in choices:
            for seed in (job["seed"], job["seed"] + 1):
                for weighted in (False, True):
                    part = one(job, rows, chosen, seed, 1, weighted)
                    found = _outside_and_cut(job, part)
                    if found < price:
                        best, price = part, found
        return best

    return best_of_many if many else once


def _outside_and_cut(job: Job, part: Sequence[int]) -> tuple[float, float]:
    total: dict[int, int] = {}
    for p, w in zip(part, job["households"]):
        total[p] = total.get(p, 0) + w
    outside = sum(not job["lo"] <= w <= job["hi"] for w in total.values())
    edges = zip(job["edge_a"], job["edge_b"], job["edge_length_m"])
    return float(outside), sum(m for a, b, m in edges if part[a] != part[b])


def _kahip(mode: str) -> Method:
    import kahip

    def solve(job: Job) -> list[int]:
        starts, flat, _ = _rows(job)
        if job["k"] < 2:
            return [0] * job["n"]
        ones = [1] * len(flat)
        _, part = kahip.kaffpa(
            job["households"], starts, ones, flat, job["k"], 0.2, True, job["seed"], getattr(kahip, mode)
        )
        return list(part)

    return solve


def _gerrychain(recom_steps: int) -> Method:
    import networkx
    from gerrychain import Graph, Partition
    from gerrychain.proposals import recom
    from gerrychain.tree import recursive_tree_part
    from gerrychain.updaters import Tally

    def solve(job: Job) -> list[int]:
        drawn = networkx.Graph()
        for v, w in enumerate(job["households"]):
            drawn.add_node(v, households=w)
        for a, b, m in zip(job["edge_a"], job["edge_b"], job["edge_length_m"]):
            drawn.add_edge(a, b, length=m)
        graph = Graph.from_networkx(drawn)
        k = job["k"]
        if k < 2:
            return [0] * job["n"]
        target = sum(job["households"]) / k
        slack = min(job["hi"] - target, target - job["lo"]) / target
        chance = random.Random(job["seed"])
        start = recursive_tree_part(graph, range(k), target, "households", slack, rng=chance)
        if recom_steps == 0:
            return [start[v] for v in range(job["n"])]
        plan = Partition(graph, assignment=start, updaters={"households": Tally("households")})
        best = [start[v] for v in range(job["n"])]
        cut = _outside_and_cut(job, best)
        for _ in range(recom_steps):
            proposed = recom(plan, "households", target, slack, rng=chance)
            part = [proposed.assignment[v] for v in range(job["n"])]
            found = _outside_and_cut(job, part)
            if found <= cut:
                plan, best, cut = proposed, part, found
        return best

    return solve


def _spopt(kind: str) -> Method:
    import geopandas
    import libpysal
    import numpy
    from spopt.region import MaxPHeuristic, WardSpatial

    def solve(job: Job) -> list[int]:
        places = geopandas.points_from_xy(job["x"], job["y"], crs="EPSG:32650")
        columns = {"x": job["x"], "y": job["y"], "households": job["households"]}
        table = geopandas.GeoDataFrame(columns, geometry=places)
        touch = libpysal.weights.W(dict(enumerate(_neighbours(job))), silence_warnings=True)
        if kind == "ward":
            model = WardSpatial(table, touch, ["x", "y"], n_clusters=job["k"])
        else:
            numpy.random.seed(job["seed"])  # noqa: NPY002  (the peer draws from the global generator)
            model = MaxPHeuristic(table, touch, ["x", "y"], "households", job["lo"], top_n=2)
        model.solve()
        return [int(p) for p in model.labels_]

    return solve


def _pygeoda(kind: str) -> Method:
    import pygeoda

    def solve(job: Job) -> list[int]:
        n = job["n"]
        with tempfile.NamedTemporaryFile("w", suffix=".gal", delete=False) as file:
            file.write(f"0 {n} places id\n")
            for v, row in enumerate(_neighbours(job)):
                file.write(f"{v + 1} {len(row)}\n{' '.join(str(u + 1) for u in row)}\n")
        try:
            touch = pygeoda.read_gal(file.name, [str(v + 1) for v in range(n)])
        finally:
            os.unlink(file.name)
        data = [[float(v) for v in job["x"]], [float(v) for v in job["y"]]]
        households = [float(w) for w in job["households"]]
        # One scale for both axes: standardised ones would see a long village as round.
        common = {"bound_variable": households, "min_bound": float(job["lo"]), "scale_method": "raw", "cpu_threads": 2}
        common["random_seed"] = 123456789 + job["seed"]
        if kind in ("maxp_greedy", "maxp_sa"):
            answer = getattr(pygeoda, kind)(
                touch, data, common.pop("bound_variable"), common.pop("min_bound"), **common
            )
        elif kind == "azp_greedy":
            answer = pygeoda.azp_greedy(job["k"], touch, data, **common)
        elif kind == "redcap":
            answer = pygeoda.redcap(job["k"], touch, data, "fullorder-wardlinkage", **common)
        else:
            answer = pygeoda.schc(job["k"], touch, data, "ward", **common)
        return list(answer["Clusters"])

    return solve


METHODS: dict[str, tuple[str, Callable[[], Method]]] = {
    "pymetis k-way contig": ("pymetis", lambda: _metis(False, True, 200)),
    "pymetis k-way contig, many k and seeds": ("pymetis", lambda: _metis(False, True, 200, many=True)),
    "pymetis recursive": ("pymetis", lambda: _metis(True, False, 200)),
    "kahip strong 20 %": ("kahip", lambda: _kahip("STRONG")),
    "kahip eco 20 %": ("kahip", lambda: _kahip("ECO")),
    "GerryChain recursive_tree_part": ("gerrychain", lambda: _gerrychain(0)),
    "GerryChain, then 2,000 ReCom": ("gerrychain", lambda: _gerrychain(2000)),
    "spopt WardSpatial": ("spopt", lambda: _spopt("ward")),
    "spopt MaxPHeuristic": ("spopt", lambda: _spopt("maxp")),
    "pygeoda maxp_greedy": ("pygeoda", lambda: _pygeoda("maxp_greedy")),
    "pygeoda maxp_sa": ("pygeoda", lambda: _pygeoda("maxp_sa")),
    "pygeoda azp_greedy, min 300": ("pygeoda", lambda: _pygeoda("azp_greedy")),
    "pygeoda redcap, min 300": ("pygeoda", lambda: _pygeoda("redcap")),
    "pygeoda schc, min 300": ("pygeoda", lambda: _pygeoda("schc")),
}
"""Name of the method -> (distribution, what imports and makes it)."""


if __name__ == "__main__":
    serve(*METHODS[sys.argv[1]])
