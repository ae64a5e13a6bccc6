"""Smoothed rates against esda's own, Gi* against its formula, and a hot spot that was planted."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from partition.incidents.smooth import hot_spots, household_rates, neighbours

SIDE = 12


def board(side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of a square of cells, across corners too."""
    at = np.arange(side * side).reshape(side, side)
    pairs = [(at[:, :-1], at[:, 1:]), (at[:-1], at[1:]), (at[:-1, :-1], at[1:, 1:]), (at[:-1, 1:], at[1:, :-1])]
    return tuple(np.concatenate([pair[i].ravel() for pair in pairs]).astype(np.int64) for i in (0, 1))


def town(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    households = rng.integers(20, 600, SIDE * SIDE).astype(float)
    return rng.poisson(households * rng.gamma(4, 0.01, SIDE * SIDE)).astype(float), households


def test_rates_drawn_to_the_mean_equal_those_of_esda() -> None:
    from esda.smoothing import Empirical_Bayes, Spatial_Empirical_Bayes
    from libpysal.weights import W

    count, households = town()
    a, b = board()
    rates = household_rates(count, households, a, b)
    assert np.allclose(rates.smooth / 1000, Empirical_Bayes(count, households).r.ravel(), rtol=1e-12)
    around = {i: sorted({*b[a == i].tolist(), *a[b == i].tolist()}) for i in range(len(count))}
    near = Spatial_Empirical_Bayes(
        count, households, W(around, id_order=list(range(len(count))), silence_warnings=True)
    )
    assert np.allclose(rates.smooth_near / 1000, near.r.ravel(), rtol=1e-9)
    assert rates.mean == pytest.approx(1000 * count.sum() / households.sum())


def test_fewer_households_are_drawn_nearer_to_the_mean_and_marked() -> None:
    count = np.array([2.0, 200, 10, 30, 25, 12])
    households = np.array([10.0, 1000, 300, 300, 300, 300])
    rates = household_rates(count, households, np.array([0]), np.array([1]))
    assert rates.raw[0] == rates.raw[1]
    assert abs(rates.smooth[0] - rates.mean) < abs(rates.smooth[1] - rates.mean)
    assert rates.is_small.tolist() == [True, False, False, False, False, False]
    # The other four touch nobody: they are drawn to the mean of all.
    assert np.array_equal(rates.smooth_near[2:], rates.smooth[2:])


def test_grids_without_households_have_no_rate_and_spoil_no_other() -> None:
    count, households = np.array([3.0, 5, 2]), np.array([100.0, 0, 300])
    rates = household_rates(count, households, np.array([0, 1]), np.array([1, 2]))
    assert np.isnan(rates.raw).tolist() == np.isnan(rates.smooth).tolist() == [False, True, False]
    alone = household_rates(count[[0, 2]], households[[0, 2]], np.array([], int), np.array([], int))
    assert np.array_equal(rates.smooth[[0, 2]], alone.smooth)
    assert np.isnan(household_rates(np.zeros(2), np.zeros(2), np.array([0]), np.array([1])).mean)
    quiet = household_rates(np.zeros(3), households, np.array([0]), np.array([1]))
    assert quiet.raw[0] == quiet.smooth[0] == 0


def test_gi_star_equals_its_formula() -> None:
    value = np.random.default_rng(5).gamma(2, 3, SIDE * SIDE)
    a, b = board()
    found = hot_spots(value, a, b, seed=7)
    n = len(value)
    weight = np.eye(n)
    weight[a, b] = weight[b, a] = 1
    # Ord and Getis 1995, (14): with w_ii = 1.
    mean, s = value.mean(), value.std()
    w = weight.sum(1)
    z = (weight @ value - mean * w) / (s * np.sqrt((n * w - w**2) / (n - 1)))
    assert np.allclose(found.z, z, rtol=1e-9)
    assert found.p.min() >= 0.001
    assert found.p.max() <= 1


def test_gi_star_and_its_p_equal_those_of_esda() -> None:
    from esda.getisord import G_Local
    from libpysal.graph import Graph

    value = np.random.default_rng(5).gamma(2, 3, SIDE * SIDE)
    a, b = board()
    i = np.arange(len(value))
    first, second = np.concatenate([a, b, i]), np.concatenate([b, a, i])
    order = np.lexsort((second, first))
    weights = Graph.from_arrays(first[order], second[order], np.ones(len(first)))
    theirs = G_Local(
        value, weights, transform="B", star=True, permutations=499, n_jobs=1, seed=7, alternative="two-sided"
    )
    ours = hot_spots(value, a, b, seed=7, permutations=499)
    assert np.allclose(ours.z, theirs.Zs, rtol=1e-12)
    assert np.allclose(ours.p, np.minimum(theirs.p_sim, 1), atol=1e-7)  # theirs are kept in four bytes


def test_a_planted_hot_spot_is_found_with_its_seed_and_nothing_far_from_it_is_held() -> None:
    rng = np.random.default_rng(11)
    households = rng.integers(250, 500, SIDE * SIDE).astype(float)
    risk = np.full((SIDE, SIDE), 0.02)
    risk[2:5, 7:10] = 0.12
    count = rng.poisson(households * risk.ravel()).astype(float)
    a, b = board()
    value = household_rates(count, households, a, b).smooth
    first, again, other = (hot_spots(value, a, b, seed=seed) for seed in (1, 1, 2))
    planted = np.zeros((SIDE, SIDE), bool)
    planted[2:5, 7:10] = True
    names = np.array(first.found).reshape(SIDE, SIDE)
    assert set(names[planted]) <= {"hot_99", "hot_95"}  # the corners have cold neighbours
    assert names[3, 8] == "hot_99"
    assert first.is_held.reshape(SIDE, SIDE)[3, 8]
    near = np.zeros((SIDE, SIDE), bool)
    near[1:6, 6:11] = True
    assert not np.any(first.is_held[~near.ravel()] & (first.z[~near.ravel()] > 0))
    assert np.array_equal(first.p, again.p)
    assert first.found == again.found
    assert not np.array_equal(first.p, other.p)
    assert np.array_equal(first.z, other.z)


def test_the_highest_of_all_among_low_ones_is_no_cold_spot() -> None:
    value = np.random.default_rng(4).gamma(3, 1, SIDE * SIDE)
    board_of = value.reshape(SIDE, SIDE)
    board_of[4:7, 4:7] = 0.8
    board_of[5, 5] = value.max() + 1
    found = hot_spots(value, *board(), seed=3)
    at = 5 * SIDE + 5
    assert found.p[at] <= 0.05
    assert found.z[at] < 0, "by permutation of its neighbours alone it would be cold"
    assert found.found[at] == ""


def test_grids_without_neighbours_or_households_are_no_hot_spots() -> None:
    value = np.random.default_rng(2).gamma(2, 3, SIDE * SIDE + 2)
    value[-2:] = (np.nan, 900.0)
    found = hot_spots(value, *board(), seed=1)
    assert found.is_island.tolist() == [False] * (SIDE * SIDE) + [True, True]
    assert found.found[-2:] == ("", "")
    assert found.p[-2:].tolist() == [1, 1]
    assert np.isfinite(found.z).all()


@pytest.mark.parametrize("value", [np.zeros(144), np.full(144, 3.5), np.full(144, np.nan), np.arange(5.0)])
def test_where_nothing_differs_or_is_known_nothing_is_found(value: np.ndarray) -> None:
    a, b = (np.array([0, 1]), np.array([1, 2])) if len(value) < 9 else board()
    found = hot_spots(value, a, b)
    assert set(found.found) == {""}
    assert (found.p == 1).all()
    assert not found.is_held.any()


def test_grids_touch_over_a_gap_that_is_no_street() -> None:
    deg = 1e-5  # about a metre
    boxes = np.array(
        [
            shapely.box(112.0, 28.0, 112.001, 28.001),
            shapely.box(112.001, 28.0, 112.002, 28.001),
            shapely.box(112.0, 28.001 + 0.5 * deg, 112.001, 28.002),
            shapely.box(112.002 + 3 * deg, 28.0, 112.003, 28.001),
        ]
    )
    a, b = neighbours(boxes)
    assert list(zip(a.tolist(), b.tolist())) == [(0, 1), (0, 2), (1, 2)]
    assert [len(found) for found in neighbours(boxes[:1])] == [0, 0]
