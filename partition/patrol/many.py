"""The patrols of many grids: each posed, solved and checked by itself, side by side in processes.

A grid is a task of its own, so the result never depends on how many processes there are.  Tasks travel in bundles:
a small grid is solved faster than it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gis.graph import Int32Array
from gis.progress import SILENT, Progress
from gis.streets.beats import Beats
from gis.streets.network import StreetNetwork
from partition.executor import Executor, InProcess
from partition.patrol.check import BeatBook, PatrolCheck, Posing, check_patrol
from partition.patrol.plan import plan_patrol
from partition.patrol.pose import Posed, Poser
from partition.patrol.problem import PatrolProblem, PatrolResult
from partition.patrol.settings import PatrolSettings
from partition.stop import Call, Stop

_BUNDLE = 25


@dataclass(frozen=True, slots=True)
class GridPatrol:
    """The patrol of one grid: what was asked, what was found, and what the check says of it."""

    grid: str
    posed: Posed
    result: PatrolResult
    check: PatrolCheck


@dataclass(frozen=True, slots=True)
class _Bundle:
    problems: tuple[tuple[int, PatrolProblem], ...]
    seed: int
    stop: Stop


def plan_many(
    network: StreetNetwork,
    beats: Beats,
    grids: Sequence[str],
    settings: PatrolSettings,
    posts: Mapping[str, Int32Array],
    *,
    seed: int = 0,
    stop: Stop | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> list[GridPatrol]:
    """Plan and check the patrol of every grid asked for.

    Parameters
    ----------
    network, beats
        Streets and who looks after them.
    grids
        Codes of grids, all in ``beats``.
    settings
        Mode, speeds, shift, number of patrollers.
    posts
        Per grid: rows of the territory's ``posts`` where its patrol may begin; a grid without an entry begins
        anywhere.
    seed, stop
        Of the search of each grid.
    executor
        Where the work runs; in this process when omitted.
    progress
        Watches the work.

    Returns
    -------
    list of GridPatrol
        In the order of ``grids``.
    """
    stop = stop or Stop()
    progress.stage("stage_patrol_pose", len(grids))
    poser = Poser(network, beats, settings)
    posed: list[Posed] = []
    for grid in grids:
        posed.append(poser.pose(grid, posts.get(grid)))
        progress.advance()
    progress.stage("stage_patrol_plan", len(grids))
    results: dict[int, PatrolResult] = {}
    for found in (executor or InProcess()).map(_solve, _bundles([p.problem for p in posed], seed, stop)):
        results.update(found)
        progress.advance(len(found))
    progress.stage("stage_patrol_check", len(grids))
    book = BeatBook(network, beats)
    patrols = []
    for place, (grid, one) in enumerate(zip(grids, posed)):
        # A worker that died twice leaves a gap: solved here, where an error can be told.
        result = results.get(place) or plan_patrol(one.problem, seed=seed, stop=stop)
        posing = Posing(one.link, one.node, one.place)
        check = check_patrol(book, grid, one.problem, posing, result, snap_m=settings.snap_m)
        patrols.append(GridPatrol(grid, one, result, check))
        progress.advance()
    return patrols


def _bundles(problems: Sequence[PatrolProblem], seed: int, stop: Stop) -> Iterator[_Bundle]:
    """The largest first, so that no worker is left with a long one at the end."""
    order = sorted(range(len(problems)), key=lambda k: (-int(problems[k].required.sum()), k))
    for begin in range(0, len(order), _BUNDLE):
        yield _Bundle(tuple((k, problems[k]) for k in order[begin : begin + _BUNDLE]), seed, stop)


def _solve(bundle: _Bundle, is_over: Call) -> list[tuple[int, PatrolResult]]:
    del is_over
    return [(k, plan_patrol(problem, seed=bundle.seed, stop=bundle.stop)) for k, problem in bundle.problems]
