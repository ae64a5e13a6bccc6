"""Simulated tracks: ``python -m tests.bench.tracks [--grids N --households N --seed N --table]``.

Draws the sample town, plans a patrol on foot for some of its grids with one street closed, walks the routes, and adds
the errors of a receiver: 5, 10 and 20 m per axis, independent from fix to fix or drifting, with a tenth of the fixes
lost.  The report of the tracks should name that street and no other.  One JSON object per kind of error: true, false
and overlooked misses, their F1 by link and by metres, how many of the walks were judged without any fault, and fixes
per second of processor time of one core (cleaning, matching and covering; reading of GPX apart).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from api.usecases import draw_plan
from data.files.plan_file import read_plan
from data.files.territory_file import write_territory
from data.sample import make_town
from gis.streets import Beats, StreetNetwork, lay_network
from partition.patrol.plan import plan_patrol
from partition.patrol.pose import Poser
from partition.patrol.settings import PatrolSettings
from partition.patrol.tracks import Matcher, TrackSettings, judge_tracks
from tests.street_kit import track_along

ERRORS = [(sigma, lasting) for sigma in (5.0, 10.0, 20.0) for lasting in (0.0, 60.0)]
LEAST_M = 40.0  # a street this long at least is closed


@dataclass(frozen=True, slots=True)
class Walk:
    """A walked patrol: links in order, which run back, seconds on each; what was due and not walked."""

    grid: str
    links: list[list[int]]
    backs: list[list[bool]]
    seconds: list[list[float]]
    missed: frozenset[int]


def lay(households: int, seed: int) -> tuple[StreetNetwork, Beats, PatrolSettings]:
    """Streets of the sample town on foot, and whose they are."""
    settings = PatrolSettings()
    with tempfile.TemporaryDirectory() as folder:
        territory = make_town(households, seed).territory
        write_territory(territory, Path(folder) / "town.gpkg")
        plan = read_plan(draw_plan(Path(folder) / "town.gpkg", Path(folder) / "plan.gpkg", seed=seed).path)
    grids = plan.grids[["code", "geometry"]].to_crs(territory.crs)
    network, beats = lay_network(territory, grids, settings.network_options())
    return network, beats, settings


def walks(network: StreetNetwork, beats: Beats, settings: PatrolSettings, n: int, seed: int) -> Iterator[Walk]:
    """Patrols of some grids, each with another street closed."""
    rng = np.random.default_rng(seed)
    poser = Poser(network, beats, settings)
    for grid in rng.permutation(np.array(beats.grids))[:n].tolist():
        posed = poser.pose(grid)
        p = posed.problem
        own = posed.link[p.required]
        streets, at = np.unique(network.street[own], return_inverse=True)
        long = streets[np.bincount(at, weights=network.length_m[own]) >= LEAST_M]
        if not len(long):
            continue
        left = ~np.isin(network.street[posed.link], rng.choice(long))
        link = posed.link[left]
        p = replace(
            p,
            **{c: getattr(p, c)[left] for c in ("tail", "head", "length_m", "passing_s", "inspecting_s", "required")},
        )
        result = plan_patrol(p, seed=seed)
        links, backs, seconds = [], [], []
        passed = np.zeros(network.n_links, int)
        for route in result.routes:
            column = route.is_back.astype(int)
            took = np.where(route.inspects, p.inspecting_s[route.link, column], p.passing_s[route.link, column])
            if len(took):
                links.append(link[route.link].tolist())
                backs.append(route.is_back.tolist())
                seconds.append(took.tolist())
                np.add.at(passed, link[route.link], 1)
        wanted = np.where(network.both_sides, 2, 1)
        yield Walk(grid, links, backs, seconds, frozenset(own[passed[own] < wanted[own]].tolist()))


def measure(
    network: StreetNetwork, beats: Beats, patrols: list[Walk], sigma_m: float, lasting_s: float, every_s: float
) -> dict[str, Any]:
    """Judge every walk under one kind of error."""
    settings = TrackSettings()
    matcher = Matcher(network, settings)
    counts = np.zeros(3)
    metres = np.zeros(3)
    n_fixes, exact, seconds = 0, 0, 0.0
    for number, walk in enumerate(patrols):
        tracks = [
            track_along(
                network, *way, seconds=took, every_s=every_s, sigma_m=sigma_m, lasting_s=lasting_s, seed=97 * number + i
            )
            for i, (*way, took) in enumerate(zip(walk.links, walk.backs, walk.seconds))
        ]
        begin = time.process_time()
        report = judge_tracks(network, beats, tracks, settings, grids=[walk.grid], matcher=matcher)
        if number:  # the first compiles and builds the search tree
            seconds += time.process_time() - begin
            n_fixes += sum(map(len, tracks))
        told = {network.link_ids.index(name) for m in report.missed for name in m.link_ids}
        sets = (told & walk.missed, told - walk.missed, walk.missed - told)
        counts += [len(s) for s in sets]
        metres += [network.length_m[sorted(s)].sum() for s in sets]
        exact += not sets[1] and not sets[2]
    return {
        "sigma_m": sigma_m,
        "error": "drifting" if lasting_s else "independent",
        "every_s": every_s,
        "walks": len(patrols),
        "hit": int(counts[0]),
        "false": int(counts[1]),
        "overlooked": int(counts[2]),
        "f1": round(2 * counts[0] / max(1.0, 2 * counts[0] + counts[1] + counts[2]), 4),
        "f1_metres": round(2 * metres[0] / max(1.0, 2 * metres[0] + metres[1] + metres[2]), 4),
        "without_fault": exact,
        "fixes_per_s": round(n_fixes / seconds) if seconds else None,
    }


def main() -> None:
    """Print one line per kind of error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=25)
    parser.add_argument("--households", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every-s", type=float, nargs="*", default=[1.0, 5.0])
    chosen = parser.parse_args()
    network, beats, settings = lay(chosen.households, chosen.seed)
    patrols = list(walks(network, beats, settings, chosen.grids, chosen.seed))
    for every_s in chosen.every_s:
        for sigma_m, lasting_s in ERRORS:
            print(json.dumps(measure(network, beats, patrols, sigma_m, lasting_s, every_s)), flush=True)


if __name__ == "__main__":
    main()
