"""Random chains of re-draws on plain arrays: grids exchange ground, merge and split; communities merge, split, move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gis.graph import IntArray
from partition.lineage import carry_codes, match


@dataclass(frozen=True)
class Step:
    """One plan of a chain; ``parent`` counts in the grids of the step before."""

    of: IntArray
    weight: IntArray
    codes: list[str]
    communities: list[str]
    kinds: list[str]
    parent: IntArray
    retired: tuple[str, ...]

    @property
    def code_of_member(self) -> list[str]:
        return [self.codes[grid] for grid in self.of]


def chain(seed: int, steps: int) -> Iterator[Step]:
    """Plans one after the other, each drawn from the one before; households stay as they are."""
    random = np.random.default_rng(seed)
    n = int(random.integers(4, 24))
    weight = random.integers(0, 60, n)
    home = np.sort(random.integers(0, 3, n))
    names = ["A", "B", "C"]
    of = _tidy(random.integers(0, 3, n), home)
    codes: list[str] = []
    communities: list[str] = []
    retired: tuple[str, ...] = ()
    for step in range(steps):
        new_of = of
        if step:
            if random.random() < 0.3:
                home = np.minimum(home, random.integers(3)) if random.random() < 0.5 else random.integers(0, 3, 3)[home]
                names = random.permutation(["A", "B", "C", "D", "E"]).tolist()[:3]
            new_of = _exchanged(random, of, home)
        one = np.array([np.flatnonzero(new_of == grid)[0] for grid in range(new_of.max() + 1)])
        parent = match(of, new_of, weight, len(codes), len(one)) if step else np.full(len(one), -1)
        now = [names[home[i]] for i in one]
        kinds = ["dedicated" if weight[i] > 50 else "rural" if weight[i] < 5 else "standard" for i in one]
        place = one.astype(float)
        carried = carry_codes(parent, codes, communities, now, kinds, place, -place, np.ones(len(one)), retired=retired)
        yield Step(new_of, weight, list(carried.codes), now, kinds, parent, carried.retired)
        codes, communities, retired, of = list(carried.codes), now, carried.retired, new_of


def _exchanged(random: np.random.Generator, of: IntArray, home: IntArray) -> IntArray:
    of = of.copy()
    for _ in range(random.integers(0, 4)):
        a = random.integers(len(of))
        same = np.flatnonzero(home == home[a])
        what = random.integers(3)
        if what == 0:  # one member to another grid
            of[a] = of[random.choice(same)]
        elif what == 1:  # two grids joined
            of[of == of[a]] = of[random.choice(same)]
        else:  # a grid cut
            part = np.flatnonzero(of == of[a])
            of[part[random.random(len(part)) < 0.5]] = of.max() + 1
    return _tidy(of, home)


def _tidy(of: IntArray, home: IntArray) -> IntArray:
    """Grids 0, 1, ... with members of one community each."""
    return np.unique(of * 10 + home, return_inverse=True)[1]
