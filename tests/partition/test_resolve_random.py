"""A thousand small plans of which parts are cut anew: nothing else moves, locks hold, what can be lawful is."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from gis.errors import Conflict
from gis.graph import AtomGraph, IntArray
from partition.rules import Rules
from partition.zoning.divide import Division, divide
from partition.zoning.draw import draw
from partition.zoning.outlook import is_sound
from partition.zoning.resolve import look_ahead, resolve
from partition.zoning.resolved import BALANCE, LAWFUL, LEAST_CHANGE, Aim, Resolved, Standing
from tests.partition.brute import all_cuts, all_plans
from tests.towns import mesh

RULES = Rules()
CASES = 1_000
_PER_TEST = 50


class Case:
    """A small town, a plan that somebody has worked on, and what may change in it."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        side = int(rng.integers(3, 6))
        graph = mesh(side, seed, float(rng.choice([90.0, 120.0, 160.0])), zero=0.1)
        self.graph = _with_estate(_with_barriers(graph, rng), rng)
        self.division: Division = divide(self.graph, RULES)[0]
        plan = draw(self.graph, RULES, seed=seed).plan
        self.kinds = tuple(grid.kind for grid in plan.grids)
        grid = _worked_on(self.graph, plan.atom_grid.astype(np.int64), rng)
        there = np.unique(grid)
        some = there if rng.random() < 0.5 else rng.choice(there, size=min(len(there), 1 + seed % 3), replace=False)
        free = np.isin(grid, some)
        pinned = free & (rng.random(len(grid)) < (0.15 if seed % 4 == 0 else 0.0))
        if seed % 7 == 0:  # some ground, or all of it, is in no grid
            grid = np.where(free & (rng.random(len(grid)) < rng.choice([0.2, 1.0])), -1, grid)
            pinned &= grid >= 0
        self.standing = Standing(grid, self.kinds, free, pinned)
        self.aim = Aim((BALANCE, LEAST_CHANGE, LAWFUL)[seed % 3], seed=seed)
        if seed % 5 == 0:
            self.aim = replace(self.aim, n_grids=max(1, len(some) + int(rng.integers(-1, 2))))


def _with_barriers(graph: AtomGraph, rng: np.random.Generator) -> AtomGraph:
    return replace(graph, edge_passable=rng.random(len(graph.edge_a)) > 0.06)


def _with_estate(graph: AtomGraph, rng: np.random.Generator) -> AtomGraph:
    """Two neighbours are an estate; now and then one that makes a grid of its own."""
    edge = int(rng.integers(len(graph.edge_a)))
    index = np.full(graph.n_atoms, -1, np.int32)
    index[[graph.edge_a[edge], graph.edge_b[edge]]] = 0
    dedicated = int(rng.random() < 0.4)
    return replace(
        graph,
        estate_ids=("E",),
        estate_kinds=("estate",),
        estate_dedicated=np.array([dedicated], np.int64),
        estate_index=index,
    )


def _worked_on(graph: AtomGraph, grid: IntArray, rng: np.random.Generator) -> IntArray:
    """A few pieces pushed over borders, whatever that does to the plan; estates go as a whole."""
    grid = grid.copy()
    for _ in range(int(rng.integers(0, 5))):
        differ = np.flatnonzero(grid[graph.edge_a] != grid[graph.edge_b])
        if len(differ) == 0:
            break
        edge = int(rng.choice(differ))
        a, b = int(graph.edge_a[edge]), int(graph.edge_b[edge])
        mine = graph.estate_index == graph.estate_index[a] if graph.estate_index[a] >= 0 else np.arange(len(grid)) == a
        if (grid[~mine] == grid[a]).any():
            grid[mine] = grid[b]
    return grid


def _asked(case: Case) -> Resolved | None:
    try:
        return resolve(case.graph, RULES, case.division, case.standing, case.aim)
    except Conflict as error:
        if error.code not in {"solve_needs_grid", "solve_count_impossible", "solve_locks_contradict"}:
            raise
        return None


def _pieces(case: Case, atoms: IntArray) -> int:
    """Runs of a grid over what the community counts as hanging together; an estate is one piece whatever parts it."""
    graph, inside = case.graph, set(atoms.tolist())
    passable = graph.edge_passable & (graph.edge_class != 8)
    near: dict[int, list[int]] = {}
    pairs = list(zip(graph.edge_a[passable].tolist(), graph.edge_b[passable].tolist()))
    pairs += [tuple(pair) for r in case.division.regions for join in r.joins for pair in join.links.tolist()]
    estate = np.flatnonzero(graph.estate_index == 0).tolist()
    pairs += list(itertools.pairwise(estate))
    for a, b in pairs:
        if a in inside and b in inside:
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    homes = {atom for atom in inside if graph.households[atom] > 0}
    runs, seen = 0, set()
    for first in sorted(homes):
        if first in seen:
            continue
        runs += 1
        todo = [first]
        while todo:
            atom = todo.pop()
            if atom not in seen:
                seen.add(atom)
                todo += near.get(atom, [])
    return runs


