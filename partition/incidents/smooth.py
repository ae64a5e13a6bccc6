"""Rates per 1,000 households of grids with few of them: smoothed towards the mean, and where high ones lie together.

A grid of 30 households with one incident has a high rate by chance.  Empirical Bayes draws each rate towards the
mean of all grids, or of the grid and its neighbours, the more the fewer households it has.  Gi* then asks whether a
grid and its neighbours are higher together than chance would have it, by permutation from a stated seed.

References
----------
Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics 40,
283-294.
Getis, A., & Ord, J. K. (1992). The analysis of spatial association by use of distance statistics. Geographical
Analysis 24, 189-206.
Ord, J. K., & Getis, A. (1995). Local spatial autocorrelation statistics. Geographical Analysis 27, 286-306.
Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57, 289-300.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

PER = 1000
FEW_EXPECTED = 5.0
"""Where fewer incidents are to be expected by the mean rate, one more or less changes the rate by a fifth and more."""
FEW_GRIDS = 8
"""Among fewer grids than these no pattern is looked for."""
CLASSES = ((0.01, "99"), (0.05, "95"), (0.10, "90"))
FALSE_FRAC = 0.05
_AT_ONCE = 500
_M_PER_DEG = 111_195.0
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates per 1,000 households, one a grid; NaN where a grid has no household.

    Attributes
    ----------
    raw
        Incidents over households.
    smooth, smooth_near
        Drawn towards the mean of all grids; towards that of the grid and its neighbours.
    is_small
        Where fewer than `FEW_EXPECTED` incidents are to be expected: the raw rate says little.
    mean
        Of all grids together; NaN where there is no household at all.
    """

    raw: Floats
    smooth: Floats
    smooth_near: Floats
    is_small: Bools
    mean: float


@dataclass(frozen=True, slots=True)
class HotSpots:
    """Where high or low values lie together, one a grid.

    Attributes
    ----------
    z
        Gi* in standard deviations.
    p
        By permutation, two-sided; 1 where nothing can be said.
    found
        ``hot_99``, ``hot_95``, ``hot_90``, ``cold_99``, ``cold_95``, ``cold_90``; empty: neither, also for a grid that
        is above the mean while its neighbourhood is low, or the other way round.  By itself: of 100 grids of mere
        chance about ten have one.
    is_held
        Still significant with a false discovery rate of 5 % over all grids, by the normal approximation of ``z``.
    is_island
        Without a neighbour, or without a value: nothing is found there.
    """

    z: Floats
    p: Floats
    found: tuple[str, ...]
    is_held: Bools
    is_island: Bools


def household_rates(count: Floats, households: Floats, a: Ints, b: Ints) -> Rates:
    """Raw and smoothed rates of grids.

    Parameters
    ----------
    count, households
        Of each grid.
    a, b
        Pairs of neighbours (rows), each once.
    """
    count, households = np.asarray(count, float), np.asarray(households, float)
    n = len(count)
    lived = households > 0
    raw, smooth, near = (np.full(n, np.nan) for _ in range(3))
    if not lived.any():
        return Rates(raw, smooth, near, np.zeros(n, dtype=bool), math.nan)
    raw[lived] = count[lived] / households[lived]
    smooth[lived], mean = _smoothed(count[lived], households[lived])
    pairs = lived[a] & lived[b]
    row = np.cumsum(lived) - 1
    first, second = row[a[pairs]], row[b[pairs]]
    near[lived] = _smoothed_near(count[lived], households[lived], first, second)
    alone = np.setdiff1d(np.flatnonzero(lived), np.flatnonzero(lived)[np.concatenate([first, second])])
    near[alone] = smooth[alone]  # without neighbours: towards the mean of all
    small = lived & (mean * households < FEW_EXPECTED)
    return Rates(PER * raw, PER * smooth, PER * near, small, PER * mean)


def _smoothed(count: Floats, households: Floats) -> tuple[Floats, float]:
    """Marshall's estimator with the mean of all, as rates of one household."""
    mean = float(count.sum() / households.sum())
    rate = count / households
    spread = float((households * (rate - mean) ** 2).sum() / households.sum()) - mean / float(households.mean())
    return _drawn(rate, np.full(len(rate), mean), np.full(len(rate), spread), households), mean


def _smoothed_near(count: Floats, households: Floats, a: Ints, b: Ints) -> Floats:
    """The same with mean and spread of each grid and its neighbours."""
    around = _around(len(count), a, b)
    lived = around @ households
    mean = (around @ count) / lived
    n_around = np.asarray(around.sum(axis=1)).ravel()
    rate = count / households
    # Sum of households (rate - mean)^2 over those around, where the mean is that of the middle one.
    squares = around @ (households * rate**2) - 2 * mean * (around @ count) + mean**2 * lived
    return _drawn(rate, mean, squares / lived - mean * n_around / lived, households)


