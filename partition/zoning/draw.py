"""Draw a plan: every community by itself, mapped over workers, put together in a fixed order.

Decides how the work is spread and how the parts become one `Result`; how a region is cut is the work of `ladder`,
what is cut at all of `divide`.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gis.errors import Fact
from gis.graph import AtomGraph, EdgeClass, FloatArray, Int32Array, IntArray
from gis.progress import SILENT, Progress
from partition.codes import stat15
from partition.executor import Executor, InProcess, Pool
from partition.plan import DEDICATED, STANDARD, CommunityResult, Grid, Plan, Result, Violation
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.attach import attach_late
from partition.zoning.divide import Division, Lock, components, count_range, divide, is_link
from partition.zoning.ladder import Solved, Task
from partition.zoning.pieces import make_problems
from partition.zoning.problem import edge_costs
from partition.zoning.spread import solve_all

_FEW_PIECES = 200  # less work than starting a process


@dataclass(slots=True)
class _Drawn:
    """A grid before it has a code."""

    kind: str
    atoms: IntArray
    reason: str | None


def draw(
    graph: AtomGraph,
    rules: Rules,
    *,
    seed: int = 0,
    territory_hash: str = "",
    stop: Stop | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    locks: Sequence[Lock] = (),
    is_called_off: Call = never,
    known: dict[str, Solved] | None = None,
    progress: Progress = SILENT,
) -> Result:
    """Cut every community into grids.

    Parameters
    ----------
    seed
        Same graph, rules and seed: same plan, whatever ``workers`` is.
    stop
        Work limits, and the seconds after which the best plan so far has to do.  The seconds are shared fairly
        over the regions; hard ones get what easy ones leave.
    workers
        Processes to map the communities over; 1: in this process.
    executor
        Where to run instead (a pool in use, a cluster); it is left open.
    locks
        Grids that stay as they are.
    is_called_off
        Asked all the time; once true, finished regions stay, running ones end with the best they have, and the
        others get the quick plan.
    known
        Answers of earlier calls by the content of their regions; used, and added to.

    Returns
    -------
    Result
        Always a plan that covers every atom.  What is not lawful in it is named in ``violations``.

    Raises
    ------
    NotFound, Conflict
        From the locks (see `divide`).
    """
    limit = stop or Stop()
    began = time.monotonic()
    divisions = divide(graph, rules, locks)
    cost = edge_costs(graph, rules)
    tasks: list[Task] = []
    for division in divisions:
        for i, region in enumerate(division.regions):
            exact, contracted, loose = make_problems(graph, region, division.edges, cost, rules)
            key = f"{graph.communities[division.community]}/{i}"
            number = len(tasks)
            tasks.append(Task(number, exact, contracted, loose, _seed_of(key, seed), limit.effort, None))
    progress.stage("stage_draw", len(tasks))
    is_small = len(tasks) < 2 or sum(task.exact.n_pieces for task in tasks) < _FEW_PIECES
    engine = executor or (InProcess() if workers <= 1 or is_small else Pool(min(workers, len(tasks))))
    try:
        solved = solve_all(
            tasks,
            engine,
            seconds=None if limit.seconds is None else limit.seconds - (time.monotonic() - began),
            is_called_off=is_called_off,
            known=known,
            progress=progress,
        )
    finally:
        if executor is None:
            engine.close()
    at = 0
    atom_grid = np.full(graph.n_atoms, -1, np.int32)
    grids: list[Grid] = []
    results: list[CommunityResult] = []
    violations: list[Violation] = []
    for division in divisions:
        mine = solved[at : at + len(division.regions)]
        at += len(division.regions)
        drawn = _drawn_grids(graph, rules, division, mine)
        first = len(grids)
        codes = _codes(graph, division, drawn)
        for code, one in sorted(zip(codes, drawn), key=lambda pair: pair[0]):
            atom_grid[one.atoms] = len(grids)
            grids.append(_grid(graph, rules, division, code, one))
        results.append(_community_result(graph, rules, division, mine, grids[first:]))
        violations += _violations(graph, rules, division, grids[first:], atom_grid, first)
    order = sorted(range(len(grids)), key=lambda i: grids[i].code)
    rank = np.empty(len(grids), np.int32)
    rank[order] = np.arange(len(grids))
    plan = Plan(
        rank[atom_grid] if len(grids) else atom_grid, tuple(grids[i] for i in order), rules, seed, territory_hash
    )
    return Result(plan, tuple(results), tuple(violations), graph)


def _seed_of(key: str, seed: int) -> int:
    """Seed of a region: a stable digest of its name and the run's seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{key}".encode()).digest()[:4], "big") >> 1