@pytest.mark.parametrize("block", range(CASES // _PER_TEST))
def test_a_part_cut_anew_leaves_the_rest_alone_and_keeps_every_rule(block: int) -> None:
    answered = lawful = changed = 0
    for seed in range(block * _PER_TEST, (block + 1) * _PER_TEST):
        case = Case(seed)
        found = _asked(case)
        if found is None:
            continue
        answered += 1
        standing, graph = case.standing, case.graph
        assert found.atoms.tolist() == np.flatnonzero(standing.free).tolist()
        grid = standing.grid.copy()
        grid[found.atoms] = found.grid
        assert found.grid.min() >= 0 or not found.is_changed, seed
        theirs = set(standing.grid[~standing.free].tolist())
        assert not theirs & set(found.grid.tolist()), seed
        assert (grid[standing.pinned] == standing.grid[standing.pinned]).all(), seed
        assert found.is_changed == bool((grid != standing.grid).any())
        moved = (grid != standing.grid) & (standing.grid >= 0)
        assert found.moved == int(graph.households[moved].sum())
        assert found.moved >= found.moved_at_least
        if found.is_changed:
            changed += 1
            for one in sorted(set(found.grid.tolist())):
                assert _pieces(case, np.flatnonzero(grid == one)) <= 1, (seed, one)
            estate = np.flatnonzero(graph.estate_index == 0)
            if graph.households[estate].sum() <= RULES.estate_cap and standing.free[estate].all():
                assert len(set(grid[estate].tolist())) == 1, seed
        if found.feasible == "yes":
            lawful += 1
            assert found.outside == 0, seed
            kinds = (*standing.kinds, *found.new_kinds)
            for one in sorted(set(found.grid.tolist())):
                size = int(graph.households[grid == one].sum())
                assert kinds[one] != "standard" or 300 <= size <= 500, (seed, one, size)
            if case.aim.n_grids is not None:
                assert len(set(found.grid.tolist())) == case.aim.n_grids, seed
        sub_stands = found.outlook.is_lawful_now
        if sub_stands and case.aim.kind == BALANCE and case.aim.n_grids is None:
            assert (found.outside, found.cost) <= (found.outside_before, found.cost_before + 1e-6), seed
        if np.isfinite(found.bound):
            assert found.bound <= found.cost + 1e-6, seed
    assert answered > _PER_TEST // 2
    assert lawful > 0
    assert changed > 0


@pytest.mark.parametrize("block", range(4))
def test_against_every_cut_there_is_the_answer_is_the_best_one(block: int) -> None:
    """Whole communities small enough to try every cut."""
    n_lawful = n_not = 0
    for seed in range(40 * block, 40 * (block + 1)):
        rng = np.random.default_rng(seed)
        graph = mesh(3, seed, float(rng.choice([100.0, 130.0, 170.0])), zero=0.0)
        division = divide(graph, RULES)[0]
        grid = _worked_on(graph, draw(graph, RULES, seed=seed).plan.atom_grid.astype(np.int64), rng)
        kinds = ("standard",) * (int(grid.max()) + 1)
        standing = Standing(grid, kinds, np.ones(9, bool), np.zeros(9, bool))
        plans = list(all_plans(graph, RULES, is_lawful=True))
        best = resolve(graph, RULES, division, standing, Aim(BALANCE, seed=seed))
        least = resolve(graph, RULES, division, standing, Aim(LEAST_CHANGE, seed=seed))
        assert (best.feasible, least.feasible) == (("yes", "yes") if plans else ("no", "no")), seed
        if not plans:
            n_not += 1
            continue
        n_lawful += 1
        assert best.cost == pytest.approx(min(cost for _, cost in plans))
        assert best.bound == pytest.approx(best.cost)
        fewest = min(_moved(graph, grid, masks) for masks in all_cuts(graph, RULES, is_lawful=True))
        assert least.moved == fewest, seed
        if not least.outlook.is_lawful_now:
            assert least.moved_at_least == fewest, seed
        bounded = resolve(graph, RULES, division, standing, Aim(LAWFUL, most_moved=fewest, seed=seed))
        assert bounded.feasible == "yes"
        assert bounded.moved == fewest
    assert n_lawful > 5
    assert n_not > 0


def _moved(graph: AtomGraph, grid: IntArray, masks: list[int]) -> int:
    from partition.lineage import moved

    now = np.zeros(graph.n_atoms, np.int64)
    for number, mask in enumerate(masks):
        now[[v for v in range(graph.n_atoms) if mask >> v & 1]] = number
    return moved(grid, now, graph.households, int(grid.max()) + 1, len(masks))


def test_the_same_question_has_the_same_answer() -> None:
    for seed in range(12):
        one, two = _asked(Case(seed)), _asked(Case(seed))
        assert (one is None) == (two is None)
        if one is not None and two is not None:
            assert one.grid.tolist() == two.grid.tolist()


def test_arithmetic_says_before_anything_is_cut_that_nothing_lawful_exists() -> None:
    graph = mesh(3, 1, 60.0, sigma=0.05)
    total = int(graph.households.sum())
    assert 500 < total < 600
    standing = Standing(np.zeros(9, np.int64), ("standard",), np.ones(9, bool), np.zeros(9, bool))
    outlook = look_ahead(graph, RULES, divide(graph, RULES)[0], standing)
    assert (outlook.feasible, outlook.reason) == ("no", "band_hole")
    assert outlook.near_misses
    found = resolve(graph, RULES, divide(graph, RULES)[0], standing, Aim())
    assert (found.feasible, found.reason, found.proof) == ("no", "band_hole", "arithmetic")


def test_a_search_that_is_called_off_at_once_still_gives_a_plan_no_worse() -> None:
    for seed in range(0, 60, 3):
        case = Case(seed)
        try:
            found = resolve(case.graph, RULES, case.division, case.standing, case.aim, is_called_off=lambda: True)
        except Conflict:
            continue
        if is_sound(case.graph, case.division, case.standing) and case.standing.free.all():
            assert found.outside <= found.outside_before
