"""Cut part of a plan anew: some grids of one community, or all of it, while everything else stays as it is.

Decides what is asked of the solver for each aim, and whether its answer is better than what is there; an answer that
is not is never given.  Which ground is cut is decided in `free_ground`, how, in `ladder`, which codes go on, in
`heirs`.
"""

from __future__ import annotations

import math
import time
from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gis.errors import Conflict, InputError
from gis.graph import AtomGraph, IntArray
from gis.progress import SILENT, Progress
from partition.executor import Executor, InProcess
from partition.plan import STANDARD, NearMiss
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.cut_cost import cost_of_cut
from partition.zoning.divide import Division, Region, inner_edges
from partition.zoning.draw import seed_of
from partition.zoning.fixed_count import counts_of, with_count
from partition.zoning.heirs import heirs_of
from partition.zoning.ladder import Solved, Task
from partition.zoning.near import distance
from partition.zoning.outlook import free_part, is_sound, outlook_of
from partition.zoning.pieces import make_problems
from partition.zoning.problem import Before, edge_costs
from partition.zoning.redraw import PIN_WEIGHT, change_only
from partition.zoning.resolved import AIMS, BALANCE, LAWFUL, LEAST_CHANGE, Aim, Outlook, Resolved, Standing
from partition.zoning.spread import solve_all

_WEIGHTS = (0.5, 2.0, 10.0)
"""Metres of border that a household in another grid costs where something lawful is wanted, tried in this order."""
_FEW_PIECES = 200  # less work than starting a process
_TINY = 1e-6


def look_ahead(graph: AtomGraph, rules: Rules, division: Division, standing: Standing) -> Outlook:
    """What arithmetic says of the free ground of a community.

    Raises
    ------
    Conflict
        As `free_division`; ``solve_nothing_free``.
    """
    return outlook_of(graph, rules, free_part(graph, rules, division, standing), standing)


def resolve(
    graph: AtomGraph,
    rules: Rules,
    division: Division,
    standing: Standing,
    aim: Aim,
    *,
    stop: Stop | None = None,
    executor: Executor | None = None,
    is_called_off: Call = never,
    known: MutableMapping[str, Solved] | None = None,
    progress: Progress = SILENT,
) -> Resolved:
    """Cut the free ground of a community anew.

    Parameters
    ----------
    division
        The community, nothing in it locked (see `divide`).
    standing
        The plan as it is; free ground outside the community is not looked at.
    stop, executor, is_called_off, known, progress
        As for `partition.zoning.draw.draw`.

    Raises
    ------
    InputError
        ``solve_aim_unknown``.
    Conflict
        ``solve_needs_grid``, ``solve_nothing_free``; ``solve_count_impossible``: no lawful cut has so many grids;
        ``solve_locks_contradict``: nothing was found that keeps to the locks.
    """
    if aim.kind not in AIMS:
        raise InputError("solve_aim_unknown", measured=aim.kind, allowed=", ".join(AIMS))
    sub = free_part(graph, rules, division, standing)
    outlook = outlook_of(graph, rules, sub, standing)
    wanted = counts_of([(r.households, r.rules or rules) for r in sub.regions], len(sub.fixed), aim.n_grids)
    run = _Run(graph, rules, sub, standing, aim, wanted, stop or Stop(), executor, is_called_off, known, progress)
    here = run.as_it_is(outlook)
    if aim.kind != BALANCE and outlook.is_lawful_now and aim.n_grids in (None, outlook.n_now):
        return replace(here, feasible="yes", proof="arithmetic")
    found = _least_change(run, outlook) if aim.kind == LEAST_CHANGE else None
    if aim.kind == BALANCE:
        found = run.answer(outlook, 0.0)
    elif aim.kind == LAWFUL:
        found = _within_budget(run, outlook)
    assert found is not None
    stands = is_sound(graph, sub, standing) and aim.n_grids in (None, outlook.n_now)
    if run.breaks_pins(found):
        if not stands:
            held = found.atoms[standing.pinned[found.atoms] & (found.grid != standing.grid[found.atoms])]
            raise Conflict("solve_locks_contradict", measured=graph.atom_ids[int(held[0])])
        if found.feasible == "yes":
            feasible, reason = ("yes", None) if here.outside == 0 else ("unknown", "locks_contradict")
            return replace(here, feasible=feasible, reason=reason, stopped_by=found.stopped_by)
        return replace(found, **_kept(here))
    if stands and _price(here.outside, here.cost) <= _price(found.outside, found.cost) and aim.kind == BALANCE:
        return replace(found, **_kept(here))
    if stands and here.outside <= found.outside and aim.kind != BALANCE and found.feasible != "yes":
        return replace(found, **_kept(here))
    return found


def _kept(here: Resolved) -> dict[str, Any]:
    names = ("atoms", "grid", "new_kinds", "is_changed", "outside", "cost", "moved")
    return {name: getattr(here, name) for name in names}


