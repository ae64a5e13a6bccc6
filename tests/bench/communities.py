"""Proofs on the published communities: ``python -m tests.bench.communities``.

The re-creatable meshes of tests/towns.py with 36 to 400 atoms whose lawful grids can be written down, by border
alone (no balance, no spread), one JSON object each: cost in metres of border, bound, gap, proof, seconds.
"""

from __future__ import annotations

import platform
import time

from partition.rules import Rules
from partition.zoning.draw import draw
from tests.bench.output import json_lines, say
from tests.towns import mesh

_CITY = ((6, 100), (8, 120), (8, 100), (10, 120), (10, 150), (12, 150), (14, 150), (16, 120), (20, 150))
_LUMPY = ((8, 130), (12, 150))


def main() -> None:
    """Draw every community and print what is proved."""
    borders = Rules(balance_weight=0.0, dispersion_weight=0.0, weight_street=1.0)
    draw(mesh(6, 1, 100), borders)  # kernels compiled or read from their cache: not what is measured here
    cases = [(f"c{n}x{mean}", mesh(n, 7, mean)) for n, mean in _CITY]
    cases += [(f"lumpy {n}", mesh(n, 5, mean, 1.0, 480)) for n, mean in _LUMPY]
    answers = json_lines()
    for name, graph in cases:
        began = time.perf_counter()
        result = draw(graph, borders)
        seconds = time.perf_counter() - began
        found = result.communities[0]
        say(
            answers,
            {
                "instance": name,
                "atoms": graph.n_atoms,
                "households": int(graph.households.sum()),
                "grids": found.n_grids,
                "feasible": found.feasible,
                "reason": found.reason,
                "proof": found.proof,
                "objective_m": round(found.objective, 2),
                "bound_m": round(found.bound, 2) if found.bound == found.bound else None,
                "gap_frac": found.gap_frac if found.gap_frac == found.gap_frac else None,
                "seconds": round(seconds, 2),
                "python": platform.python_version(),
            },
        )


if __name__ == "__main__":
    main()