def _drawn(rate: Floats, mean: Floats, spread: Floats, households: Floats) -> Floats:
    # Rounding may leave a trace of a spread where all rates are alike.
    spread = np.where(spread > 1e-12 * np.maximum(mean, 1e-300), spread, 0.0)
    total = spread + mean / households
    weight = np.divide(spread, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(mean + weight * (rate - mean))


def hot_spots(value: Floats, a: Ints, b: Ints, *, seed: int = 0, permutations: int = 999) -> HotSpots:
    """Gi* of a value over grids that touch, with binary weights and the grid itself among them.

    Parameters
    ----------
    value
        Of each grid, 0 or more; NaN: the grid is left out.
    a, b
        Pairs of neighbours (rows), each once.
    seed
        Of the permutations: the same seed gives the same answer.
    permutations
        How many: p is never below ``1 / (permutations + 1)``.

    Notes
    -----
    `esda` does the work.  Its first use in a process takes some seconds: it is read and compiled then.
    """
    from scipy.special import ndtr  # the service starts without it

    value = np.asarray(value, float)
    n = len(value)
    known = np.isfinite(value)
    row = np.cumsum(known) - 1
    pairs = known[a] & known[b]
    first, second = row[a[pairs]], row[b[pairs]]
    z, p = np.zeros(n), np.ones(n)
    is_island = np.ones(n, dtype=bool)
    is_island[np.flatnonzero(known)[np.unique(np.concatenate([first, second]))]] = False
    mine = value[known]
    if len(mine) < FEW_GRIDS or not len(first) or np.ptp(mine) == 0:
        return HotSpots(z, p, ("",) * n, np.zeros(n, dtype=bool), is_island)
    z[known], p[known] = _gi_star(mine, first, second, seed, permutations)
    z[is_island], p[is_island] = 0.0, 1.0
    held = np.zeros(n, dtype=bool)
    # Of the normal approximation: by permutation p has a floor, which hundreds of grids at once would never pass.
    held[~is_island] = _is_held(2 * ndtr(-np.abs(z[~is_island])))
    # The highest of all among low ones has a low neighbourhood, and is no place where low values lie together.
    is_alike = known & ((np.where(known, value, 0.0) >= mine.mean()) == (z > 0))
    found = (_class_of(*one) if alike else "" for *one, alike in zip(z.tolist(), p.tolist(), is_alike.tolist()))
    return HotSpots(z, p, tuple(found), held & is_alike, is_island)


def _gi_star(value: Floats, a: Ints, b: Ints, seed: int, permutations: int) -> tuple[Floats, Floats]:
    """z and p as `esda.G_Local` has them, from its parts: its own loop takes 15 s to compile."""
    from esda.crand import vec_permutations  # takes seconds to import
    from esda.getisord import G_Local
    from esda.significance import _permutation_significance
    from libpysal.graph import Graph

    around = _around(len(value), a, b).tocoo()
    order = np.lexsort((around.col, around.row))
    weights = Graph.from_arrays(around.row[order], around.col[order], around.data[order])
    found = G_Local(value, weights, transform="B", star=True, permutations=0)
    n_near = np.bincount(np.concatenate([a, b]), minlength=len(value))
    drawn = vec_permutations(int(n_near.max()), len(value), permutations, seed)
    p = np.empty(len(value))
    for begin in range(0, len(value), _AT_ONCE):
        rows = range(begin, min(begin + _AT_ONCE, len(value)))
        # A grid keeps its own value; those around it are drawn from all others.
        draws = [np.delete(value, i)[drawn[:, : n_near[i]]].sum(axis=1) + value[i] for i in rows]
        told = np.asarray(found.Gs)[begin : rows.stop, None]
        p[begin : rows.stop] = _permutation_significance.py_func(told, np.array(draws) / value.sum(), "two-sided")
    return np.asarray(found.Zs, dtype=np.float64), np.round(np.minimum(p, 1.0), 9)


def _is_held(p: Floats) -> Bools:
    """Benjamini and Hochberg's step-up rule."""
    order = np.argsort(p, kind="stable")
    passed = np.flatnonzero(p[order] <= FALSE_FRAC * np.arange(1, len(p) + 1) / max(len(p), 1))
    held = np.zeros(len(p), dtype=bool)
    if len(passed):
        held[order[: passed[-1] + 1]] = True
    return held


def _class_of(z: float, p: float) -> str:
    for limit, name in CLASSES:
        if p <= limit:
            return f"{'hot' if z > 0 else 'cold'}_{name}"
    return ""


def _around(n: int, a: Ints, b: Ints) -> Any:
    """Who touches whom, everybody touching themselves."""
    from scipy import sparse  # the service starts without it

    i = np.arange(n)
    rows, columns = np.concatenate([a, b, i]), np.concatenate([b, a, i])
    return sparse.coo_array((np.ones(len(rows)), (rows, columns)), (n, n)).tocsr()


def neighbours(outlines: NDArray[np.object_], gap_m: float = 1.0) -> tuple[Ints, Ints]:
    """Pairs of grids that touch, at a corner too; each once, in the order of rows.

    Parameters
    ----------
    outlines
        In longitude and latitude.
    gap_m
        Outlines of different communities may be this far apart and still touch.
    """
    if len(outlines) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    bounds = shapely.total_bounds(outlines)
    scale = np.array([_M_PER_DEG * math.cos(math.radians(float(bounds[1] + bounds[3]) / 2)), _M_PER_DEG])
    plane = shapely.transform(outlines, lambda places: (places - bounds[:2]) * scale)
    found = shapely.STRtree(plane).query(plane, predicate="dwithin", distance=gap_m)
    pairs = found[:, found[0] < found[1]]
    order = np.lexsort((pairs[1], pairs[0]))
    return pairs[0, order].astype(np.int64), pairs[1, order].astype(np.int64)
