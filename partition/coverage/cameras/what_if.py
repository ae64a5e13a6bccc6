"""What if: other targets, so many positions more in a grid, a camera on this spot; without surveying again.

Counted positions have no sight: they change densities alone.  Cameras on a spot (poses) are looked from, they alone.
Where cameras had best stand is decided in `partition.coverage.siting`.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import shapely

from gis.errors import Fault, InputError
from gis.graph import FloatArray
from gis.sight import Cameras, Seen
from gis.sight.see import see
from gis.sight.walls import Walls
from partition.coverage.cameras.density import SeenByGrid, Stock, Tally, density_rows, grids_at, labels_of
from partition.coverage.cameras.seen import finest_of, is_private, seen_by, seen_by_grid
from partition.coverage.cameras.types import CameraSurvey, DensityRow
from partition.coverage.settings_faults import assert_settings

_MOST = 1_000_000
_NOTHING: Mapping[str, int] = MappingProxyType({})
_NO_TARGETS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would change.

    Attributes
    ----------
    rows
        Rows that change: before and after, in the order of the survey.
    added
        Positions added.
    seen_m
        Per level: metres of public street newly seen.
    places
        Per level: key places newly seen.
    private_m
        Metres of private windows and estate lanes newly in view, at the level that counts as intrusion.
    grid
        Per pose: its grid, -1 in none.
    """

    rows: tuple[tuple[DensityRow, DensityRow], ...]
    added: int
    seen_m: Mapping[str, float]
    places: Mapping[str, int]
    private_m: float
    grid: tuple[int, ...] = ()


def what_if(
    survey: CameraSurvey,
    *,
    counts: Mapping[str, int] = _NOTHING,
    targets: Mapping[str, float] = _NO_TARGETS,
    poses: Cameras | None = None,
    walls: Walls | None = None,
) -> WhatIf:
    """Answer a what-if.

    Parameters
    ----------
    survey
        What there is.
    counts
        Grid code -> positions more (one channel each, working).  `spread` shares a number out over an area.
    targets
        Positions per square kilometre wanted, by class, in place of those of the settings.
    poses
        Cameras on spots; each is a position too.
    walls
        The walls; needed with ``poses`` and a survey of sight.

    Raises
    ------
    InputError
        Every fault: ``coverage_what_if_grid_unknown``, ``coverage_what_if_count_wrong``, and those of the targets.
    """
    at = {code: i for i, code in enumerate(survey.land.codes)}
    faults = [
        Fault("coverage_what_if_grid_unknown", {"id": code[:40], "measured": len(at)})
        for code in counts
        if code not in at
    ]
    faults += [
        Fault("coverage_what_if_count_wrong", {"id": code[:40], "measured": n, "allowed": f"0-{_MOST}"})
        for code, n in counts.items()
        if not 0 <= n <= _MOST
    ]
    if faults:
        raise InputError.of(faults)
    density = MappingProxyType({**survey.settings.density, **targets})
    settings = replace(survey.settings, density=density)
    assert_settings(settings)

    land, names = survey.land, settings.profile.names
    grid = [np.repeat(at[code], n) for code, n in sorted(counts.items())]
    seen = _seen_of(survey)
    seen_m, places, private_m = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0), 0.0
    stands: tuple[int, ...] = ()
    if poses is not None and len(poses):
        own = grids_at(shapely.points(poses.x, poses.y), land)
        stands = tuple(own.tolist())
        grid.append(own)
        if len(survey.samples):
            if walls is None:
                raise ValueError("walls are needed to see from poses")
            seen, seen_m, places, private_m = _look(survey, poses, walls)
    extra = np.concatenate(grid).astype(np.int32) if grid else np.zeros(0, dtype=np.int32)
    stock = Stock(
        np.concatenate([survey.grid, extra]),
        np.concatenate([survey.channels, np.ones(len(extra), dtype=np.int32)]),
        np.concatenate([survey.cameras.is_working, np.ones(len(extra), dtype=bool)]),
        (*(survey.is_networked or (None,) * len(survey.grid)), *(None,) * len(extra)),
    )
    area_names = {(row.scope, row.code): row.name for row in survey.rows}
    after = density_rows(land, settings, Tally.of(land, settings, stock, seen), area_names)
    before = {(row.scope, row.code): row for row in survey.rows}
    changed = tuple((before[key], row) for row in after if before[key := (row.scope, row.code)] != row)
    return WhatIf(changed, len(extra), seen_m, places, private_m, stands)