def _drawn_grids(graph: AtomGraph, rules: Rules, division: Division, solved: Sequence[Solved]) -> list[_Drawn]:
    drawn = [_Drawn(f.kind, f.atoms, f.reason) for f in division.fixed]
    for region, answer in zip(division.regions, solved):
        order = np.argsort(answer.part, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(answer.part[order])) + 1):
            atoms = region.atoms[members]
            drawn.append(_Drawn(region.kind, atoms, _reason(graph, rules, region.households, answer, atoms)))
    if len(division.late):
        groups, kinds = [d.atoms for d in drawn], [d.kind for d in drawn]
        keep_out = [d.reason == "locked" for d in drawn]
        for i, more in enumerate(attach_late(graph, division, groups, kinds, keep_out)):
            if len(more):
                drawn[i].atoms = np.sort(np.concatenate([drawn[i].atoms, more]))
    return drawn


def _reason(graph: AtomGraph, rules: Rules, total: int, answer: Solved, atoms: IntArray) -> str | None:
    """Why this grid is out of band; ``None`` when it is not."""
    households = int(graph.households[atoms].sum())
    if rules.min_households <= households <= rules.max_households:
        return None
    if households > rules.max_households:
        if int(graph.largest_building[atoms].max()) > rules.max_households:
            return "building_over_band"
        if int(graph.households[atoms].max()) > rules.max_households:
            return "atom_over_band"
    if total < rules.min_households:
        return "under_band"
    k_min, k_max = count_range(total, rules)
    if k_min > k_max:
        return "band_hole"
    return "no_cover" if answer.feasible == "no" else "not_found"


def _codes(graph: AtomGraph, division: Division, drawn: Sequence[_Drawn]) -> list[str]:
    n = len(drawn)
    x, y, area = np.zeros(n), np.zeros(n), np.zeros(n)
    for i, one in enumerate(drawn):
        share = np.maximum(graph.area_m2[one.atoms], 1e-6)
        area[i] = share.sum()
        x[i] = (graph.x_m[one.atoms] * share).sum() / area[i]
        y[i] = (graph.y_m[one.atoms] * share).sum() / area[i]
    # Whole centimetres from the community's corner: moving the map does not reorder a row.
    x, y = np.round(x - x.min(initial=np.inf), 2), np.round(y - y.min(initial=np.inf), 2)
    height: FloatArray = np.sqrt(area)
    dedicated = np.array([one.kind == DEDICATED for one in drawn], bool)
    return stat15(graph.communities[division.community], x, y, height, dedicated)


def _grid(graph: AtomGraph, rules: Rules, division: Division, code: str, one: _Drawn) -> Grid:
    households = int(graph.households[one.atoms].sum())
    inside = rules.min_households <= households <= rules.max_households
    reason = one.reason
    if one.kind == STANDARD and not inside and reason is None:
        reason = "under_band" if households < rules.min_households else "atom_over_band"
    if inside and reason != "estate_over_cap":
        reason = None
    if reason == "locked" and one.kind != STANDARD:
        reason = None
    return Grid(
        code,
        "",
        graph.communities[division.community],
        one.kind,
        households,
        int(graph.population[one.atoms].sum()),
        int(graph.n_buildings[one.atoms].sum()),
        float(graph.area_m2[one.atoms].sum()),
        inside,
        reason,
    )


