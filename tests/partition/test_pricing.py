"""Bounds and proofs by pricing, against plain enumeration: a bound is never wrong, whatever limits are met."""

from __future__ import annotations

import numpy as np
import pytest

from gis.graph import AtomGraph, EdgeClass
from partition.rules import Rules
from partition.zoning import ladder, pricing
from partition.zoning.divide import divide
from partition.zoning.draw import draw
from partition.zoning.halves import best_halves
from partition.zoning.pieces import make_problems
from partition.zoning.pricing import prove
from partition.zoning.problem import Land, edge_costs
from partition.zoning.seeds import plan_price
from partition.zoning.walk import harvest
from tests.partition.brute import best_plan
from tests.towns import town

NAMES = "abcdefghijklmnopqrstuvwxyz"


def awkward_town(seed: int, rows: int = 3, columns: int = 4) -> tuple[AtomGraph, Rules]:
    """A small connected-looking town: empty land, merged cells, barriers, all kinds of borders, weights at random."""
    random = np.random.default_rng(seed)
    cells = np.array(list(NAMES[: rows * columns])).reshape(rows, columns)
    for _ in range(int(random.integers(0, 3))):
        r, c = random.integers(rows), random.integers(columns - 1)
        cells[r, c + 1] = cells[r, c]
    names = sorted(set(cells.ravel()))
    households = {name: int(w) for name, w in zip(names, random.integers(20, 130, len(names)))}
    for name in random.choice(names, int(random.integers(0, 4)), replace=False):
        households[name] = 0
    pairs = sorted({tuple(sorted(p)) for p in zip(cells[:, :-1].ravel(), cells[:, 1:].ravel()) if p[0] != p[1]})
    pairs += sorted({tuple(sorted(p)) for p in zip(cells[:-1].ravel(), cells[1:].ravel()) if p[0] != p[1]})
    kinds = [EdgeClass.ARTERIAL, EdgeClass.STREET, EdgeClass.ALLEY, EdgeClass.UNIT, EdgeClass.OPEN]
    classes = {pair: kinds[int(random.integers(len(kinds)))] for pair in pairs}
    walls = [pairs[i] for i in random.choice(len(pairs), int(random.integers(0, 4)), replace=False)]
    rules = Rules(
        min_households=int(random.integers(120, 200)),
        max_households=int(random.integers(260, 380)),
        target_households=230,
        balance_weight=float(random.choice([0.0, 0.5, 3.0])),
        dispersion_weight=float(random.choice([0.0, 0.3, 2.0])),
    )
    text = "\n".join(" ".join(row) for row in cells)
    barriers = dict.fromkeys(walls, EdgeClass.WATER)
    return town(text, households, classes=classes, barriers=barriers), rules


def lands(seed: int) -> list[Land]:
    """The regions of an awkward town as they reach the proof."""
    graph, rules = awkward_town(seed)
    cost = edge_costs(graph, rules)
    return [make_problems(graph, r, d.edges, cost, rules)[0].land for d in divide(graph, rules) for r in d.regions]


def lawful_grids(land: Land) -> dict[int, float]:
    """Every lawful grid with its cost, by plain recursion over members."""
    n = len(land.weight)
    near: list[set[int]] = [set() for _ in range(n)]
    price: dict[tuple[int, int], float] = {}
    for v in range(n):
        for e in range(int(land.indptr[v]), int(land.indptr[v + 1])):
            price[v, int(land.indices[e])] = float(land.cost[e])
            if land.link[e]:
                near[v].add(int(land.indices[e]))
    found: dict[int, float] = {}
    todo, met = [frozenset([v]) for v in range(n)], set()
    while todo:
        grid = todo.pop()
        if grid in met:
            continue
        met.add(grid)
        w = sum(int(land.weight[v]) for v in grid)
        if w > land.hi:
            continue
        todo += [grid | {u} for v in grid for u in near[v] if u not in grid]
        if w >= land.lo:
            members = sorted(grid)
            h = land.weight[members].astype(float)
            cx, cy = (h * land.x[members]).sum() / w, (h * land.y[members]).sum() / w
            spread = max(land.r2[members].sum() / w - cx**2 - cy**2, 0.0)
            border = sum(m for (v, u), m in price.items() if v in grid and u not in grid)
            shape = land.balance * (w - land.target) ** 2 / land.half + land.dispersion * np.sqrt(spread)
            found[sum(1 << v for v in grid)] = float(border / 2 + shape)
    return found


