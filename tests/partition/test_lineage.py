"""Lineage: optimal matching, codes carried on, numbers never used twice."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from gis.errors import InputError
from partition.codes import is_well_formed, stat15
from partition.lineage import carry_codes, match, moved, pair_grids
from tests.partition.chains import Step, chain


def arrays(rows):
    table = np.array(rows, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


small = st.integers(1, 5).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(
            st.tuples(st.integers(-1, n - 1), st.integers(-1, 4), st.sampled_from([0, 0, 1, 2, 5, 90])), max_size=14
        ),
    )
)


def all_assignments(n_old, n_new):
    """Every way to give each new grid an old one of its own, or none."""
    stands = list(range(n_old)) + [-1] * n_new
    return set(permutations(stands, n_new))


def overlaps(old, new, weight, n_old, n_new):
    households, members = np.zeros((n_new, n_old), np.int64), np.zeros((n_new, n_old), np.int64)
    for o, n, w in zip(old, new, weight):
        if o >= 0 and n >= 0:
            households[n, o] += w
            members[n, o] += 1
    return households, members


@settings(max_examples=60, deadline=None)
@given(small.filter(lambda case: case[0] <= 3))
def test_matching_is_the_best_of_all_that_exist(case):
    n_old, rows = case
    old, new, weight = arrays([row for row in rows if row[1] < 3])
    households, members = overlaps(old, new, weight, n_old, 3)
    pairing = pair_grids(old, new, weight, n_old, 3)

    def value(choice, fits=None):
        picked = [(n, o) for n, o in enumerate(choice) if o >= 0 and members[n, o] and (fits is None or fits[n, o])]
        return sum(households[p] for p in picked), sum(members[p] for p in picked)

    best = max(value(choice) for choice in all_assignments(n_old, 3))
    assert value(pairing.partner) == best
    assert pairing.moved == households.sum() - best[0] == moved(old, new, weight, n_old, 3)

    sums = [
        (np.bincount(of[of >= 0], weight[of >= 0], n), np.bincount(of[of >= 0], minlength=n))
        for of, n in ((old, n_old), (new, 3))
    ]
    fits = np.zeros((3, n_old), bool)
    for n in range(3):
        for o in range(n_old):
            halves = [
                2 * households[n, o] >= w[i] if w[i] > 0 else 2 * members[n, o] >= c[i]
                for (w, c), i in zip(sums, (o, n))
            ]
            fits[n, o] = bool(members[n, o]) and all(halves)
    parent = pairing.parent
    assert all(fits[n, o] for n, o in enumerate(parent) if o >= 0)
    assert len({o for o in parent if o >= 0}) == (parent >= 0).sum()
    assert value(parent, fits) == max(value(choice, fits) for choice in all_assignments(n_old, 3))
    assert pairing.not_carried >= pairing.moved


@pytest.mark.parametrize("seed", range(20))
def test_large_matchings_agree_with_the_dense_solver(seed):
    random = np.random.default_rng(seed)
    n_old, n_new, n = random.integers(1, 60), random.integers(1, 60), 400
    old, new = random.integers(-1, n_old, n), random.integers(-1, n_new, n)
    weight = random.integers(0, 30, n)
    households, _ = overlaps(old, new, weight, n_old, n_new)
    rows, columns = linear_sum_assignment(households, maximize=True)
    assert moved(old, new, weight, n_old, n_new) == households.sum() - households[rows, columns].sum()


def test_ten_thousand_grids_are_matched_without_a_dense_table():
    n = 10_000
    random = np.random.default_rng(5)
    old = np.repeat(np.arange(n), 10)
    new = np.where(random.random(10 * n) < 0.8, old, np.minimum(old + random.integers(1, 4, 10 * n), n - 1))
    pairing = pair_grids(old, new, np.full(10 * n, 40), n, n)
    assert (pairing.parent == np.arange(n)).mean() > 0.9
    assert 0 < pairing.moved <= pairing.not_carried < 0.3 * 400 * n


def test_a_survivor_is_not_lost_to_a_matching_that_moves_fewer_households():
    # 0-0 is more than half of both.  Pairing 0-1 and 1-0 keeps 90 households, 0-0 alone 55.
    old, new, weight = arrays([(0, 0, 55), (0, 1, 45), (1, 0, 45)])
    pairing = pair_grids(old, new, weight, 2, 2)
    assert pairing.partner.tolist() == [1, 0]
    assert pairing.parent.tolist() == [0, -1]
    assert (pairing.moved, pairing.not_carried) == (55, 90)


def test_half_of_both_is_enough_and_less_is_not():
    old, new, weight = arrays([(0, 0, 50), (0, 1, 50), (1, 2, 49), (1, 3, 51)])
    assert (match(old, new, weight, 2, 4) >= 0).tolist() in ([True, False, False, True], [False, True, False, True])
    old, new, weight = arrays([(0, 0, 100), (1, 0, 101)])
    assert match(old, new, weight, 2, 1).tolist() == [1]
    assert match(old, new, weight, 2, 1).tolist() == match(old[::-1], new[::-1], weight[::-1], 2, 1).tolist()


def test_grids_without_households_go_by_members():
    old, new, weight = arrays([(0, 1, 0), (0, 1, 0), (0, 0, 0), (1, 0, 0)])
    assert match(old, new, weight, 2, 2).tolist() == [1, 0]


def test_no_member_no_parent():
    nothing = np.zeros(0, np.int64)
    assert match(nothing, nothing, nothing, 3, 2).tolist() == [-1, -1]
    assert match(nothing, nothing, nothing, 0, 0).tolist() == []
    assert moved(np.array([-1, 0]), np.array([0, -1]), np.array([7, 9]), 1, 1) == 0


@given(st.permutations(range(6)), st.integers(0, 3))
def test_the_same_plan_under_other_positions_is_matched_grid_by_grid(order, extra):
    old = np.repeat(np.arange(6), 3)
    new = np.asarray(order)[old]
    assert match(old, new, np.full(18, extra), 6, 6).tolist() == np.argsort(order).tolist()


def carry(parent, old, new, **more):
    """``old`` and ``new`` are (code or kind, community) pairs; new grids stand in a row from west to east."""
    n = len(new)
    return carry_codes(
        np.array(parent, np.int64),
        [code for code, _ in old],
        [community for _, community in old],
        [community for _, community in new],
        [kind for kind, _ in new],
        np.arange(n, dtype=float) * 100,
        np.zeros(n),
        np.full(n, 50.0),
        **more,
    )


def test_without_an_old_plan_grids_are_numbered_as_in_a_first_plan():
    random = np.random.default_rng(2)
    for n in (0, 1, 40, 700):
        x, y, height = random.random(n), random.random(n), np.full(n, 0.1)
        dedicated = random.random(n) < 0.3
        kinds = ["dedicated" if d else "standard" for d in dedicated]
        carried = carry_codes(np.full(n, -1), [], [], ["C"] * n, kinds, x, y, height)
        assert list(carried.codes) == stat15("C", x, y, height, dedicated)
        assert carried.retired == ()


def test_survivors_keep_their_codes_and_the_rest_take_numbers_never_used():
    carried = carry(
        [2, -1, 0, -1, -1],
        [("C001", "C"), ("C002", "C"), ("C003", "C"), ("C600", "C")],
        [("standard", "C"), ("standard", "C"), ("rural", "C"), ("dedicated", "C"), ("standard", "C")],
        retired=["C004", "C602"],
    )
    assert carried.codes == ("C003", "C005", "C001", "C601", "C006")
    assert carried.retired == ("C002", "C004", "C600", "C602")


def test_a_moved_community_keeps_its_numbers_under_its_new_code():
    old = [("A001", "A"), ("A002", "A"), ("A600", "A")]
    new = [("standard", "B"), ("standard", "B"), ("dedicated", "B"), ("standard", "B")]
    carried = carry([1, 0, 2, -1], old, new, community_of_old={"A": ["B"]})
    assert carried.codes == ("B002", "B001", "B600", "B003")
    assert carried.retired == ("A001", "A002", "A600")


def test_two_merged_communities_do_not_share_a_number():
    old = [("A001", "A"), ("A002", "A"), ("B001", "B"), ("B002", "B")]
    new = [("standard", "A")] * 4
    carried = carry([2, 3, 0, 1], old, new, community_of_old={"A": ["A"], "B": ["A"]})
    assert carried.codes == ("A003", "A004", "A001", "A002")
    fresh = carry([2, 3, 0, 1], old, [("standard", "C")] * 4, community_of_old={"A": ["C"], "B": ["C"]})
    assert fresh.codes == ("C003", "C004", "C001", "C002")


def test_ground_that_changes_community_gets_a_new_number_unless_the_community_moved():
    old = [("A005", "A"), ("B001", "B")]
    new = [("standard", "B"), ("standard", "B")]
    assert carry([0, 1], old, new, community_of_old={"A": ["A"], "B": ["B"]}).codes == ("B002", "B001")
    assert carry([0, 1], old, new).codes == ("B005", "B001")
    # The number was given away under that code long ago.
    assert carry([0, 1], old, new, retired=["B005"]).codes == ("B002", "B001")


def test_a_grid_whose_kind_changed_takes_a_number_of_its_new_range():
    carried = carry([0, 1], [("C001", "C"), ("C600", "C")], [("dedicated", "C"), ("standard", "C")])
    assert carried.codes == ("C601", "C002")
    assert carried.retired == ("C001", "C600")


def test_codes_of_another_form_stay_with_their_grids():
    assert carry([0, -1], [("东片-3", "C")], [("standard", "C"), ("standard", "C")]).codes == ("东片-3", "C001")


def test_two_old_grids_with_one_code_are_refused():
    with pytest.raises(InputError, match="codes_twice"):
        carry([-1], [("C001", "C"), ("C001", "C")], [("standard", "C")])


@pytest.mark.parametrize("block", range(4))
def test_over_a_thousand_chains_of_redraws_no_retired_number_is_issued_again(block):
    survivors = 0
    for seed in range(block * 250, block * 250 + 250):
        ever: set[str] = set()
        before: Step | None = None
        for step in chain(seed, 8):
            assert len(set(step.codes)) == len(step.codes)
            assert all(map(is_well_formed, step.codes, step.communities, step.kinds))
            old_codes = set(before.codes) if before else set()
            assert not (set(step.codes) - old_codes) & ever, seed
            assert set(step.retired) == (ever | old_codes) - set(step.codes)
            for grid, old in enumerate(step.parent):
                if before and old >= 0 and before.codes[old] == step.codes[grid]:
                    survivors += 1
                elif before and old >= 0 and before.communities[old] == step.communities[grid]:
                    # Its own code again, unless its kind tells otherwise.
                    assert "dedicated" in (before.kinds[old], step.kinds[grid]), seed
            ever |= set(step.codes)
            before = step
    assert survivors > 5000


def test_nothing_changed_keeps_every_code_and_retires_none():
    codes = [f"C{n:03d}" for n in (7, 3, 600, 12)]
    of = np.repeat(np.arange(4), 5)
    parent = match(of, of, np.arange(20), 4, 4)
    carried = carry(parent, [(c, "C") for c in codes], [("dedicated" if c > "C6" else "standard", "C") for c in codes])
    assert list(carried.codes) == codes
    assert carried.retired == ()