def _community_result(
    graph: AtomGraph, rules: Rules, division: Division, solved: Sequence[Solved], grids: Sequence[Grid]
) -> CommunityResult:
    """Sum up the regions of a community; the worst of them speaks for all."""
    bad = [g for g in grids if g.reason is not None]
    whole = [g for g in bad if g.reason == "estate_over_cap"]
    refused = [s for s in solved if s.feasible == "no"]
    unknown = [s for s in solved if s.feasible == "unknown"]
    proofs = [s.proof for s in solved]
    if refused:
        feasible, proof = "no", refused[0].proof
        reason: str | None = next(
            (g.reason for g in bad if refused[0].reason == "atom_over_band" and g.reason == "building_over_band"),
            refused[0].reason,
        )
    elif whole:
        feasible, reason, proof = "no", "estate_over_cap", "arithmetic"
    elif unknown:
        feasible, reason, proof = "unknown", "not_found", "none"
    elif bad:
        feasible, reason, proof = "no", bad[0].reason, "arithmetic"
    else:
        feasible, reason = "yes", None
        proof = next((p for p in ("none", "cover_mip", "cover_lp") if p in proofs), "arithmetic")
    objective = math.fsum(s.objective for s in solved)
    bound = math.fsum(s.bound for s in solved)
    if objective - bound <= 1e-9 * abs(objective):
        bound = objective  # equal but for the order of additions
    gap = (objective - bound) / objective if objective > bound else 0.0
    stopped = {s.stopped_by for s in solved}
    return CommunityResult(
        graph.communities[division.community],
        int(graph.households[division.atoms].sum()),
        len(grids),
        feasible,
        reason,
        proof,
        objective,
        bound,
        gap if math.isfinite(bound) else math.nan,
        math.fsum(s.seconds for s in solved),
        next((why for why in ("worker", "cancel", "clock", "work") if why in stopped), "done"),
    )


def _violations(
    graph: AtomGraph, rules: Rules, division: Division, grids: Sequence[Grid], atom_grid: Int32Array, first: int
) -> list[Violation]:
    community = graph.communities[division.community]
    out = []
    for grid in grids:
        if grid.reason is not None:
            facts: dict[str, Fact] = {
                "grid": grid.code,
                "measured": grid.households,
                "allowed": f"{rules.min_households}-{rules.max_households}",
            }
            out.append(Violation(grid.reason, grid.code, community, facts))
    for position, households in _loose_parts(graph, division, atom_grid):
        grid = grids[position - first]
        facts = {"grid": grid.code, "measured": households, "allowed": rules.min_households}
        out.append(Violation("part_joined", grid.code, community, facts))
    return sorted(out, key=lambda v: (v.code, v.grid))


def _loose_parts(graph: AtomGraph, division: Division, atom_grid: Int32Array) -> list[tuple[int, int]]:
    """(grid, households of its joined or loose part) of grids that do not hang together by themselves.

    A grid of a community in several parts may reach over them; what counts is a join of a part with households, or
    pieces that do not touch although the community does not part them.
    """
    atoms, edges = division.atoms, division.edges
    grid = atom_grid[atoms]
    a, b = np.searchsorted(atoms, graph.edge_a[edges]), np.searchsorted(atoms, graph.edge_b[edges])
    touch = graph.edge_class[edges] != EdgeClass.EXCLAVE
    same = grid[a] == grid[b]
    land = components(len(atoms), a[touch], b[touch])
    piece = components(len(atoms), a[touch & same], b[touch & same])
    link = same & is_link(graph, edges)
    run = components(len(atoms), a[link], b[link])
    households = graph.households[atoms]
    found: dict[int, int] = {}
    pairs, first = np.unique(np.stack([grid, land, piece]), axis=1, return_index=True)
    for i in np.flatnonzero((np.diff(pairs[0]) == 0) & (np.diff(pairs[1]) == 0)):
        weights = [int(households[piece == piece[first[j]]].sum()) for j in (i, i + 1)]
        found[int(pairs[0, i])] = min(weights)
    for join in (j for region in division.regions for j in region.joins):
        mine = np.isin(atoms, join.atoms)
        for position in np.unique(grid[mine]):
            members = grid == position
            if members[mine].any() and (members & ~mine).any() and len(np.unique(run[members])) > 1:
                found[int(position)] = join.households
    return sorted(found.items())