def cheapest_and_dearest(land: Land) -> tuple[float, list[int] | None, list[int] | None]:
    """(least cost, a cheapest plan, a dearest plan) over all lawful plans."""
    grids = lawful_grids(land)
    full = (1 << len(land.weight)) - 1
    by_first: dict[int, list[int]] = {}
    for mask in grids:
        by_first.setdefault(mask & -mask, []).append(mask)
    memo: dict[tuple[int, int], tuple[float, list[int] | None]] = {}

    def best(rest: int, sign: int) -> tuple[float, list[int] | None]:
        if not rest:
            return 0.0, []
        if (rest, sign) not in memo:
            answer: tuple[float, list[int] | None] = (np.inf, None)
            for mask in by_first.get(rest & -rest, []):
                if mask & ~rest == 0:
                    cost, others = best(rest & ~mask, sign)
                    if others is not None and sign * grids[mask] + cost < answer[0]:
                        answer = (sign * grids[mask] + cost, [mask, *others])
            memo[rest, sign] = answer
        return memo[rest, sign]

    least, cheap = best(full, 1)
    return least, cheap, best(full, -1)[1]


def as_part(masks: list[int], n: int) -> np.ndarray:
    return np.array([next(i for i, m in enumerate(masks) if m >> v & 1) for v in range(n)], np.int64)


def never() -> bool:
    return False


@pytest.mark.parametrize("block", range(20))
def test_a_proof_agrees_with_plain_enumeration(block):
    proved = 0
    for seed in range(15 * block, 15 * block + 15):
        for land in lands(seed):
            least, cheap, dear = cheapest_and_dearest(land)
            if cheap is None or dear is None:
                continue
            proof = prove(land, as_part(dear, len(land.weight)), effort=1.0, is_over=never)
            assert proof is not None
            assert proof.is_optimal
            assert proof.cost == pytest.approx(least, abs=1e-6) == proof.bound
            assert plan_price(land, proof.part) == (0, pytest.approx(proof.cost, abs=1e-6))
            proved += 1
    assert proved > 3


@pytest.mark.parametrize("room", [3, 10, 40])
def test_a_bound_holds_when_there_is_little_room_and_little_work(room, monkeypatch):
    monkeypatch.setattr(pricing, "_FIRST_ROOM", room)
    monkeypatch.setattr(pricing, "_ROOM", room)
    monkeypatch.setattr(pricing, "_MAX_PASSES", 3)
    monkeypatch.setattr(pricing, "_MAX_CHECKS", room)
    monkeypatch.setattr(pricing, "_MAX_INTEGER", 0)
    monkeypatch.setattr(pricing, "_MAX_HALVES", 20 * room)
    bounded = open_gaps = 0
    for seed in range(1000, 1120):
        for land in lands(seed):
            least, cheap, dear = cheapest_and_dearest(land)
            if cheap is None or dear is None:
                continue
            proof = prove(land, as_part(dear, len(land.weight)), effort=1.0, is_over=never)
            if proof is not None:
                assert proof.bound <= least + 1e-6 <= proof.cost + 2e-6
                assert not proof.is_optimal or proof.cost == pytest.approx(least, abs=1e-6)
                bounded += 1
                open_gaps += not proof.is_optimal
    assert bounded > 20
    assert open_gaps > 0 or room > 3


@pytest.mark.parametrize("room", [12, 100_000])
def test_a_walk_keeps_every_grid_under_its_limit(room):
    random = np.random.default_rng(1)
    kept = 0
    for seed in range(2000, 2060):
        for land in lands(seed):
            n = len(land.weight)
            grids = lawful_grids(land)
            in_plans = grids_of_plans(grids, n)
            duals = random.normal(80, 60, n)
            crop = harvest(land, land.hi, duals, 7.0, limit=-20.0, room=room, max_branches=10**7, is_over=never)
            assert crop is not None
            got = {
                sum(1 << v for v in range(n) if int(m[0]) >> v & 1): float(r) for m, r in zip(crop.masks, crop.reduced)
            }
            for mask, cost in grids.items():
                reduced = cost - sum(duals[v] for v in range(n) if mask >> v & 1) - 7.0
                # Grids that leave a rest no plan can cover may be missing; a grid of a plan never is.
                if mask in in_plans and reduced < crop.limit - 1e-6:
                    assert got[mask] == pytest.approx(reduced, abs=1e-6)
                    kept += 1
                if reduced > crop.limit + 1e-6:
                    assert mask not in got
    assert kept > 50