def spread(survey: CameraSurvey, n: int, scope: str = "all", code: str = "all") -> dict[str, int]:
    """Share positions out over the grids of an area so that the lowest density rises first.

    Parameters
    ----------
    survey
        What there is.
    n
        Positions to add.
    scope, code
        The area, as in the rows: ``("class", "rural")``, ``("town", ...)``, ``("all", "all")``.

    Returns
    -------
    dict
        Grid code -> positions; grids without land get none.

    Raises
    ------
    InputError
        ``coverage_what_if_area_unknown``; ``coverage_what_if_count_wrong``.
    """
    if not 0 <= n <= _MOST:
        raise InputError("coverage_what_if_count_wrong", id=code[:40], measured=n, allowed=f"0-{_MOST}")
    land = survey.land
    labels = labels_of(land).get(scope, ())
    inside = [i for i, label in enumerate(labels) if label == code and land.area_m2[i] > 0]
    if not inside:
        raise InputError("coverage_what_if_area_unknown", measured=f"{scope} {code}"[:60])
    there = np.bincount(survey.grid[survey.grid >= 0], minlength=len(land.codes))
    queue = [(float((there[i] + 1) / land.area_m2[i]), i, int(there[i])) for i in inside]
    heapq.heapify(queue)
    added = dict.fromkeys(inside, 0)
    for _ in range(n):
        _, i, positions = queue[0]
        added[i] += 1
        heapq.heapreplace(queue, (float((positions + 2) / land.area_m2[i]), i, positions + 1))
    return {land.codes[i]: more for i, more in added.items() if more}


def _look(
    survey: CameraSurvey, poses: Cameras, walls: Walls
) -> tuple[SeenByGrid, dict[str, float], dict[str, int], float]:
    """What is seen by grid with the poses, and what they see that nobody saw."""
    settings, samples = survey.settings, survey.samples
    sights = see(poses, samples, walls, min(px for _, px in settings.profile.levels))
    now = finest_of(survey.sights, survey.cameras.is_working)
    then = np.maximum(now, finest_of(sights, poses.is_working))
    by = survey.seen_by + seen_by(sights, poses.is_working, settings.px_per_m)
    seen = seen_by_grid(samples, then, by, settings, len(survey.land.codes))
    seen_m, places = {}, {}
    street, place = samples.kind == Seen.STREET, samples.kind == Seen.PLACE
    for level, px in settings.profile.levels:
        new = (then >= np.float32(px)) & (now < np.float32(px))
        seen_m[level] = float(samples.metres[new & street].sum())
        places[level] = int((new & place).sum())
    intrusion = np.float32(settings.profile.px_per_m(settings.private_level))
    private = is_private(samples) & (then >= intrusion) & (now < intrusion)
    return seen, seen_m, places, float(samples.metres[private].sum())


def _seen_of(survey: CameraSurvey) -> SeenByGrid:
    """What is seen by grid, as the rows of the survey say."""
    rows = [row for row in survey.rows if row.scope == "grid"]
    names = survey.settings.profile.names

    def column(name: str) -> FloatArray:
        return np.array([getattr(row, name) for row in rows], dtype=float)

    return SeenByGrid(
        street_m=column("street_m"),
        twice_m=column("twice_m"),
        seen_m=np.array([[row.seen_m[level] for row in rows] for level in names]),
        places=column("places").astype(np.int64),
        places_seen=np.array([[row.places_seen[level] for row in rows] for level in names], dtype=np.int64),
        private_m=column("private_m"),
    )