def _price(outside: int, cost: float) -> tuple[int, float]:
    return outside, cost - _TINY if math.isfinite(cost) else math.inf


def _within_budget(run: _Run, outlook: Outlook) -> Resolved:
    """Something lawful: dearer change until few enough move, least change in the end."""
    most = run.aim.most_moved
    for weight in _WEIGHTS:
        found = run.answer(outlook, weight)
        if run.is_over() or found.feasible == "no":
            return found
        if found.feasible == "yes" and not run.breaks_pins(found) and (most is None or found.moved <= most):
            return found
    return _least_change(run, outlook)


def _least_change(run: _Run, outlook: Outlook) -> Resolved:
    return run.answer(outlook, None)


class _Run:
    """One question, asked of the solver once or several times."""

    def __init__(
        self,
        graph: AtomGraph,
        rules: Rules,
        sub: Division,
        standing: Standing,
        aim: Aim,
        wanted: Sequence[int | None],
        stop: Stop,
        executor: Executor | None,
        is_called_off: Call,
        known: MutableMapping[str, Solved] | None,
        progress: Progress,
    ) -> None:
        self.graph, self.rules, self.sub, self.standing, self.aim, self.wanted = (
            graph,
            rules,
            sub,
            standing,
            aim,
            wanted,
        )
        self.stop, self.executor, self.known, self.progress = stop, executor, known, progress
        self._is_called_off = is_called_off
        self._end = None if stop.seconds is None else time.monotonic() + stop.seconds

    def is_over(self) -> bool:
        """Whether there is no more time."""
        return self._is_called_off() or (self._end is not None and time.monotonic() > self._end)

    def breaks_pins(self, found: Resolved) -> bool:
        """Whether something pinned would leave its grid."""
        pinned = self.standing.pinned[found.atoms]
        return bool((found.grid[pinned] != self.standing.grid[found.atoms[pinned]]).any())

    def as_it_is(self, outlook: Outlook) -> Resolved:
        """The plan as it is, as an answer."""
        atoms = self.sub.atoms
        outside, cost = self._weigh(self.standing.grid)
        if not is_sound(self.graph, self.sub, self.standing):
            cost = math.nan
        nothing = ("unknown", None, "none", outlook.near_misses)
        return Resolved(
            atoms, self.standing.grid[atoms], (), outlook, *nothing,
            self._is_whole(), False, outside, outside, cost, cost, math.nan, 0, 0, "done",
        )  # fmt: skip

    def answer(self, outlook: Outlook, weight: float | None) -> Resolved:
        """Ask the solver.

        Parameters
        ----------
        weight
            Metres of border that one household in another grid costs; ``None``: nothing else counts.
        """
        graph, sub = self.graph, self.sub
        regions, solved = self._solve(weight)
        groups = [one.atoms for one in sub.fixed]
        kinds = [one.kind for one in sub.fixed]
        for region, one in zip(regions, solved):
            for label in range(int(one.part.max()) + 1):
                groups.append(region.atoms[one.part == label])
                kinds.append(region.kind)
        grid, new_kinds = heirs_of(graph, sub, groups, kinds, self.standing)
        here = self.as_it_is(outlook)
        outside, cost = self._weigh(grid)
        mine = sub.atoms
        changed = grid[mine] != self.standing.grid[mine]
        left = changed & (self.standing.grid[mine] >= 0)
        feasible, reason, proof = self._proved(solved)
        bound = math.fsum(one.bound for one in solved) if weight == 0.0 and feasible == "yes" else math.nan
        stopped = {one.stopped_by for one in solved}
        return Resolved(
            mine,
            grid[mine],
            new_kinds,
            outlook,
            feasible,
            reason,
            proof,
            self._near(outlook, feasible, solved),
            self._is_whole(),
            bool(changed.any()),
            outside,
            here.outside_before,
            cost,
            here.cost_before,
            min(bound, cost) if math.isfinite(bound) else math.nan,
            int(graph.households[mine[left]].sum()),
            self._floor(regions, solved) if weight is None and feasible == "yes" else 0,
            next((why for why in ("cancel", "worker", "clock", "work") if why in stopped), "done"),
        )

    def _is_whole(self) -> bool:
        graph, community = self.graph, self.sub.community
        is_all = len(self.sub.atoms) == int((graph.community_index == community).sum())
        return is_all and self.aim.n_grids is None and not self.standing.pinned[self.sub.atoms].any()

    def _solve(self, weight: float | None) -> tuple[list[Region], list[Solved]]:
        graph = self.graph
        rules = change_only(self.rules) if weight is None else self.rules
        regions = list(self.sub.regions)
        if weight is None:
            regions = [r if r.rules is None else replace(r, rules=change_only(r.rules)) for r in regions]
        cost = edge_costs(graph, rules)
        before = self._before(weight, float(cost[self.sub.edges].sum()))
        tasks = []
        for number, region in enumerate(regions):
            three = make_problems(graph, region, self.sub.edges, cost, rules, before)
            seed = seed_of(f"{graph.communities[self.sub.community]}/{number}", self.aim.seed)
            tasks.append(Task(number, *three, seed, self.stop.effort, 1.0, None))
        self.progress.stage("stage_solve", len(tasks))
        is_large = len(tasks) > 1 and sum(task.exact.n_pieces for task in tasks) > _FEW_PIECES
        solved = solve_all(
            tasks,
            self.executor if self.executor is not None and is_large else InProcess(),
            seconds=None if self._end is None else self._end - time.monotonic(),
            is_called_off=self._is_called_off,
            known=self.known,
            progress=self.progress,
        )
        return regions, [
            with_count(task, one, count, self.is_over) for task, one, count in zip(tasks, solved, self.wanted)
        ]

    def _before(self, weight: float | None, borders: float) -> Before | None:
        """Who lives where, as the solver counts it: pinned ground many times over."""
        standing = self.standing
        households = self.graph.households.astype(np.int64)
        none = np.zeros(0, np.int64)
        known = standing.grid >= 0
        pin = np.where(standing.pinned & known, np.maximum(households, 1), 0)
        if weight == 0.0:
            if not pin[self.sub.atoms].any():
                return None
            held = np.where(pin > 0, PIN_WEIGHT, 0)
            return Before(np.where(held > 0, standing.grid, -1), held, held, max(1.0, borders / PIN_WEIGHT), none)
        keep = np.where(known, households + pin * PIN_WEIGHT, 0)
        return Before(np.where(known, standing.grid, -1), keep, keep, 1.0 if weight is None else weight, none)

    def _weigh(self, grid: IntArray) -> tuple[int, float]:
        """Households outside the band, and cost of the free ground; NaN where a part holds ground of no grid."""
        graph, sub = self.graph, self.sub
        outside, costs = 0, []
        for region in sub.regions:
            own = region.rules or self.rules
            labels, part = np.unique(grid[region.atoms], return_inverse=True)
            sizes = np.bincount(part, graph.households[region.atoms]).astype(np.int64)
            outside += sum(abs(distance(size, own)) for size, label in zip(sizes.tolist(), labels) if label >= 0)
            outside += sum(size for size, label in zip(sizes.tolist(), labels) if label < 0)
            cost = cost_of_cut(graph, own, region.atoms, sub.edges, part)
            costs.append(cost if labels.min() >= 0 else math.nan)
        for one in sub.fixed:
            if one.kind == STANDARD:
                outside += abs(distance(int(graph.households[one.atoms].sum()), self.rules))
        return outside, math.fsum(costs)

    def _proved(self, solved: Sequence[Solved]) -> tuple[str, str | None, str]:
        """(feasible, reason, proof) of the free ground; the worst part speaks for all."""
        for one in solved:
            if one.feasible == "no":
                return "no", one.reason, one.proof
        if any(one.reason == "estate_over_cap" for one in self.sub.fixed):
            return "no", "estate_over_cap", "arithmetic"
        if any(one.kind == STANDARD for one in self.sub.fixed):
            return "no", "under_band", "arithmetic"
        if any(one.feasible != "yes" for one in solved):
            return "unknown", "not_found", "none"
        proofs = {one.proof for one in solved}
        return "yes", None, next((p for p in ("none", "cover_mip", "cover_lp") if p in proofs), "arithmetic")

    def _near(self, outlook: Outlook, feasible: str, solved: Sequence[Solved]) -> tuple[NearMiss, ...]:
        """What comes nearest where nothing lawful is there."""
        if feasible == "yes" or outlook.near_misses:
            return outlook.near_misses if feasible != "yes" else ()
        for region, one in zip(self.sub.regions, solved):
            if one.feasible != "yes":
                own = region.rules or self.rules
                sizes = np.bincount(one.part, self.graph.households[region.atoms]).astype(np.int64).tolist()
                bad = sorted(size for size in sizes if distance(size, own))
                return (NearMiss(len(sizes), tuple(bad), tuple(distance(size, own) for size in bad)),) if bad else ()
        return ()

    def _floor(self, regions: Sequence[Region], solved: Sequence[Solved]) -> int:
        """Fewest households that change grid in any lawful cut: the bound, less borders that cost almost nothing."""
        cost = edge_costs(self.graph, change_only(self.rules))
        total = 0.0
        for region, one in zip(regions, solved):
            if math.isfinite(one.bound):
                inner, _, _ = inner_edges(self.graph, region.atoms, self.sub.edges)
                total += max(0.0, one.bound - float(cost[inner].sum()))
        return max(0, math.ceil(total - 1e-3))