def grids_of_plans(grids: dict[int, float], n: int) -> set[int]:
    """The grids that lie in some lawful plan."""
    can: dict[int, bool] = {0: True}

    def coverable(rest: int) -> bool:
        if rest not in can:
            first = rest & -rest
            can[rest] = any(m & first and not m & ~rest and coverable(rest & ~m) for m in grids)
        return can[rest]

    full = (1 << n) - 1
    return {mask for mask in grids if coverable(full & ~mask)}


def test_the_best_two_grids_are_found_from_any_upper_bound():
    found = 0
    for seed in range(3000, 3150):
        for land in lands(seed):
            grids = lawful_grids(land)
            full = (1 << len(land.weight)) - 1
            pairs = [cost + grids[full ^ mask] for mask, cost in grids.items() if full ^ mask in grids]
            for above in (1e9, min(pairs, default=500.0) + 1.0):
                is_done, part, cost, _ = best_halves(land, above, 10**7)
                assert is_done
                if pairs:
                    assert part is not None
                    assert cost == pytest.approx(min(pairs), abs=1e-6)
                    assert plan_price(land, part) == (0, pytest.approx(cost, abs=1e-6))
                else:
                    assert part is None
            found += len(pairs) > 0
    assert found > 10


def row_of(n: int, seed: int) -> tuple[Land, float, np.ndarray]:
    """A row of more than 64 atoms, its optimum by dynamic programming over intervals, and some lawful plan."""
    random = np.random.default_rng(seed)
    names = [f"n{i:03d}" for i in range(n)]
    households = {name: int(w) for name, w in zip(names, random.integers(30, 70, n))}
    rules = Rules(min_households=300, max_households=500, target_households=400)
    graph = town(" ".join(names), households)
    region = divide(graph, rules)[0].regions[0]
    cost = edge_costs(graph, rules)
    land = make_problems(graph, region, divide(graph, rules)[0].edges, cost, rules)[0].land
    best = np.full(n + 1, np.inf)
    best[0] = 0.0
    back = np.zeros(n + 1, int)
    total = np.concatenate([[0], np.cumsum(land.weight)])
    for end in range(1, n + 1):
        for first in range(end):
            w = total[end] - total[first]
            if land.lo <= w <= land.hi and np.isfinite(best[first]):
                x, h = land.x[first:end], land.weight[first:end]
                spread = (
                    land.r2[first:end].sum() / w - ((h * x).sum() / w) ** 2 - ((h * land.y[first:end]).sum() / w) ** 2
                )
                sides = (first > 0) + (end < n)
                border = sides * 0.5 * float(land.cost[0])
                shape = land.balance * (w - land.target) ** 2 / land.half + land.dispersion * np.sqrt(spread)
                if best[first] + border + shape < best[end]:
                    best[end], back[end] = best[first] + border + shape, first
    some = np.zeros(n, np.int64)
    end = n
    while end:
        some[back[end] : end] = end
        end = back[end]
    return land, float(best[n]), some


@pytest.mark.parametrize("n", [70, 130])
def test_sets_of_more_than_64_pieces_are_priced_too(n):
    for seed in range(3):
        land, least, part = row_of(n, seed)
        moved = part.copy()
        # A worse lawful plan to start from: shift the first border that allows it.
        for v in np.flatnonzero(np.diff(part)):
            trial = part.copy()
            trial[v] = part[v + 1]
            if plan_price(land, trial)[0] == 0:
                moved = trial
                break
        proof = prove(land, moved, effort=1.0, is_over=never)
        assert proof is not None
        assert proof.is_optimal
        assert proof.cost == pytest.approx(least, abs=1e-6)


def test_a_stopped_proof_says_nothing_wrong():
    land, least, part = row_of(70, 1)
    proof = prove(land, part, effort=1.0, is_over=lambda: True)
    assert proof is None or proof.bound <= least + 1e-6


@pytest.mark.parametrize("block", range(8))
def test_a_drawing_past_enumeration_reports_the_optimum_of_the_atoms(block, monkeypatch):
    monkeypatch.setattr(ladder, "enumerate_columns", lambda *args, **limits: None)
    compared = 0
    for seed in range(5000 + 15 * block, 5015 + 15 * block):
        graph, rules = awkward_town(seed)
        answer = draw(graph, rules, seed=seed).communities[0]
        least = best_plan(graph, rules)
        if answer.feasible == "yes" and least is not None and answer.proof == "cover_mip":
            assert answer.objective == pytest.approx(least, abs=1e-5)
            assert answer.bound == pytest.approx(least, abs=1e-5)
            compared += 1
        assert (
            not (answer.feasible == "yes" and np.isfinite(answer.bound))
            or least is None
            or (answer.bound <= least + 1e-5)
        )
    assert compared > 0
