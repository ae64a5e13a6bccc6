"""The trade-off of a re-draw, point by point: one weight after another, each with its plan and its measures.

Decides which weights need a plan of their own and what is measured; no file and no store.  `weigh_change` writes the
points into a folder, the job `frontier` keeps them until one is chosen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from api.usecases.in_force import Seen, read_locks
from api.usecases.run_redraw import Ground, conclude
from gis.graph import AtomGraph
from gis.progress import SILENT, Progress
from partition.executor import Executor
from partition.filed import FiledPlan
from partition.lineage import pair_grids
from partition.plan import STANDARD, Plan
from partition.score import measure, polsby_popper
from partition.stop import Call, Stop, never
from partition.zoning.draw import draw
from partition.zoning.ladder import Solved
from partition.zoning.redraw import redraw

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Points of the curve where the user names none."""
_LEAST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Here:
    """Measures of the communities alone that are no longer as they were.

    Attributes
    ----------
    grids, border_km, polsby_popper
        As of the whole plan.
    households_min, households_max
        Of standard grids; ``None`` without one.
    out_of_band
        Standard grids outside the band.
    """

    grids: int
    border_km: float
    polsby_popper: float
    households_min: int | None
    households_max: int | None
    out_of_band: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """One plan of the curve.

    Attributes
    ----------
    change_weight
        Metres of border per household that changes grid; ``None``: drawn afresh, as if there were no plan in force.
    moved, moved_frac, moved_at_least
        Households that change grid; of all that had one; fewest in any lawful plan (0 where not proved).
    border_km, grids, in_band_frac, households_cv, polsby_popper
        Length of grid borders inside communities, number of grids, and the measures of `partition.score`.
    touched
        Communities that are cut anew, or merged with their grids as they are.
    is_cut_short
        The clock ended a search: with more time the plan may be another.
    filed, here
        The plan and its measures where it was cut; ``None`` for the fresh drawing, and for a plan that an earlier
        weight gave already.
    same_as
        That earlier weight.
    """

    change_weight: float | None
    moved: int
    moved_frac: float
    moved_at_least: int
    border_km: float
    grids: int
    in_band_frac: float
    households_cv: float
    polsby_popper: float
    touched: tuple[str, ...] = ()
    is_cut_short: bool = False
    filed: FiledPlan | None = None
    here: Here | None = None
    same_as: float | None = None


