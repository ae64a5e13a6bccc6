"""What each weight of the objective does: ``python -m tests.bench.weights [--towns N...] [--territory FILE...]``.

Draws every territory once with the default rules and once for each weight times each factor, and prints one JSON
object per run on standard output: metres of border by what it runs along, spread of sizes, shape.  ``--table FILE``
turns such output into the Markdown table of docs/adr/0003-objective-weights.md and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from data.sample import make_town
from gis.atoms import build_atoms
from gis.graph import AtomGraph, EdgeClass
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from gis.territory import Territory
from partition.plan import STANDARD, Result
from partition.rules import Rules
from partition.score import measure
from partition.zoning.draw import draw
from tests.bench.output import json_lines, say
from tests.towns import mesh

FACTORS = (0.0, 0.5, 2.0, 4.0)
WEIGHTS = tuple(f.name for f in fields(Rules) if f.name.startswith("weight_") or f.name.endswith("_weight"))
_USED_BY_CLASS = {f"weight_{c.name.lower()}": c for c in EdgeClass if c is not EdgeClass.EXCLAVE}
_ROAD = ("arterial", "street")


def describe(graph: AtomGraph, result: Result) -> dict[str, Any]:
    """The measures of one plan; sizes and distances over standard grids."""
    plan, score = result.plan, measure(graph, result.plan)
    n = len(plan.grids)
    grid = plan.atom_grid
    standard = np.array([g.kind == STANDARD for g in plan.grids], bool)
    households = np.bincount(grid, graph.households, n)
    lived = np.maximum(households, 1.0)
    x0, y0 = graph.x_m - graph.x_m.min(), graph.y_m - graph.y_m.min()
    x, y = (np.bincount(grid, graph.households * c, n) / lived for c in (x0, y0))
    square = (x0 - x[grid]) ** 2 + (y0 - y[grid]) ** 2
    spread = np.bincount(grid, graph.households * square + graph.inertia_m2, n) / lived
    distance = np.sqrt(spread)[standard & (households > 0)]
    inside = grid[graph.edge_a] == grid[graph.edge_b]
    inside &= standard[grid[graph.edge_a]] & (graph.edge_class == EdgeClass.ARTERIAL)
    by_class = {name: round(metres / 1000, 3) for name, metres in score.cut_m_by_class.items()}
    cut_km = score.cut_m / 1000
    return {
        "grids": score.n_standard,
        "in_band_frac": round(score.in_band_frac, 4),
        "households_mean": round(float(households[standard].mean()), 1) if standard.any() else None,
        "households_cv": round(score.households_cv, 4),
        "cut_km": round(cut_km, 3),
        "cut_km_by_class": by_class,
        "on_road_frac": round(sum(by_class.get(c, 0.0) for c in _ROAD) / cut_km, 4) if cut_km > 0 else None,
        "open_frac": round(by_class.get("open", 0.0) / cut_km, 4) if cut_km > 0 else None,
        "arterial_inside_km": round(float(graph.edge_length_m[inside].sum()) / 1000, 3),
        "polsby_popper": round(score.polsby_popper, 4),
        "distance_m": round(float(distance.mean()), 1) if len(distance) else None,
    }


def variations(graph: AtomGraph, rules: Rules, weights: Iterable[str]) -> Iterator[tuple[str, float, Rules]]:
    """(weight, factor, rules), the defaults first; a class of border that the land does not have is left out."""
    yield "default", 1.0, rules
    present = set(np.unique(graph.edge_class).tolist())
    for name in weights:
        if name in _USED_BY_CLASS and int(_USED_BY_CLASS[name]) not in present:
            continue
        for factor in FACTORS:
            yield name, factor, replace(rules, **{name: getattr(rules, name) * factor})


def atom_graph(territory: Territory) -> AtomGraph:
    """The atoms of a territory under the default rules."""
    rules, report = Rules(), QualityReport()
    return build_atoms(territory, max_households=rules.max_households, estate_cap=rules.estate_cap, report=report).graph


def run(instance: str, graph: AtomGraph, weights: Iterable[str], seed: int, workers: int) -> Iterator[dict[str, Any]]:
    """Draw one land under every variation."""
    for name, factor, varied in variations(graph, Rules(), weights):
        began = time.perf_counter()
        result = draw(graph, varied, seed=seed, workers=workers)
        yield {
            "instance": instance,
            "weight": name,
            "factor": factor,
            "value": getattr(varied, name) if name != "default" else None,
            **describe(graph, result),
            "seconds": round(time.perf_counter() - began, 2),
            "seed": seed,
        }


def table(rows: list[dict[str, Any]]) -> str:
    """The runs as Markdown, one table an instance."""
    out = []
    for instance in dict.fromkeys(row["instance"] for row in rows):
        mine = [row for row in rows if row["instance"] == instance]
        classes = [
            c.name.lower() for c in EdgeClass if any(row["cut_km_by_class"].get(c.name.lower(), 0) > 0 for row in mine)
        ]
        head = ["weight", "x", *classes, "all km", "road %", "grids", "in band %", "mean", "CV", "PP", "distance m"]
        out += [f"**{instance}**", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for row in mine:
            cells = [
                "default" if row["weight"] == "default" else f"`{row['weight']}`",
                "1" if row["weight"] == "default" else f"{row['factor']:g}",
                *(f"{row['cut_km_by_class'].get(c, 0.0):.1f}" for c in classes),
                f"{row['cut_km']:.1f}",
                "-" if row["on_road_frac"] is None else f"{100 * row['on_road_frac']:.0f}",
                str(row["grids"]),
                f"{100 * row['in_band_frac']:.1f}",
                f"{row['households_mean']:.0f}",
                f"{row['households_cv']:.3f}",
                f"{row['polsby_popper']:.3f}",
                f"{row['distance_m']:.0f}",
            ]
            out.append("| " + " | ".join(cells) + " |")
        out.append("")
    return "\n".join(out)


def main() -> None:
    """Run every territory, or make the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--towns", type=int, nargs="*", default=[12_000], help="households of sample towns")
    parser.add_argument("--territory", type=Path, nargs="*", default=[], help="territory files")
    parser.add_argument("--meshes", action="store_true", help="the meshes that solvers are measured on")
    parser.add_argument("--weights", nargs="+", choices=WEIGHTS, default=list(WEIGHTS), metavar="WEIGHT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--table", type=Path, help="print the table of this output and stop")
    asked = parser.parse_args()
    if asked.table is not None:
        print(table([json.loads(line) for line in asked.table.read_text(encoding="utf-8").splitlines()]))
        return
    answers = json_lines()
    lands = [(f"sample-town-{n}", atom_graph(make_town(n, 1).territory)) for n in asked.towns]
    lands += [(path.stem, atom_graph(read_territory(path))) for path in asked.territory]
    if asked.meshes:
        lands += [(f"smooth-{n}x{n}", mesh(n, 1, 40)) for n in (20, 60)]
        lands += [(f"lumpy-24x24-seed-{i}", mesh(24, i, 90, 1.0, 480, 0.15)) for i in (1, 2, 3)]
    for instance, graph in lands:
        for row in run(instance, graph, asked.weights, asked.seed, asked.workers):
            say(answers, row)
            print(f"{instance} {row['weight']} x{row['factor']:g} {row['seconds']} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
