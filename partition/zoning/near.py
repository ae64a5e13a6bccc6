"""Near misses: what a planner can choose from where no lawful plan exists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis.errors import Fact
from gis.graph import AtomGraph, IntArray
from partition.plan import NearMiss
from partition.rules import Rules
from partition.zoning.articulation import PENDANT, refusal
from partition.zoning.problem import Problem

_MOST_SIZES = 100
_MOST_NAMES = 5


def distance(households: int, rules: Rules) -> int:
    """How far a grid is from the band: 0 inside, negative below, positive above."""
    if households < rules.min_households:
        return households - rules.min_households
    return max(0, households - rules.max_households)


def near_misses(households: int, rules: Rules) -> tuple[NearMiss, ...]:
    """The numbers of grids on both sides of a hole, cut as evenly as can be, nearest to the band first.

    550 households at 300-500: one grid of 550 (+50), or two of 275 (-25 each).
    """
    found: list[tuple[int, NearMiss]] = []
    below = households // rules.max_households
    for k in sorted({max(1, below), below + 1}):
        if k > max(households, 1):
            continue
        size, more = divmod(households, k)
        if k <= _MOST_SIZES:
            sizes = (size + 1,) * more + (size,) * (k - more)
        else:
            sizes = (size, size + 1) if more else (size,)
        off = more * abs(distance(size + 1, rules)) + (k - more) * abs(distance(size, rules))
        found.append((off, NearMiss(k, sizes, tuple(distance(s, rules) for s in sizes))))
    return tuple(miss for _, miss in sorted(found, key=lambda pair: (pair[0], pair[1].n_grids)))


def named_refusal(graph: AtomGraph, rules: Rules, problem: Problem) -> tuple[tuple[NearMiss, ...], dict[str, Fact]]:
    """Near misses of a piece that refuses (see `articulation`), and the facts of its sentence, with the atoms named."""
    found = refusal(problem.land)
    if found is None:
        return (), {}

    def atoms(pieces: IntArray) -> tuple[str, ...]:
        return tuple(graph.atom_ids[a] for a in problem.atoms[np.isin(problem.piece, pieces)])

    centre, hanging = atoms(np.array([found.centre])), atoms(found.hanging)
    alone = found.hanging_households if found.reason == PENDANT else found.centre_households
    names = hanging if found.reason == PENDANT else centre
    options = [
        NearMiss(
            1, (found.least_households,), (distance(found.least_households, rules),), tuple(sorted(centre + hanging))
        ),
        NearMiss(1, (alone,), (distance(alone, rules),), names),
    ]
    options.sort(key=lambda miss: abs(miss.distances[0]) or rules.max_households)
    return tuple(miss for miss in options if miss.distances[0]), {
        "atoms": _some(centre),
        "land": _some(hanging),
        "together": found.least_households,
    }


def told(misses: Sequence[NearMiss]) -> str:
    """Near misses in figures alone, for any language: ``1: 550 (+50); 2: 275 (-25), 275 (-25)``."""
    lines = []
    for miss in misses:
        pairs = [f"{size} ({off:+d})" for size, off in zip(miss.sizes, miss.distances)]
        shown = pairs if len(pairs) <= _MOST_NAMES else [*pairs[: _MOST_NAMES - 1], "…", pairs[-1]]
        lines.append(f"{miss.n_grids}: {', '.join(shown)}")
    return "; ".join(lines)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown}, … ({len(names)})"