def run_frontier(
    ground: Ground,
    *,
    weights: Sequence[float] = WEIGHTS,
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    locks: Sequence[str] = (),
    moment: str = "",
    with_fresh: bool = False,
    with_doubles: bool = False,
    is_called_off: Call = never,
    known: MutableMapping[str, Solved] | None = None,
    progress: Progress = SILENT,
) -> Iterator[Weighed]:
    """Re-draw once per weight, ascending; each plan is checked by geometry before it is given out.

    Parameters
    ----------
    ground
        From `api.usecases.run_redraw.lay_ground`.
    weights
        Metres of border per household that changes grid.
    seconds
        Limit of all searches together, shared fairly; then the least possible change is not proved.
    with_fresh
        Begin with the drawing afresh of the whole territory.
    with_doubles
        Also file a plan that an earlier weight gave already.
    seed, workers, executor, locks, moment, is_called_off, known, progress
        As for `api.usecases.run_redraw.run_redraw`; once called off, no further point comes.

    Raises
    ------
    InputError, Conflict, GridwrightError
        As `api.usecases.run_redraw.run_redraw`.
    """
    graph, rules, seen = ground.atoms.graph, ground.rules, ground.seen
    held, pinned = read_locks(locks, ground.old, ground.territory, ground.atoms, seen.in_force)
    seen = replace(seen, in_force=replace(seen.in_force, pinned=pinned))
    content = ground.territory.content_hash()
    n_known = int(seen.members.households[seen.members.old >= 0].sum())
    began, floor = time.monotonic(), 0
    if with_fresh:
        fresh = draw(graph, rules, seed=seed, executor=executor, workers=workers, known=known, progress=progress).plan
        # The least possible change is known once the first point is: the fresh drawing is told together with it.
        moved = _moved_afresh(seen, fresh)
    found: dict[bytes, Weighed] = {}
    order = sorted(set(weights))
    for i, weight in enumerate(order):
        if is_called_off():
            if with_fresh and i == 0:
                yield _weighed(graph, fresh, None, moved, n_known, floor)
            return
        left = None if seconds is None else max(seconds - (time.monotonic() - began), 0.0) / (len(order) - i)
        drawn = redraw(
            graph,
            rules,
            seen.in_force,
            change_weight=weight,
            seed=seed,
            territory_hash=content,
            stop=Stop(seconds=None if left is None else max(left, _LEAST_SECONDS)),
            workers=workers,
            executor=executor,
            locks=held,
            is_called_off=is_called_off,
            known=known,
            with_floor=i == 0 and seconds is None,
            progress=progress,
        )
        floor = floor or drawn.moved_at_least
        if with_fresh and i == 0:
            yield _weighed(graph, fresh, None, moved, n_known, floor)
        cut = _cut_of(drawn.result.plan)
        before = found.get(cut)
        if before is not None and not with_doubles:
            yield replace(before, change_weight=weight, filed=None, same_as=before.change_weight)
            continue
        after, filed, _ = conclude(ground, seen, drawn, weight, moment, seed, progress)
        touched = _touched(ground.old, filed, drawn.freed)
        weighed = replace(
            _weighed(graph, after.result.plan, weight, after.pairing.moved, n_known, floor),
            touched=touched,
            is_cut_short=any(row.stopped_by in ("clock", "worker") for row in after.result.communities),
            filed=filed,
            here=_here(graph, after.result.plan, touched),
        )
        found[cut] = replace(weighed, filed=None)
        yield weighed


def _weighed(graph: AtomGraph, plan: Plan, weight: float | None, moved: int, n_known: int, floor: int) -> Weighed:
    score = measure(graph, plan)
    return Weighed(
        weight,
        moved,
        moved / max(n_known, 1),
        floor,
        score.cut_m / 1000,
        score.n_grids,
        score.in_band_frac,
        score.households_cv,
        score.polsby_popper,
    )


def _moved_afresh(seen: Seen, plan: Plan) -> int:
    """Households that change grid when a plan takes no notice of the one in force."""
    now = plan.atom_grid[seen.members.atom]
    pairing = pair_grids(seen.members.old, now, seen.members.households, len(seen.in_force.codes), len(plan.grids))
    return int(pairing.moved)


def _cut_of(plan: Plan) -> bytes:
    """Which atoms are together, whatever the grids are called."""
    first = np.full(len(plan.grids), -1, np.int64)
    values, at = np.unique(plan.atom_grid, return_index=True)
    first[values] = at
    return first[plan.atom_grid].tobytes()


def _touched(old: FiledPlan, filed: FiledPlan, freed: Sequence[str]) -> tuple[str, ...]:
    """Communities whose grids are others than before, ascending."""
    then, now = (
        set(zip(plan.grids["community"], plan.grids["code"], plan.grids["households"])) for plan in (old, filed)
    )
    return tuple(sorted({community for community, _, _ in now - then} | set(freed)))


def _here(graph: AtomGraph, plan: Plan, touched: Sequence[str]) -> Here:
    places = np.flatnonzero(np.isin(np.array(graph.communities, dtype=object), touched))
    inner = np.isin(graph.community_index[graph.edge_a], places)
    differs = plan.atom_grid[graph.edge_a] != plan.atom_grid[graph.edge_b]
    mine = [i for i, grid in enumerate(plan.grids) if grid.community in set(touched)]
    standard = [plan.grids[i] for i in mine if plan.grids[i].kind == STANDARD]
    sizes = [grid.households for grid in standard]
    return Here(
        len(mine),
        float(graph.edge_length_m[inner & differs].sum()) / 1000,
        float(polsby_popper(graph, plan)[mine].mean()) if mine else 0.0,
        min(sizes, default=None),
        max(sizes, default=None),
        sum(not grid.within_band for grid in standard),
    )
