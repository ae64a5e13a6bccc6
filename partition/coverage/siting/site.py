"""Propose cameras for a plan: load the land into numbers, choose, and tell the choice ranked with its bound.

``cover`` asks what a number of cameras can see at most, ``all`` how few see everything that any pose can, ``floor``
for the density targets of the grids, and among the lawful choices for the one that sees most.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import geopandas as gpd
import numpy as np

from gis.errors import Fault, InputError
from gis.graph import BoolArray, Int32Array
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.sight import Seen
from gis.sight.walls import Walls
from gis.territory import Territory
from partition.coverage.cameras.types import CameraSurvey, Land
from partition.coverage.settings import CameraSettings
from partition.coverage.siting.cover_all import cover_all
from partition.coverage.siting.pose import Posed, choose, pose
from partition.coverage.siting.problem import Proposal, Siting, SitingAnswer, SitingProblem
from partition.coverage.siting.reduce import attainable_floors
from partition.coverage.siting.solve import solve_siting
from partition.stop import Call, Stop, never

GOALS = ("cover", "all", "floor")
TIE_PRICE = 1e-4
"""Metres of street that one private metre in view weighs where it has no price: it decides between equals only."""
MOST = 100_000


def site_cameras(
    territory: Territory,
    land: Land,
    survey: CameraSurvey,
    settings: CameraSettings,
    *,
    goal: str = "cover",
    add: int | None = None,
    grids: Collection[str] | None = None,
    keep_floors: bool = False,
    zones: gpd.GeoSeries | None = None,
    refused: Collection[str] = (),
    accepted: Collection[str] = (),
    walls: Walls | None = None,
    stop: Stop | None = None,
    is_called_off: Call = never,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> SitingAnswer:
    """Propose cameras.

    Parameters
    ----------
    territory, land, survey
        The land, its grids, and what the existing cameras see (surveyed with sight).
    settings
        Level, model, candidate poles, price and limit of private metres, forbidden ground.
    goal
        See the top of this file.
    add
        Most cameras to propose; for ``floor`` all that are missing when omitted.
    grids
        Codes of the grids to look at; None for all.  Streets elsewhere do not count and get no poles.
    keep_floors
        For ``cover``: grids short of their density are served first, as for ``floor``.
    zones
        Areas where no camera may stand.
    refused
        Ids of poses or poles that are not proposed.
    accepted
        Ids of poses that count as standing.
    stop, is_called_off
        See `partition.coverage.siting.solve.solve_siting`.

    Raises
    ------
    InputError
        ``siting_goal_unknown``, ``siting_add_missing``, ``siting_add_out_of_range``, ``siting_grid_unknown``,
        ``sight_level_unknown``, ``sight_optics_impossible``.
    """
    asked = _asked(land, goal, add, grids)
    posed = pose(
        territory,
        land,
        survey,
        settings,
        asked=asked,
        zones=zones,
        refused=refused,
        accepted=accepted,
        walls=walls,
        report=report,
        progress=progress,
    )
    floor = np.zeros(len(land.codes), dtype=np.int32)
    if goal == "floor" or keep_floors:
        floor = _missing(survey, posed, accepted, asked)
    budget = float(floor.sum()) if add is None else float(add)
    problem, number = _problem(posed, settings, budget, floor)
    if add is None:
        # What some grids have no room for is not spent on others.
        problem = replace(problem, budget=float(attainable_floors(problem)[0].sum()))
    if goal == "all":
        siting = cover_all(problem, stop=stop, is_called_off=is_called_off, progress=progress)
    else:
        siting = solve_siting(problem, stop=stop, is_called_off=is_called_off, progress=progress)
    siting = replace(siting, poses=number[siting.poses])
    return _answer(land, survey, settings, posed, siting, goal, floor, asked)


def _asked(land: Land, goal: str, add: int | None, grids: Collection[str] | None) -> BoolArray:
    faults = []
    if goal not in GOALS:
        faults.append(Fault("siting_goal_unknown", {"measured": goal[:40], "allowed": ", ".join(GOALS)}))
    if add is None and goal == "cover":
        faults.append(Fault("siting_add_missing", {"allowed": f"0-{MOST}"}))
    if add is not None and not 0 <= add <= MOST:
        faults.append(Fault("siting_add_out_of_range", {"measured": add, "allowed": f"0-{MOST}"}))
    position = {code: at for at, code in enumerate(land.codes)}
    near = ", ".join(land.codes[:5]) + (", …" if len(land.codes) > 5 else "")
    for code in sorted(set(grids or ()) - set(position)):
        faults.append(Fault("siting_grid_unknown", {"measured": code[:80], "allowed": near}))
    if faults:
        raise InputError.of(faults)
    if grids is None:
        return np.ones(len(land.codes), dtype=bool)
    asked = np.zeros(len(land.codes), dtype=bool)
    asked[[position[code] for code in grids]] = True
    return asked


def _missing(survey: CameraSurvey, posed: Posed, accepted: Collection[str], asked: BoolArray) -> Int32Array:
    """Positions each grid is short of its target, accepted poses counted."""
    position = {code: at for at, code in enumerate(survey.land.codes)}
    short = np.zeros(len(position), dtype=np.int32)
    for row in survey.rows:
        if row.scope == "grid":
            short[position[row.code]] = row.missing
    wanted = set(accepted)
    for at, id in enumerate(posed.cameras.ids):
        if id in wanted and posed.grid[at] >= 0:
            short[posed.grid[at]] -= 1
    return np.where(asked, np.maximum(short, 0), 0).astype(np.int32)


def _problem(
    posed: Posed, settings: CameraSettings, budget: float, floor: Int32Array
) -> tuple[SitingProblem, np.ndarray]:
    """The poses that may be chosen as a problem, and the number of each among all."""
    may = np.flatnonzero(posed.may)
    size = np.diff(posed.start)
    by = np.repeat(np.arange(len(size)), size)
    price = max(settings.private_price, TIE_PRICE)
    problem = SitingProblem(
        weight=posed.weight,
        is_seen=posed.is_seen,
        start=np.concatenate([[0], np.cumsum(size[may])]).astype(np.int64),
        point=posed.point[posed.may[by]],
        pole=posed.pole[may],
        room=posed.room,
        cost=np.ones(len(may)),
        price=price * posed.private_m[may],
        private_m=posed.private_m[may],
        budget=budget,
        grid=posed.grid[may],
        floor=floor,
    )
    return problem, may


def _answer(
    land: Land,
    survey: CameraSurvey,
    settings: CameraSettings,
    posed: Posed,
    siting: Siting,
    goal: str,
    floor: Int32Array,
    asked: BoolArray,
) -> SitingAnswer:
    samples = survey.samples
    is_street = (samples.kind == Seen.STREET) & (posed.weight > 0)
    seen = posed.is_seen.copy()
    before_m = float(samples.metres[is_street & seen].sum())
    reachable = seen.copy()
    reachable[posed.point] = True
    left = floor.copy()
    proposals = []
    total = 0.0
    for rank, at in enumerate(siting.poses.tolist(), start=1):
        points = posed.point[posed.start[at] : posed.start[at + 1]]
        new = points[~seen[points]]
        seen[new] = True
        street_m = float(samples.metres[new[is_street[new]]].sum())
        places = int((samples.kind[new] == Seen.PLACE).sum())
        gain = street_m + places * settings.place_weight_m
        total += gain
        grid = int(posed.grid[at])
        for_floor = grid >= 0 and left[grid] > 0
        if for_floor:
            left[grid] -= 1
        proposals.append(
            Proposal(
                rank=rank,
                id=posed.cameras.ids[at],
                x=float(posed.cameras.x[at]),
                y=float(posed.cameras.y[at]),
                heading_deg=float(posed.cameras.heading_deg[at]),
                grid=grid,
                gain_m=gain,
                total_m=total,
                street_m=street_m,
                places=places,
                private_m=float(posed.private_m[at]),
                is_for_floor=bool(for_floor),
            )
        )
    return SitingAnswer(
        goal=goal,
        level=settings.level,
        edition=settings.profile.edition,
        proposals=tuple(proposals),
        cameras=choose(posed.cameras, siting.poses),
        seen_before_m=before_m,
        seen_after_m=float(samples.metres[is_street & seen].sum()),
        street_m=float(samples.metres[is_street].sum()),
        reachable_m=float(samples.metres[is_street & reachable].sum()),
        worth=siting.worth,
        greedy_worth=siting.greedy_worth,
        bound=siting.bound,
        is_proved=siting.is_proved,
        density=_density(land, survey, siting, posed, asked),
        floor_short={land.codes[at]: int(n) for at, n in enumerate(siting.floor_short.tolist()) if n > 0},
        left_out=posed.left_out,
    )


def _density(
    land: Land, survey: CameraSurvey, siting: Siting, posed: Posed, asked: BoolArray
) -> dict[str, tuple[float, float]]:
    """Positions per square kilometre of the grids asked for, by class, before and after."""
    n = len(land.codes)
    stand = np.bincount(survey.grid[survey.grid >= 0], minlength=n)
    grid = posed.grid[siting.poses]
    new = np.bincount(grid[grid >= 0], minlength=n)
    found: dict[str, tuple[float, float]] = {}
    classes = np.asarray(land.class_code, dtype=object)
    for name in sorted(set(land.class_code)):
        inside = (classes == name) & asked
        km2 = float(land.area_m2[inside].sum()) / 1e6
        if km2 > 0:
            before = float(stand[inside].sum())
            found[name] = (before / km2, (before + float(new[inside].sum())) / km2)
    return found
