"""Every contiguous plan of a tiny one-community town, by plain recursion: what the solver is compared with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gis.graph import AtomGraph, EdgeClass
from partition.rules import Rules


def all_plans(graph: AtomGraph, rules: Rules, *, is_lawful: bool) -> Iterator[tuple[list[int], float]]:
    """(households per grid, cost) of every contiguous plan; per connected part the plans are combined."""
    w = graph.households.tolist()
    for masks in all_cuts(graph, rules, is_lawful=is_lawful):
        sizes = [sum(w[v] for v in _members(mask)) for mask in masks]
        yield sizes, sum(_cost(graph, rules, m, masks) for m in masks)


def all_cuts(graph: AtomGraph, rules: Rules, *, is_lawful: bool) -> Iterator[list[int]]:
    """The same plans as sets of atoms, one bit an atom."""
    n = graph.n_atoms
    near: list[int] = [0] * n
    for a, b, passable, kind in zip(graph.edge_a, graph.edge_b, graph.edge_passable, graph.edge_class):
        if passable and kind != EdgeClass.EXCLAVE:
            near[a] |= 1 << int(b)
            near[b] |= 1 << int(a)
    w = graph.households.tolist()
    part = _connected_parts(n, near)
    home = [p for p in part if sum(w[v] for v in _members(p))]

    def weight(mask: int) -> int:
        return sum(w[v] for v in _members(mask))

    def grow(mask: int, frontier: int, banned: int) -> Iterator[int]:
        yield mask
        while frontier:
            bit = frontier & -frontier
            frontier ^= bit
            banned |= bit
            v = bit.bit_length() - 1
            yield from grow(mask | bit, (frontier | near[v]) & ~banned & ~mask, banned)

    def plans(rest: int) -> Iterator[list[int]]:
        if not rest:
            yield []
            return
        first = rest & -rest
        v = first.bit_length() - 1
        outside = ~rest | first
        for mask in grow(first, near[v] & ~outside, outside):
            if is_lawful and not rules.min_households <= weight(mask) <= rules.max_households:
                continue
            for others in plans(rest & ~mask):
                yield [mask, *others]

    def combine(parts: list[int]) -> Iterator[list[int]]:
        if not parts:
            yield []
            return
        for first in plans(parts[0]):
            for others in combine(parts[1:]):
                yield [*first, *others]

    yield from combine(home)


def best_plan(graph: AtomGraph, rules: Rules) -> float | None:
    """Least cost over all lawful plans, or ``None``."""
    if not graph.households.sum():
        return None
    return min((cost for _, cost in all_plans(graph, rules, is_lawful=True)), default=None)


def _members(mask: int) -> list[int]:
    return [v for v in range(mask.bit_length()) if mask >> v & 1]


def _connected_parts(n: int, near: list[int]) -> list[int]:
    left, out = (1 << n) - 1, []
    while left:
        mask = left & -left
        while True:
            larger = mask
            for v in _members(mask):
                larger |= near[v]
            if larger == mask:
                break
            mask = larger
        out.append(mask)
        left &= ~mask
    return out


def _cost(graph: AtomGraph, rules: Rules, mask: int, masks: list[int]) -> float:
    """Half of the border to the other grids of the same part, balance and dispersion, straight from the rules."""
    members = _members(mask)
    covered = 0
    for m in masks:
        covered |= m
    cut = 0.0
    for a, b, metres, kind in zip(graph.edge_a, graph.edge_b, graph.edge_length_m, graph.edge_class):
        inside = (mask >> int(a) & 1) + (mask >> int(b) & 1)
        if inside == 1 and covered >> int(a) & 1 and covered >> int(b) & 1:
            cut += float(metres) * getattr(rules, f"weight_{EdgeClass(int(kind)).name.lower()}", 0.0)
    w = graph.households[members].astype(float)
    total = w.sum()
    half = max(rules.max_households - rules.target_households, rules.target_households - rules.min_households, 1)
    cost = cut / 2 + rules.balance_weight * (total - rules.target_households) ** 2 / half
    if total > 0:
        x, y = graph.x_m[members], graph.y_m[members]
        cx, cy = (w * x).sum() / total, (w * y).sum() / total
        inertia = (w * ((x - cx) ** 2 + (y - cy) ** 2)).sum() + graph.inertia_m2[members].sum()
        cost += rules.dispersion_weight * np.sqrt(inertia / total)
    return float(cost)
