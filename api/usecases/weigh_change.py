"""The trade-off of a re-draw: households moved against border and balance, with a plan per point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from api.usecases.in_force import read_locks
from api.usecases.moments import moment_of_territory
from api.usecases.places import check_out
from api.usecases.redraw_plan import prepare
from api.usecases.run_draw import check_options
from api.usecases.run_redraw import check_weight, conclude
from data.files.atomic import whole_file
from data.files.plan_file import write_plan
from data.files.territory_file import write_territory
from gis.progress import SILENT, Progress
from partition.executor import Executor, Pool
from partition.lineage import pair_grids
from partition.score import measure
from partition.stop import Call, never
from partition.zoning.draw import draw
from partition.zoning.redraw import redraw

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Points of the curve where the user names none."""


@dataclass(frozen=True, slots=True)
class Point:
    """One plan of the curve.

    Attributes
    ----------
    change_weight
        ``None``: drawn afresh, as if there were no plan in force.
    plan
        File name of the plan in the folder; empty for the fresh drawing, which is not kept.
    moved, moved_frac, moved_at_least
        Households that change grid; of all that had one; fewest in any lawful plan (0 where not proved).
    border_km, grids, in_band_frac, households_cv, polsby_popper
        Length of grid borders inside communities, number of grids, and the measures of `partition.score`.
    """

    change_weight: float | None
    plan: str
    moved: int
    moved_frac: float
    moved_at_least: int
    border_km: float
    grids: int
    in_band_frac: float
    households_cv: float
    polsby_popper: float


def weigh_change(
    old_path: Path,
    territory_path: Path,
    folder: Path,
    *,
    rules_path: Path | None = None,
    mergers: Sequence[str] = (),
    weights: Sequence[float] = WEIGHTS,
    seed: int = 0,
    workers: int = 1,
    locks: Sequence[str] = (),
    is_called_off: Call = never,
    progress: Progress = SILENT,
) -> tuple[Point, ...]:
    """Re-draw once per weight, write every plan and the table ``frontier.csv`` into a folder.

    Parameters
    ----------
    folder
        Made where it is missing; files of the same names are replaced, each in one step.  With ``mergers`` it also
        gets ``territory.gpkg``, the territory that the plans are for.
    weights
        Metres of border per household that changes grid.
    old_path, territory_path, rules_path, mergers, seed, workers, locks, is_called_off, progress
        As for `api.usecases.redraw_plan.redraw_plan`.

    Raises
    ------
    InputError, Conflict, GridwrightError
        As `api.usecases.redraw_plan.redraw_plan`.
    """
    check_options(seed, None, workers)
    for weight in weights:
        check_weight(weight)
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "frontier.csv"
    check_out(table, (".csv",), [territory_path, old_path])
    ground = prepare(old_path, territory_path, rules_path, mergers, progress)
    graph, rules, seen = ground.atoms.graph, ground.rules, ground.seen
    held, pinned = read_locks(locks, ground.old, ground.territory, ground.atoms, seen.in_force)
    seen = replace(seen, in_force=replace(seen.in_force, pinned=pinned))
    moment = moment_of_territory(territory_path, ground.territory.meta)
    known = int(seen.members.households[seen.members.old >= 0].sum())
    if mergers:
        write_territory(ground.territory, folder / "territory.gpkg")
    points: list[Point] = []
    engine: Executor | None = Pool(workers) if workers > 1 else None
    try:
        fresh = draw(graph, rules, seed=seed, executor=engine, workers=workers, progress=progress)
        now = fresh.plan.atom_grid[seen.members.atom]
        n_old = len(seen.in_force.codes)
        pairing = pair_grids(seen.members.old, now, seen.members.households, n_old, len(fresh.plan.grids))
        score = measure(graph, fresh.plan)
        floor = 0
        for weight in sorted(set(weights)):
            if is_called_off():
                break
            drawn = redraw(
                graph,
                rules,
                seen.in_force,
                change_weight=weight,
                seed=seed,
                territory_hash=ground.territory.content_hash(),
                workers=workers,
                executor=engine,
                locks=held,
                is_called_off=is_called_off,
                with_floor=not points,
                progress=progress,
            )
            floor = floor or drawn.moved_at_least
            after, filed, _ = conclude(ground, seen, drawn, weight, moment, seed, progress)
            name = f"redraw-{weight:g}.gpkg"
            write_plan(filed, folder / name, progress)
            mine = measure(graph, after.result.plan)
            points.append(
                Point(
                    weight,
                    name,
                    after.pairing.moved,
                    after.pairing.moved / max(known, 1),
                    floor,
                    mine.cut_m / 1000,
                    mine.n_grids,
                    mine.in_band_frac,
                    mine.households_cv,
                    mine.polsby_popper,
                )
            )
    finally:
        if engine is not None:
            engine.close()
    first = Point(
        None,
        "",
        pairing.moved,
        pairing.moved / max(known, 1),
        floor,
        score.cut_m / 1000,
        score.n_grids,
        score.in_band_frac,
        score.households_cv,
        score.polsby_popper,
    )
    rows = pd.DataFrame([asdict(point) for point in (first, *points)]).round(6)
    with whole_file(table) as place:
        place.write_bytes(rows.to_csv(index=False).encode())
    return first, *points
