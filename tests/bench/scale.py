"""Seconds and peak memory of each stage on a generated city: ``python -m tests.bench.scale [--households N]``.

Prints one JSON object per city on standard output; the stages as they end go to standard error.  With ``--folder``
the files stay, so that anybody can verify the plan without our code.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.files.plan_file import write_plan
from data.files.territory_file import write_territory
from data.sample import make_town
from gis.atoms import build_atoms
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from maps.plan_map import write_plan_map
from partition.checks import verify
from partition.file_plan import file_plan
from partition.rules import Rules
from partition.zoning.draw import draw

_RESET_PEAK = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Stages:
    """Measures stages one after the other."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Seconds, and the highest memory of this process while the stage ran (Linux; elsewhere: so far)."""
        if _RESET_PEAK.exists():
            _RESET_PEAK.write_text("5")
        began = time.perf_counter()
        yield
        row = {"stage": name, "seconds": round(time.perf_counter() - began, 2), "peak_mb": round(_peak_mb())}
        self.rows.append(row)
        print(f"{row['stage']:<16} {row['seconds']:>9.2f} s {row['peak_mb']:>7} MB", file=sys.stderr, flush=True)


def _peak_mb() -> float:
    if _STATUS.exists():
        (line,) = (line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def run(households: int, seed: int, workers: int, folder: Path) -> dict[str, Any]:
    """Measure one city."""
    stages, rules = Stages(), Rules()
    report = QualityReport()
    with stages.measure("make"):
        made = make_town(households, seed).territory
    with stages.measure("write territory"):
        write_territory(made, folder / "territory.gpkg")
    del made
    with stages.measure("read territory"):
        territory = read_territory(folder / "territory.gpkg", report)
    with stages.measure("atoms"):
        atoms = build_atoms(territory, max_households=rules.max_households, estate_cap=rules.estate_cap, report=report)
    with stages.measure("draw"):
        territory_hash = territory.content_hash()
        result = draw(atoms.graph, rules, seed=seed, territory_hash=territory_hash, workers=workers)
    with stages.measure("file"):
        filed = file_plan(territory, atoms, result)
    with stages.measure("check"):
        check = verify(filed, territory, rules)
    with stages.measure("write plan"):
        write_plan(filed, folder / "plan.gpkg")
    with stages.measure("map"):
        write_plan_map(filed, territory, folder / "plan.html")
    standard = filed.grids[filed.grids["kind"] == "standard"]
    return {
        "instance": f"sample-city-{households}",
        "households": int(territory["buildings"]["households"].sum()),
        "buildings": len(territory["buildings"]),
        "communities": len(territory["communities"]),
        "atoms": atoms.graph.n_atoms,
        "grids": len(filed.grids),
        "standard_grids": len(standard),
        "standard_in_band_frac": round(float(standard["within_band"].mean()), 4) if len(standard) else None,
        "is_sound": bool(check.is_sound),
        "violations": len(filed.violations),
        "stages": stages.rows,
        "seconds": round(sum(row["seconds"] for row in stages.rows), 2),
        "peak_mb": max(row["peak_mb"] for row in stages.rows),
        "largest_worker_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "workers": workers,
        "seed": seed,
        "gridwright": version("gridwright"),
        "python": platform.python_version(),
        "files": str(folder),
    }


def main() -> None:
    """Run one city per ``--households``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keep the files of each city here")
    asked = parser.parse_args()
    for households in asked.households:
        with tempfile.TemporaryDirectory(prefix="gridwright-") as temporary:
            folder = Path(temporary) if asked.folder is None else asked.folder / str(households)
            folder.mkdir(parents=True, exist_ok=True)
            print(json.dumps(run(households, asked.seed, asked.workers, folder), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
