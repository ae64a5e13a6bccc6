"""What arithmetic says before drawing."""

from __future__ import annotations

import pytest

from partition.rules import Rules
from partition.zoning.feasible import assess
from partition.zoning.near import near_misses
from tests.towns import town


@pytest.mark.parametrize(
    ("total", "feasible", "k", "reason"),
    [
        (250, "no", (1, 0), "under_band"),
        (300, "yes", (1, 1), None),
        (500, "yes", (1, 1), None),
        (501, "no", (2, 1), "band_hole"),
        (599, "no", (2, 1), "band_hole"),
        (600, "unknown", (2, 2), None),
        (1000, "unknown", (2, 3), None),
        (1001, "unknown", (3, 3), None),
        (7148, "unknown", (15, 23), None),
    ],
)
def test_totals_of_the_band_answer_as_the_reference_says(total, feasible, k, reason):
    cells = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    households = {c: total // 52 + (i < total % 52) for i, c in enumerate(cells)}
    (answer,) = assess(town(f"{cells[:26]}\n{cells[26:]}", households), Rules())
    assert (answer.feasible, (answer.k_min, answer.k_max), answer.reason) == (feasible, k, reason)
    assert answer.households == total
    assert bool(answer.near_misses) == (feasible == "no")


def test_every_total_from_600_is_possible_by_count_and_no_hole_is_forgotten():
    rules = Rules()
    from partition.zoning.divide import count_range

    bad = [t for t in range(1, 5000) if count_range(t, rules)[0] > count_range(t, rules)[1]]
    assert bad == [*range(1, 300), *range(501, 600)]


def test_near_misses_of_a_hole_name_both_sides_with_their_distance():
    one, two = near_misses(550, Rules())
    assert (one.n_grids, one.sizes, one.distances) == (1, (550,), (50,))
    assert (two.n_grids, two.sizes, two.distances) == (2, (275, 275), (-25, -25))
    assert near_misses(250, Rules())[0].distances == (-50,)


def test_a_dedicated_estate_is_taken_out_before_the_count():
    graph = town("aabbcc", {"a": 350, "b": 300, "c": 250}, estates={"E": "a"})
    (answer,) = assess(graph, Rules())
    assert (answer.n_dedicated, answer.dedicated_households, answer.standard_households) == (1, 350, 550)
    assert (answer.feasible, answer.reason) == ("no", "band_hole")


def test_an_estate_over_its_cap_counts_as_all_the_grids_it_is_cut_into():
    graph = town("aabbcc", {"a": 400, "b": 400, "c": 350}, estates={"E": "ab"})
    (answer,) = assess(graph, Rules())
    assert (answer.n_dedicated, answer.dedicated_households, answer.k_min, answer.k_max) == (1, 800, 1, 1)
    assert (answer.n_grids_min, answer.n_grids_max) == (3, 3)


def test_an_estate_in_the_hole_is_flagged_over_its_cap():
    graph = town("aabb", {"a": 550, "b": 400}, estates={"E": "a"})
    (answer,) = assess(graph, Rules())
    assert (answer.feasible, answer.reason) == ("no", "estate_over_cap")


def test_a_building_over_the_band_is_named_before_the_atom_that_holds_it():
    graph = town("ab", {"a": 700, "b": 400}, largest_building={"a": 650})
    assert assess(graph, Rules())[0].reason == "building_over_band"
    graph = town("ab", {"a": 700, "b": 400})
    assert assess(graph, Rules())[0].reason == "atom_over_band"


def test_land_without_households_is_under_the_band():
    (answer,) = assess(town("ab", 0), Rules())
    assert (answer.feasible, answer.reason, answer.k_max) == ("no", "under_band", 0)


def test_rural_communities_need_no_band():
    (answer,) = assess(town("ab", 40, rural=["C"]), Rules())
    assert (answer.feasible, answer.n_rural, answer.k_max) == ("yes", 1, 0)


def test_small_parts_are_counted_with_the_part_they_are_joined_to():
    graph = town("aa.bb", {"a": 320, "b": 100})
    (joined,) = assess(graph, Rules())
    assert joined.n_joined == 1
    assert joined.standard_households == 420
    (apart,) = assess(graph, Rules(join_small_parts=False))
    assert (apart.n_joined, apart.reason) == (0, "under_band")
