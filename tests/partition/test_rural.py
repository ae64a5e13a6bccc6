"""Rural modes by geometry: a grid is its village to the last square metre, or a union of whole groups."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from data.sample import make_town
from gis.atoms import build_atoms
from gis.errors import InputError
from gis.graph import EdgeClass
from gis.territory import Territory
from partition.checks import verify
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.rules import Rules
from partition.zoning.draw import draw
from partition.zoning.feasible import assess
from tests.towns import mesh_territory, territory, town

VILLAGE, GROUPS = Rules(rural_mode="village"), Rules(rural_mode="villager_group")
TWO_VILLAGES = "aabbcc\nddeecc\nffgghh"
HOUSEHOLDS = {"a": 35, "b": 48, "c": 20, "d": 60, "e": 0, "f": 81, "g": 12, "h": 27}
PARTS = {"V1": "abcde", "V2": "fgh"}


def plan_of(land: Territory, rules: Rules) -> FiledPlan:
    atoms = build_atoms(land, max_households=rules.max_households, estate_cap=rules.estate_cap)
    filed = file_plan(land, atoms, draw(atoms.graph, rules))
    assert verify(filed, land, rules).faults == ()
    return filed


def difference_m2(one, two) -> float:
    return float(shapely.area(shapely.symmetric_difference(one, two)))


def villages() -> Territory:
    return territory(TWO_VILLAGES, HOUSEHOLDS, communities=PARTS, rural=list(PARTS))


@pytest.fixture(scope="module")
def sample() -> Territory:
    return make_town(12_000, 1).territory


def test_a_village_grid_is_the_village_polygon_to_the_square_metre():
    land = villages()
    filed = plan_of(land, VILLAGE)
    assert filed.grids["kind"].tolist() == ["rural", "rural"]
    assert filed.grids["households"].tolist() == [163, 120]
    for village, grid in zip(land["communities"].geometry, filed.grids.geometry):
        assert difference_m2(village, grid) == 0.0


def test_villages_of_the_sample_town_are_their_grids(sample):
    filed = plan_of(sample, VILLAGE)
    rural = sample["communities"][sample["communities"]["kind"] == "rural"]
    assert len(rural) >= 3
    for code, village in zip(rural["code"], rural.geometry):
        mine = filed.grids[(filed.grids["community"] == code) & (filed.grids["kind"] == "rural")]
        inside = filed.grids[filed.grids["community"] == code]
        assert len(mine) == 1
        if len(inside) == 1:
            assert difference_m2(village, mine.geometry.iloc[0]) < 1e-3
        assert difference_m2(village, shapely.union_all(np.asarray(inside.geometry.array))) < 1e-3


def test_a_village_in_two_parts_is_one_grid_all_the_same():
    land = territory("aa.b\naa.b", {"a": 40, "b": 30}, rural=["C"])
    filed = plan_of(land, VILLAGE)
    (grid,) = filed.grids.geometry
    assert grid.geom_type == "MultiPolygon"
    assert difference_m2(grid, land["communities"].geometry.iloc[0]) == 0.0


def test_a_dedicated_estate_in_a_village_is_a_grid_of_its_own_and_the_village_is_the_rest():
    land = territory(
        TWO_VILLAGES,
        {**HOUSEHOLDS, "c": 180},
        communities=PARTS,
        rural=list(PARTS),
        estates={"E": "c"},
        estate_kinds={"E": "market"},
    )
    filed = plan_of(land, VILLAGE)
    assert filed.grids["kind"].tolist() == ["rural", "dedicated", "rural"]
    both = shapely.union_all(np.asarray(filed.grids.geometry.array)[:2])
    assert difference_m2(both, land["communities"].geometry.iloc[0]) == 0.0


def groups_are_whole(filed: FiledPlan, land: Territory) -> bool:
    """Every ready-made group lies in one grid, by geometry alone."""
    shapes = np.asarray(filed.grids.geometry.array)
    groups = land["units"][land["units"]["community"].isin(filed.grids["community"][filed.grids["kind"] == "rural"])]
    area = shapely.area(shapely.intersection(np.asarray(groups.geometry.array)[:, None], shapes[None, :]))
    whole = np.asarray(groups.geometry.area)
    return bool((np.isclose(area, 0, atol=1e-6) | np.isclose(area, whole[:, None], rtol=1e-9)).all())


def test_each_group_with_households_is_a_grid_and_empty_land_joins_one():
    land = villages()
    filed = plan_of(land, GROUPS)
    assert groups_are_whole(filed, land)
    assert sorted(filed.grids["households"]) == sorted(h for h in HOUSEHOLDS.values() if h)
    of_empty = filed.members.set_index("id").loc["e", "grid"]
    assert (filed.members["grid"] == of_empty).sum() == 2


def test_groups_of_the_sample_town_are_never_split(sample):
    filed = plan_of(sample, GROUPS)
    rural = filed.grids[filed.grids["kind"] == "rural"]
    assert len(rural) == (sample["units"]["households"] > 0).sum()
    assert groups_are_whole(filed, sample)


def test_a_village_without_groups_is_one_grid_in_the_mode_of_groups_too():
    with_groups = villages()
    filed = plan_of(
        with_groups.with_layers(units=with_groups["units"][with_groups["units"]["community"] == "V1"]), GROUPS
    )
    second = filed.grids[filed.grids["community"] == "V2"]
    assert len(second) == 1
    assert difference_m2(second.geometry.iloc[0], with_groups["communities"].geometry.iloc[1]) < 1e-3


@pytest.mark.parametrize("floor", [1, 30, 50, 80, 300])
def test_small_groups_are_united_up_to_the_floor_and_never_split(floor):
    land = villages()
    filed = plan_of(land, Rules(rural_mode="villager_group", group_floor_households=floor))
    assert groups_are_whole(filed, land)
    assert set(filed.grids["kind"]) == {"rural"}
    assert filed.violations.empty
    for village, total in (("V1", 163), ("V2", 120)):
        mine = filed.grids[filed.grids["community"] == village]
        assert mine["households"].sum() == total
        assert (mine["households"] >= floor).all() or len(mine) == 1


def hang_together(atoms: list[int], near: set[frozenset[int]]) -> bool:
    found, todo = {atoms[0]}, [atoms[0]]
    while todo:
        here = todo.pop()
        more = {there for there in atoms if there not in found and frozenset((here, there)) in near}
        found |= more
        todo += sorted(more)
    return found == set(atoms)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("floor", [60, 90])
def test_no_united_grid_could_be_parted_again(seed, floor):
    land = mesh_territory(3, seed, 45, rural=True)
    atoms = build_atoms(land, max_households=500, estate_cap=500)
    result = draw(atoms.graph, Rules(rural_mode="villager_group", group_floor_households=floor))
    near = {frozenset(pair) for pair in zip(atoms.graph.edge_a.tolist(), atoms.graph.edge_b.tolist())}
    for i, grid in enumerate(result.plan.grids):
        atoms_of = np.flatnonzero(result.plan.atom_grid == i).tolist()
        assert grid.households >= floor
        assert hang_together(atoms_of, near)
        for cut in range(1, 2 ** (len(atoms_of) - 1)):
            one = [v for j, v in enumerate(atoms_of) if cut >> j & 1]
            two = [v for v in atoms_of if v not in one]
            if not two:
                continue
            lawful = all(
                atoms.graph.households[part].sum() >= floor and hang_together(part, near) for part in (one, two)
            )
            assert not lawful, (grid.households, one, two)
    assert result.communities[0].feasible == "yes"


def test_the_floor_counts_as_feasible_before_drawing_and_changes_no_other_community():
    graph = town("abcd\nefgh", 40, communities={"R": "abcd", "U": "efgh"}, rural=["R"])
    rules = Rules(rural_mode="villager_group", group_floor_households=70)
    first, second = assess(graph, rules)
    assert (first.feasible, first.n_rural, first.k_max) == ("yes", 1, 0)
    assert second == assess(graph, GROUPS)[1]


def test_groups_behind_a_river_are_joined_only_below_the_floor_and_say_so():
    graph = town("ab", {"a": 20, "b": 90}, rural=["C"], barriers={"ab": EdgeClass.WATER})
    joined = draw(graph, Rules(rural_mode="villager_group", group_floor_households=50))
    assert [grid.households for grid in joined.plan.grids] == [110]
    assert [(v.code, v.facts["measured"], v.facts["allowed"]) for v in joined.violations] == [("part_joined", 20, 50)]
    apart = draw(graph, GROUPS)
    assert sorted(grid.households for grid in apart.plan.grids) == [20, 90]


def test_the_floor_is_a_field_of_the_rules():
    rules = Rules.from_toml('rural_mode = "villager_group"\ngroup_floor_households = 60')
    assert rules.group_floor_households == 60
    assert Rules.from_toml(rules.to_toml()) == rules
    with pytest.raises(InputError) as caught:
        Rules.from_toml("group_floor_households = -1")
    assert caught.value.faults[0].facts["column"] == "group_floor_households"
