"""A fixed number of parts under a tight band: verified without the solver's code, and against brute force."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from partition.rules import Rules
from partition.zoning.cut_bound import cut_bound
from partition.zoning.fixed_parts import divide_into
from partition.zoning.problem import Land, make_land
from tests.bench.cut_edges import prove, read_instance, solve
from tests.conftest import ROOT

BEST = {"ME_county": 16, "ID_county": 10, "NE_county": 19, "OK_county": 40, "MS_county": 34, "NH_tract": 26}
PATIENCE_S = 600.0  # far more than any of it takes, however busy the machine


@pytest.fixture(scope="session")
def published() -> Path:
    folder = ROOT.parent / "shared" / "bench" / "cut-edges"
    if not folder.is_dir():
        pytest.skip(f"published cut-edge instances not found: {folder}")
    return folder


def is_connected(edges: list[tuple[int, int]], members: list[int]) -> bool:
    """Whether the members hang together over the edges among them."""
    near: dict[int, list[int]] = {v: [] for v in members}
    for a, b in edges:
        if a in near and b in near:
            near[a].append(b)
            near[b].append(a)
    seen, left = {members[0]}, [members[0]]
    while left:
        new = [u for u in near[left.pop()] if u not in seen]
        seen.update(new)
        left += new
    return len(seen) == len(near)


def verified_cut(path: Path, answer: dict[str, Any]) -> int:
    """Edges between parts, after checking without the solver's code that the plan is lawful."""
    data = json.loads(path.read_text(encoding="utf-8"))
    part = {node["id"]: answer["assignment"][str(node["id"])] for node in data["nodes"]}
    edges = sorted({(min(a, b), max(a, b)) for a, b, *_ in data["edges"]})
    assert len(answer["assignment"]) == len(data["nodes"])
    assert len(set(part.values())) == data["k"]
    for p in sorted(set(part.values())):
        members = [v for v in part if part[v] == p]
        assert is_connected(edges, members)
        people = sum(node["pop"] for node in data["nodes"] if part[node["id"]] == p)
        assert data["L"] <= people <= data["U"]
    return sum(part[a] != part[b] for a, b in edges)


def grid_land(side: int, weight: list[int], lo: int, hi: int) -> Land:
    """A square grid of pieces with unit borders."""
    n = side * side
    at = np.arange(n).reshape(side, side)
    a = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    b = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    row, column = np.divmod(np.arange(n), side)
    one = np.ones(len(a))
    rules = Rules(balance_weight=0.0, dispersion_weight=0.0)
    count = np.array(weight, np.int64)
    land = make_land(np.arange(n), count, column * 1.0, row * 1.0, np.zeros(n), a, b, one, one > 0, rules)
    return land._replace(lo=lo, hi=hi)


def edges_of(land: Land) -> list[tuple[int, int]]:
    """Pairs of pieces that touch, the lower first."""
    rows = np.repeat(np.arange(len(land.weight)), np.diff(land.indptr)).tolist()
    return [(v, u) for v, u in zip(rows, land.indices.tolist()) if v < u]


def brute_force(land: Land, n_parts: int) -> float:
    """Least cut over every labelling; infinite when none is lawful."""
    n = len(land.weight)
    edges = edges_of(land)
    best = np.inf
    for labels in itertools.product(range(n_parts), repeat=n - 1):
        part = (0, *labels)
        sums = np.bincount(part, land.weight, n_parts)
        if (sums < land.lo).any() or (sums > land.hi).any():
            continue
        cut = sum(part[a] != part[b] for a, b in edges)
        if cut < best and all(is_connected(edges, [v for v in range(n) if part[v] == p]) for p in range(n_parts)):
            best = cut
    return best


@pytest.mark.parametrize("name", ["ME_county", "ID_county", "NE_county", "MS_county"])
def test_published_counties_are_cut_lawfully_and_close_to_the_optimum(published: Path, name: str) -> None:
    path = published / f"{name}.json"
    instance = read_instance(path)
    found = divide_into(instance.land, instance.n_parts, seed=1, moves=6_000_000)
    answer = {"assignment": {str(i): int(p) for i, p in zip(instance.ids, found.part)}}
    assert found.outside == 0
    assert verified_cut(path, answer) == round(found.cost)
    assert BEST[name] <= found.cost <= 1.1 * BEST[name]


def test_a_published_tract_instance_is_cut_lawfully_and_close_to_the_optimum(published: Path) -> None:
    path = published / "NH_tract.json"
    instance = read_instance(path)
    found = divide_into(instance.land, instance.n_parts, seed=1, moves=6_000_000)
    answer = {"assignment": {str(i): int(p) for i, p in zip(instance.ids, found.part)}}
    assert verified_cut(path, answer) == round(found.cost) <= 28


def test_the_bench_prints_a_verified_plan_with_its_proof(published: Path) -> None:
    answer = solve(published / "ID_county.json", seconds=600.0, seed=1)  # ends as soon as it is proved
    assert verified_cut(published / "ID_county.json", answer) == answer["objective"] == answer["bound"] == 10


def test_a_bound_of_more_parts_is_below_the_published_optimum(published: Path) -> None:
    class Enough(Exception):
        """Two bounds are told; no need to wait for more."""

    class Proved:
        def __init__(self) -> None:
            self.told: list[float] = []

        @property
        def value(self) -> float:
            return max(self.told, default=-np.inf)

        @value.setter
        def value(self, bound: float) -> None:
            if bound > self.value:
                self.told.append(bound)
            if len(self.told) == 2:
                raise Enough

    proved = Proved()
    with pytest.raises(Enough):
        prove(read_instance(published / "OK_county.json"), 1, time.monotonic() + PATIENCE_S, proved)
    assert 0 < min(proved.told) < max(proved.told) <= BEST["OK_county"]


@pytest.mark.parametrize("seed", range(6))
def test_brute_force_agrees_on_small_grids(seed: int) -> None:
    random = np.random.default_rng(seed)
    weight = random.integers(1, 9, 9).tolist()
    for n_parts in (2, 3):
        mean = sum(weight) / n_parts
        land = grid_land(3, weight, int(mean - 1), int(mean + 1))
        best = brute_force(land, n_parts)
        found = divide_into(land, n_parts, seed=seed, moves=400_000)
        bound = cut_bound(land, n_parts, found.lawful_parts, rounds=30, deadline=time.monotonic() + PATIENCE_S)
        assert (found.cost if found.outside == 0 else np.inf) == best
        assert bound <= best
        if n_parts == 2:
            assert bound == best


def test_the_same_seed_gives_the_same_plan() -> None:
    weight = np.random.default_rng(3).integers(20, 60, 64).tolist()
    mean = sum(weight) / 4
    land = grid_land(8, weight, int(mean * 0.99), int(mean * 1.01) + 1)
    plans = [divide_into(land, 4, seed=5, moves=1_000_000) for _ in range(2)]
    assert plans[0].part.tolist() == plans[1].part.tolist()
    assert plans[0].outside == 0


def test_a_deadline_that_has_passed_still_gives_contiguous_parts() -> None:
    land = grid_land(8, [10] * 64, 155, 165)
    found = divide_into(land, 4, seed=1, moves=50_000_000, deadline=time.monotonic())
    assert found.was_cut
    for p in range(4):
        assert is_connected(edges_of(land), np.flatnonzero(found.part == p).tolist())
