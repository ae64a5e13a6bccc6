"""The trade-off of a re-draw: households moved against border and balance, with a plan per point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from api.usecases.moments import moment_of_territory
from api.usecases.places import check_out
from api.usecases.redraw_plan import prepare
from api.usecases.run_draw import check_options
from api.usecases.run_frontier import WEIGHTS, run_frontier
from api.usecases.run_redraw import check_weight
from data.files.atomic import whole_file
from data.files.plan_file import write_plan
from data.files.territory_file import write_territory
from gis.progress import SILENT, Progress
from partition.executor import Executor, Pool
from partition.stop import Call, never


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
    moment = moment_of_territory(territory_path, ground.territory.meta)
    points: list[Point] = []
    engine: Executor | None = Pool(workers) if workers > 1 else None
    try:
        for weighed in run_frontier(
            ground,
            weights=weights,
            seed=seed,
            workers=workers,
            executor=engine,
            locks=locks,
            moment=moment,
            with_fresh=True,
            with_doubles=True,
            is_called_off=is_called_off,
            progress=progress,
        ):
            if mergers and not points:
                write_territory(ground.territory, folder / "territory.gpkg")
            name = "" if weighed.filed is None else f"redraw-{weighed.change_weight:g}.gpkg"
            if weighed.filed is not None:
                write_plan(weighed.filed, folder / name, progress)
            shown = {field.name: getattr(weighed, field.name) for field in fields(Point) if field.name != "plan"}
            points.append(Point(plan=name, **shown))
    finally:
        if engine is not None:
            engine.close()
    rows = pd.DataFrame([asdict(point) for point in points]).round(6)
    with whole_file(table) as place:
        place.write_bytes(rows.to_csv(index=False).encode())
    return tuple(points)
