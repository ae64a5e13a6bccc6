"""Cameras and reach on a city: ``python -m tests.bench.coverage_city TERRITORY.gpkg PLAN.gpkg [--add N] [--posts P]``.

One JSON object on standard output: seconds of the processor and of the clock per stage, peak memory, and what was
found: densities, metres seen per level, proposals with their bound, promises.  Reading the two files is told apart
and is not part of ``total``; drawing the plan is no part of it at all.  Everything is checked independently
(`partition.coverage.check`) before it is printed; what the check takes is a stage of its own.

Sizes for the growth are made with ``gridwright demo --no-serve --households N`` or `tests.bench.scale --folder`.
An OpenStreetMap extract that was imported and drawn is measured the same way.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.usecases.coverage_land import read_coverage_land
from gis.sight.masks import masks
from gis.sight.sweep import visible
from gis.sight.walls import Walls
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.check import check_cameras, check_reach
from partition.coverage.posts.place import site_posts
from partition.coverage.posts.types import Goal
from partition.coverage.reach.survey import survey_reach
from partition.coverage.settings import CameraSettings, ReachSettings
from partition.coverage.siting.site import site_cameras
from tests.bench.output import json_lines, say
from tests.bench.scale import _peak_mb


class Stages:
    """Seconds of the processor, of the clock, and memory so far, stage by stage."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, float]] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Measure one stage; a stage that is measured again adds up."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        row = self.rows.setdefault(name, {"cpu_s": 0.0, "wall_s": 0.0, "peak_mb": 0.0})
        row["cpu_s"] = round(row["cpu_s"] + time.process_time() - cpu, 2)
        row["wall_s"] = round(row["wall_s"] + time.perf_counter() - wall, 2)
        row["peak_mb"] = round(_peak_mb())
        print(f"{name:<16} {row['cpu_s']:>9.2f} s {row['peak_mb']:>7.0f} MB", file=sys.stderr, flush=True)


def run(arguments: argparse.Namespace) -> int:
    """Measure one city; status 1 when the check finds anything wrong."""
    out, stages = json_lines(), Stages()
    cameras, reach = CameraSettings(level=arguments.level), ReachSettings()
    with stages.measure("read"):
        held = read_coverage_land(arguments.territory, arguments.plan)
    territory, land = held.territory, held.land
    with stages.measure("walls"):
        walls = Walls.of(territory, held.report)
    with stages.measure("density"):
        survey_cameras(territory, land, cameras, walls=walls, with_sight=False)
    with stages.measure("sight"):
        seen = survey_cameras(territory, land, cameras, walls=walls, report=held.report)
    with stages.measure("polygons"):
        polygons = visible(seen.cameras, walls, seen.cameras.range_m(cameras.px_per_m))
    with stages.measure("masks"):
        masks(polygons, territory)
    faults = []
    with stages.measure("check_cameras"):
        faults += check_cameras(territory, held.filed, seen).faults
    answer = None
    if arguments.add:
        with stages.measure("siting"):
            answer = site_cameras(territory, land, seen, cameras, goal=arguments.goal, add=arguments.add, walls=walls)
        with stages.measure("check_siting"):
            faults += check_cameras(territory, held.filed, seen, answer, add=arguments.add).faults
    with stages.measure("reach"):
        times = survey_reach(territory, land, reach, report=held.report)
    posts = []
    for position in range(len(times.rules) if arguments.posts else 0):
        if times.rules[position].is_kept is False:
            with stages.measure("posts"):
                posts.append(site_posts(territory, land, times, rule=position, goal=Goal.MOST, add=arguments.posts))
    with stages.measure("check_reach"):
        faults += check_reach(territory, held.filed, times, [(one, arguments.posts) for one in posts]).faults
    everything = next(row for row in seen.rows if row.scope == "all")
    work = {name: row for name, row in stages.rows.items() if name != "read"}
    say(
        out,
        {
            "instance": arguments.territory.stem,
            "grids": len(land.codes),
            "buildings": len(territory["buildings"]),
            "cameras": len(seen.cameras),
            "area_km2": round(everything.area_km2, 3),
            "density_per_km2": round(everything.density_per_km2 or 0.0, 2),
            "missing": everything.missing,
            "sample_points": len(seen.samples),
            "sight_lines": len(seen.sights.point),
            "street_km": round(everything.street_m / 1000, 2),
            "seen_frac": {k: round(v / everything.street_m, 5) for k, v in everything.seen_m.items()},
            "places": everything.places,
            "places_seen": dict(everything.places_seen),
            "blind_stretches": len(seen.blind),
            "siting": _siting(answer),
            "promises": [
                [r.rule.name, r.band, r.n_posts, r.is_kept, r.worst_s and round(r.worst_s, 1), r.unreachable]
                for r in times.rules
            ],
            "posts": [[p.rule, p.band, p.before, p.after, p.bound, p.is_proved, len(p.proposals)] for p in posts],
            "links": {mode: network.n_links for mode, network in times.networks.items()},
            "faults": sorted({fault.code for fault in faults}),
            "stages": stages.rows,
            "total_cpu_s": round(sum(row["cpu_s"] for row in work.values()), 1),
            "total_wall_s": round(sum(row["wall_s"] for row in work.values()), 1),
            "peak_mb": round(_peak_mb()),
        },
    )
    return 1 if faults else 0


def _siting(answer: Any) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {
        "goal": answer.goal,
        "n": len(answer.proposals),
        "seen_before_m": round(answer.seen_before_m, 1),
        "seen_after_m": round(answer.seen_after_m, 1),
        "worth": round(answer.worth, 2),
        "greedy_worth": round(answer.greedy_worth, 2),
        "bound": round(answer.bound, 2),
        "frac": round(answer.worth / answer.bound, 6) if answer.bound > 0 else None,
        "is_proved": answer.is_proved,
    }


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("territory", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--level", default="recognise")
    parser.add_argument("--goal", default="cover", choices=("cover", "floor"))
    parser.add_argument("--add", type=int, default=0, help="propose so many cameras")
    parser.add_argument("--posts", type=int, default=0, help="propose so many posts for promises that are not kept")
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
