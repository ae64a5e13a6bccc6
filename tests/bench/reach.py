"""Response times at the size of a city: ``python -m tests.bench.reach [--side 317] [--posts 50] [--incidents 1000]``.

One JSON object per measure on standard output.  Every promise of the default rules on sample towns of three sizes.
Arrival times from posts and nearest units on a network of about ``side`` x ``side`` crossings, and both against
networkx: on the large network itself, and on 200 random directed multigraphs with parallel links, loops, closed
directions and links of 0 s.  Seconds are of the processor.
"""

from __future__ import annotations

import argparse
import resource
import time

import networkx as nx
import numpy as np
import shapely

from data.sample import make_town
from partition.coverage.cameras.types import Land
from partition.coverage.reach.arcs import Arcs
from partition.coverage.reach.arrival import arrive
from partition.coverage.reach.dispatch import UnitIndex, nearest_units
from partition.coverage.reach.rings import ring
from partition.coverage.reach.survey import survey_reach
from partition.coverage.reach.types import Unit
from partition.coverage.settings import ReachSettings
from tests.bench.output import json_lines, say
from tests.reach_kit import as_graph, city, random_network


def nodes_by_networkx(graph: nx.MultiDiGraph, posts: list[int]) -> np.ndarray:
    """Seconds to every node from the nearest post."""
    found = np.full(graph.number_of_nodes(), np.inf)
    if posts:
        for node, seconds in nx.multi_source_dijkstra_path_length(graph, set(posts)).items():
            found[node] = seconds
    return found


def agree(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two tables of times are the same but for rounding."""
    return bool((np.isfinite(a) == np.isfinite(b)).all() and np.allclose(a[np.isfinite(a)], b[np.isfinite(b)]))


def every_promise(households: int) -> dict[str, object]:
    """The default rules by day and by night on a sample town, its communities cut in sixteen for grids."""
    territory = make_town(households, seed=1).territory
    shapes, codes = [], []
    for code, shape in zip(territory["communities"]["code"], territory["communities"].geometry):
        x, y = (np.linspace(*ends, 5) for ends in (shape.bounds[::2], shape.bounds[1::2]))
        cells = [shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(4) for j in range(4)]
        parts = [part for part in shapely.intersection(shape, cells) if part.area > 1]
        shapes += parts
        codes += [f"{code}{k:03d}" for k in range(len(parts))]
    nothing = ("",) * len(codes)
    grids = np.array(shapes, dtype=object)
    land = Land(tuple(codes), nothing, nothing, nothing, nothing, grids, shapely.area(grids), np.zeros(len(codes)))
    began = time.process_time()
    survey = survey_reach(territory, land, ReachSettings())
    seconds = time.process_time() - began
    return {
        "measure": "every promise, laying the streets of three modes included",
        "households": households,
        "buildings": len(territory["buildings"]),
        "links": survey.networks["car"].n_links,
        "grids": len(codes),
        "promises": len(survey.rules),
        "seconds": round(seconds, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=317)
    parser.add_argument("--posts", type=int, default=50)
    parser.add_argument("--incidents", type=int, default=1000)
    parser.add_argument("--units", type=int, nargs="+", default=[200, 50, 10, 3])
    parser.add_argument("--households", type=int, nargs="*", default=[30_000, 100_000, 300_000])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    out = json_lines()
    rng = np.random.default_rng(arguments.seed)

    for households in arguments.households:
        say(out, every_promise(households))
    same = 0
    for seed in range(200):
        small = random_network(seed)
        posts = rng.choice(small.n_nodes, int(rng.integers(1, 5)), replace=False).tolist()
        same += agree(arrive(small, posts, range(len(posts))).node_s, nodes_by_networkx(as_graph(small), posts))
    say(out, {"measure": "equals networkx on random directed multigraphs", "graphs": 200, "equal": same})

    network = city(arguments.side, arguments.seed)
    size = {"nodes": network.n_nodes, "links": network.n_links}
    posts = np.sort(rng.choice(network.n_nodes, arguments.posts, replace=False))
    rows = np.arange(len(posts))
    arrive(network, posts, rows)  # compiled
    began = time.process_time()
    runs = 5
    for _ in range(runs):
        arrival = arrive(network, posts, rows)
    whole = (time.process_time() - began) / runs
    arcs = Arcs.of(network)
    began = time.process_time()
    for _ in range(runs):
        arrive(network, posts, rows, arcs=arcs)
    searching = (time.process_time() - began) / runs
    began = time.process_time()
    graph = as_graph(network)
    by_networkx = nodes_by_networkx(graph, posts.tolist())
    say(
        out,
        {
            "measure": "arrival from posts",
            **size,
            "posts": len(posts),
            "seconds": round(whole, 4),
            "seconds_arcs_known": round(searching, 4),
            "seconds_networkx": round(time.process_time() - began, 2),
            "equals_networkx": agree(arrival.node_s, by_networkx),
            "reached_nodes": int(np.isfinite(arrival.node_s).sum()),
        },
    )
    for minutes in (1.0, 3.0, 5.0, 30.0):
        began = time.process_time()
        found = ring(network, arrival, minutes)
        seconds = round(time.process_time() - began, 3)
        km2 = round(found.polygon.area / 1e6, 2)
        say(out, {"measure": "ring", "minutes": minutes, "lines": len(found.lines), "km2": km2, "seconds": seconds})

    began = time.process_time()
    index = UnitIndex.of(network)
    say(out, {"measure": "index of nearest units", **size, "seconds": round(time.process_time() - began, 3)})
    low, high = np.array([network.node_x.min(), network.node_y.min()]), None
    high = np.array([network.node_x.max(), network.node_y.max()])
    backwards = graph.reverse(copy=False)
    for n_units in arguments.units:
        spots = rng.choice(network.n_nodes, n_units, replace=False)
        units = [Unit(f"U{i:04d}", "car", network.node_x[v], network.node_y[v]) for i, v in enumerate(spots.tolist())]
        nearest_units(network, units, *low, index=index)
        took, equal = [], 0
        for number in range(arguments.incidents):
            node = int(rng.integers(network.n_nodes))
            at = (network.node_x[node], network.node_y[node]) if number < 20 else rng.uniform(low, high)
            began = time.process_time()
            answer = nearest_units(network, units, *at, k=3, index=index)
            took.append(1000 * (time.process_time() - began))
            if number < 20:
                from_node = nx.single_source_dijkstra_path_length(backwards, node)
                ours = [r.seconds for r in answer if r.reason == "chosen"]
                theirs = sorted(from_node[v] for v in spots.tolist() if v in from_node)[:3]
                equal += bool(np.allclose(ours, theirs))
        p50, p95, worst = np.percentile(took, [50, 95, 100]).round(2).tolist()
        facts = {"k": 3, "units": n_units, "incidents": len(took), "p50_ms": p50, "p95_ms": p95, "max_ms": worst}
        say(out, {"measure": "nearest units", **size, **facts, "equals_networkx_of_20": equal})


if __name__ == "__main__":
    main()
