"""From the answers of the regions to grids, community results and violations: every grid out of band gets its reason.

Decides what is said about a plan; what is in it was decided in `ladder`, `divide` and `attach`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gis.errors import Fact
from gis.graph import AtomGraph, EdgeClass, FloatArray, Int32Array, IntArray
from partition.codes import stat15
from partition.plan import DEDICATED, RURAL, STANDARD, CommunityResult, Grid, NearMiss, Violation
from partition.rules import Rules
from partition.zoning.articulation import HEMMED, PENDANT
from partition.zoning.attach import attach_late
from partition.zoning.divide import Division, Region, components, count_range, is_link
from partition.zoning.ladder import Solved, Task
from partition.zoning.near import distance, named_refusal, near_misses, told


@dataclass(slots=True)
class _Drawn:
    """A grid before it has a code."""

    kind: str
    atoms: IntArray
    reason: str | None
    facts: dict[str, Fact] = field(default_factory=dict)


def put_together(
    graph: AtomGraph,
    rules: Rules,
    divisions: Sequence[Division],
    tasks: Sequence[Task],
    solved: Sequence[Solved],
) -> tuple[Int32Array, list[Grid], list[CommunityResult], list[Violation]]:
    """(grid per atom, grids by community, results, violations) of all communities.

    Parameters
    ----------
    tasks, solved
        One per region, in the order of the divisions and their regions.
    """
    at = 0
    atom_grid = np.full(graph.n_atoms, -1, np.int32)
    grids: list[Grid] = []
    results: list[CommunityResult] = []
    violations: list[Violation] = []
    for division in divisions:
        mine = slice(at, at + len(division.regions))
        at = mine.stop
        near = [_near(graph, rules, *one) for one in zip(division.regions, tasks[mine], solved[mine])]
        drawn = _drawn_grids(graph, rules, division, solved[mine], [facts for _, facts in near])
        first = len(grids)
        codes = _codes(graph, division, drawn)
        named = sorted(zip(codes, drawn), key=lambda pair: pair[0])
        for code, one in named:
            atom_grid[one.atoms] = len(grids)
            grids.append(_grid(graph, rules, division, code, one))
        facts = [one.facts for _, one in named]
        misses = [found for found, _ in near]
        results.append(_community_result(graph, rules, division, solved[mine], grids[first:], misses))
        violations += _violations(graph, rules, division, grids[first:], facts, atom_grid, first)
    return atom_grid, grids, results, violations


def _near(
    graph: AtomGraph, rules: Rules, region: Region, task: Task, answer: Solved
) -> tuple[tuple[NearMiss, ...], dict[str, Fact]]:
    """What comes nearest to a lawful plan of a region that has none, and the facts of its sentences."""
    if answer.feasible != "no":
        return (), {}
    if answer.reason in (PENDANT, HEMMED):
        misses, facts = named_refusal(graph, rules, task.exact)
    elif answer.reason in ("under_band", "band_hole"):
        misses, facts = near_misses(region.households, rules), {}
    else:
        sizes = np.bincount(answer.part, graph.households[region.atoms]).astype(np.int64).tolist()
        bad = sorted(size for size in sizes if distance(size, rules))
        misses = (NearMiss(len(sizes), tuple(bad), tuple(distance(size, rules) for size in bad)),)
        facts = {}
    return misses, {**facts, "near": told(misses)}


def _drawn_grids(
    graph: AtomGraph,
    rules: Rules,
    division: Division,
    solved: Sequence[Solved],
    facts: Sequence[dict[str, Fact]],
) -> list[_Drawn]:
    drawn = [_Drawn(f.kind, f.atoms, f.reason) for f in division.fixed]
    for region, answer, known in zip(division.regions, solved, facts):
        order = np.argsort(answer.part, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(answer.part[order])) + 1):
            atoms = region.atoms[members]
            reason = None if region.kind == RURAL else _reason(graph, rules, region.households, answer, atoms)
            drawn.append(_Drawn(region.kind, atoms, reason, known))
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
    if answer.reason in (PENDANT, HEMMED):
        return answer.reason
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
    graph: AtomGraph,
    rules: Rules,
    division: Division,
    solved: Sequence[Solved],
    grids: Sequence[Grid],
    misses: Sequence[tuple[NearMiss, ...]],
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
        _nearest(rules, refused, solved, misses, bad),
    )


def _nearest(
    rules: Rules,
    refused: Sequence[Solved],
    solved: Sequence[Solved],
    misses: Sequence[tuple[NearMiss, ...]],
    bad: Sequence[Grid],
) -> tuple[NearMiss, ...]:
    """Near misses of the region that speaks for its community, else of a grid known before the search."""
    if refused:
        return next(found for answer, found in zip(solved, misses) if answer is refused[0])
    fixed = next((grid for grid in bad if grid.reason in ("estate_over_cap", "under_band")), None)
    return () if fixed is None else near_misses(fixed.households, rules)


def _violations(
    graph: AtomGraph,
    rules: Rules,
    division: Division,
    grids: Sequence[Grid],
    more: Sequence[dict[str, Fact]],
    atom_grid: Int32Array,
    first: int,
) -> list[Violation]:
    community = graph.communities[division.community]
    out = []
    for grid, known in zip(grids, more):
        if grid.reason is not None:
            facts: dict[str, Fact] = {
                **known,
                "grid": grid.code,
                "measured": grid.households,
                "allowed": f"{rules.min_households}-{rules.max_households}",
            }
            out.append(Violation(grid.reason, grid.code, community, facts))
    least = next((r.rules.min_households for r in division.regions if r.rules), rules.min_households)
    for position, households in loose_parts(graph, division, atom_grid):
        grid = grids[position - first]
        facts = {"grid": grid.code, "measured": households, "allowed": least}
        out.append(Violation("part_joined", grid.code, community, facts))
    return sorted(out, key=lambda v: (v.code, v.grid))


def loose_parts(graph: AtomGraph, division: Division, atom_grid: Int32Array) -> list[tuple[int, int]]:
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
