"""Atoms of drawn towns: what becomes one, what splits, what is kept."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.atoms import Atoms, build_atoms
from gis.graph import AtomKind, EdgeClass
from gis.report import QualityReport
from gis.territory import Territory
from tests.street_towns import at, street_town
from tests.towns import CELL_M, territory

TOWN = """
a a b b
a c c b
d c c e
"""


def build(land: Territory, max_households: int = 500, estate_cap: int = 500, **more: object) -> Atoms:
    return build_atoms(land, max_households=max_households, estate_cap=estate_cap, **more)


def edges(atoms: Atoms) -> dict[frozenset[str], tuple[float, str, bool]]:
    g = atoms.graph
    return {
        frozenset((g.atom_ids[a], g.atom_ids[b])): (round(float(m), 3), EdgeClass(c).name, bool(p))
        for a, b, m, c, p in zip(g.edge_a, g.edge_b, g.edge_length_m, g.edge_class, g.edge_passable)
    }


def atom_at(atoms: Atoms, column: float, row: float) -> int:
    point = shapely.points(at([(column, row)]))[0]
    (found,) = np.flatnonzero(shapely.contains(atoms.geometry, point))
    return int(found)


def codes(report: QualityReport) -> list[str]:
    return [remark.code for remark in report.remarks]


def assert_seamless(atoms: Atoms, land: Territory) -> None:
    g = atoms.graph
    assert shapely.coverage_is_valid(atoms.geometry, gap_width=1e-3)
    assert shapely.is_valid(atoms.geometry).all()
    for i, outline in enumerate(land["communities"].geometry):
        covered = shapely.union_all(atoms.geometry[g.community_index == i])
        assert shapely.symmetric_difference(covered, outline).area < 0.1
    assert g.households.sum() == land["buildings"]["households"].sum() + land["units"]["households"].sum()


def test_ready_made_units_are_the_atoms_as_they_are():
    land = territory(TOWN, {"a": 120, "b": 90, "c": 30}, communities={"N": "abc", "S": "de"}, rural=["S"])
    atoms = build(land)
    assert atoms.graph.atom_ids == ("a", "b", "c", "d", "e")
    assert atoms.unit_atom.tolist() == [0, 1, 2, 3, 4]
    assert atoms.graph.households.tolist() == [120, 90, 30, 0, 0]
    assert atoms.graph.population.tolist() == [360, 270, 90, 0, 0]
    assert [AtomKind(k).name for k in atoms.graph.kind] == ["UNIT", "UNIT", "UNIT", "VILLAGE", "VILLAGE"]
    assert shapely.equals(atoms.geometry, np.asarray(land["units"].geometry.array)).all()
    # d and e only meet across c, which is in the other community: they are tied, without a border
    assert edges(atoms) == {
        frozenset("ab"): (50.0, "UNIT", True),
        frozenset("ac"): (100.0, "UNIT", True),
        frozenset("bc"): (100.0, "UNIT", True),
        frozenset("de"): (0.0, "EXCLAVE", True),
    }


def test_an_estate_over_most_of_a_unit_owns_it():
    land = territory(TOWN, 50, estates={"E": "c"}, estate_kinds={"E": "market"})
    graph = build(land).graph
    assert graph.estate_ids == ("E",)
    assert graph.estate_kinds == ("market",)
    assert graph.estate_dedicated.tolist() == [-1]
    assert graph.estate_index.tolist() == [-1, -1, 0, -1, -1]


def test_land_that_no_unit_covers_is_kept_as_an_atom_without_households():
    land = territory(TOWN, 50)
    units = land["units"]
    land = land.with_layers(units=units[units["id"] != "c"])
    atoms = build(land)
    assert atoms.graph.atom_ids == ("C-0001", "a", "b", "d", "e")
    assert atoms.graph.households.tolist() == [0, 50, 50, 50, 50]
    assert atoms.graph.kind[0] == AtomKind.BLOCK
    assert atoms.unit_atom.tolist() == [1, 2, 3, 4]
    assert_seamless(atoms, land)


def test_units_that_lack_a_neighbours_vertex_are_made_exact():
    land = territory("a b\nc c", 50)
    units = land["units"].copy()
    # c gets no vertex where a and b meet on its border, and stands off by a hair
    x0, y0, x1, y1 = units.geometry.iloc[2].bounds
    units.loc[2, "geometry"] = shapely.box(x0, y0, x1, y1 - 0.0004)
    land = land.with_layers(units=units)
    atoms = build(land)
    assert atoms.graph.atom_ids == ("a", "b", "c")
    assert_seamless(atoms, land)
    assert edges(atoms)[frozenset("ac")][0] == pytest.approx(50, abs=0.01)


def test_street_blocks_become_atoms_named_from_north_to_south():
    land = street_town(TOWN, {"a": 30, "b": 20, "c": 40, "d": 10})
    atoms = build(land)
    assert atoms.graph.atom_ids == ("C-0001", "C-0002", "C-0003", "C-0004", "C-0005")
    assert atoms.graph.households.tolist() == [30, 20, 40, 10, 0]
    assert atoms.graph.n_buildings.tolist() == [3, 3, 4, 1, 1]
    assert atoms.graph.area_m2 == pytest.approx([7500, 7500, 10000, 2500, 2500])
    assert {c for _, c, _ in edges(atoms).values()} == {"STREET"}
    assert edges(atoms)[frozenset(("C-0001", "C-0003"))][0] == pytest.approx(100)
    assert frozenset(("C-0004", "C-0005")) not in edges(atoms)
    assert_seamless(atoms, land)


def test_centre_spread_and_largest_building_are_those_of_the_buildings():
    land = street_town("a a a", {"a": 31}, between=None)
    graph = build(land).graph
    west, east = at([(0.5, 0.5)])[0], at([(2.5, 0.5)])[0]
    assert graph.largest_building.tolist() == [11]
    assert graph.x_m[0] == pytest.approx((11 * west[0] + 10 * (west[0] + 50) + 10 * east[0]) / 31)
    x = np.array([west[0], west[0] + 50, east[0]])
    assert graph.inertia_m2[0] == pytest.approx((np.array([11, 10, 10]) * (x - graph.x_m[0]) ** 2).sum())


def test_a_street_that_ends_in_a_block_cuts_nothing():
    land = street_town("a a", 50, between=None, streets=[("residential", [(1, 0), (1, 0.6)])])
    assert build(land).graph.n_atoms == 1


def test_a_community_border_through_a_block_makes_two_atoms_with_the_same_vertices():
    land = street_town(
        "a a b b", 50, communities={"W": "a", "E": "b"}, between=None, streets=[("residential", [(-1, 0.4), (5, 0.6)])]
    )
    atoms = build(land)
    assert atoms.graph.n_atoms == 4
    assert [atoms.graph.communities[c] for c in atoms.graph.community_index] == ["E", "E", "W", "W"]
    assert_seamless(atoms, land)
    assert set(edges(atoms)) == {frozenset(("E-0001", "E-0002")), frozenset(("W-0001", "W-0002"))}


def test_an_estate_is_one_atom_whatever_streets_run_through_it():
    land = street_town(
        "a a a a\na a a a",
        400,
        between=None,
        streets=[("residential", [(-1, 1), (5, 1)])],
        estates=[("estate", [(1, 0.2), (3, 0.2), (3, 1.8), (1, 1.8)])],
    )
    atoms = build(land)
    estate = np.flatnonzero(atoms.graph.kind == AtomKind.ESTATE)
    assert len(estate) == 1
    assert atoms.geometry[estate[0]].area == pytest.approx(2 * 1.6 * CELL_M**2)
    assert atoms.graph.households[estate[0]] == 200
    assert atoms.graph.estate_index[estate[0]] == 0
    assert {c for pair, (_, c, _) in edges(atoms).items() if atoms.graph.atom_ids[estate[0]] in pair} == {"WALL"}
    assert_seamless(atoms, land)


def test_an_estate_over_the_cap_is_split_inside_its_own_outline_only():
    outline = [(1, 0.2), (3, 0.2), (3, 1.8), (1, 1.8)]
    land = street_town(
        "a a a a\na a a a",
        3200,
        between=None,
        streets=[("residential", [(-1, 1), (5, 1)])],
        estates=[("estate", outline)],
        buildings_per_cell=3,
    )
    atoms = build(land, estate_cap=500)
    own = np.flatnonzero(atoms.graph.estate_index == 0)
    assert len(own) >= 1600 / 125
    assert atoms.graph.households[own].max() <= 125
    assert atoms.graph.n_buildings[own].sum() == 4 * 6  # the rows of buildings that the outline holds
    inside = shapely.union_all(atoms.geometry[own])
    assert shapely.symmetric_difference(inside, shapely.polygons(at(outline))).area < 0.1
    assert_seamless(atoms, land)
    assert build(land, estate_cap=5000).graph.kind.tolist().count(AtomKind.ESTATE) == 1


def test_an_estate_across_a_community_border_is_cut_and_reported():
    land = street_town(
        "a a b b", 90, communities={"W": "a", "E": "b"}, estates=[("estate", [(1, 0.2), (3, 0.2), (3, 0.8), (1, 0.8)])]
    )
    report = QualityReport()
    atoms = build(land, report=report)
    assert (atoms.graph.estate_index == 0).sum() == 2
    assert "note_estate_crosses_communities" in codes(report)
    assert_seamless(atoms, land)


def test_overlapping_estates_are_parted_and_reported():
    land = street_town(
        "a a a a\na a a a",
        80,
        between=None,
        estates=[
            ("business", [(0.2, 0.2), (2.6, 0.2), (2.6, 1.8), (0.2, 1.8)]),
            ("estate", [(2.2, 0.2), (3.8, 0.2), (3.8, 1.8), (2.2, 1.8)]),
        ],
    )
    report = QualityReport()
    atoms = build(land, report=report)
    area = {i: atoms.graph.area_m2[atoms.graph.estate_index == i].sum() / CELL_M**2 for i in (0, 1)}
    assert area == pytest.approx({0: 2.0 * 1.6, 1: 1.6 * 1.6})
    assert codes(report).count("note_estates_overlap") == 1


def test_a_block_over_the_band_is_split_into_small_pieces_without_cutting_a_building():
    land = street_town("a a a a\na a a a\na a a a", 2400, between=None, buildings_per_cell=2)
    atoms = build(land)
    assert atoms.graph.n_atoms > 2400 / 125
    assert atoms.graph.households.max() <= 125
    assert atoms.graph.n_buildings.sum() == 48
    own = atoms.geometry[atoms.building_atom]
    cut = shapely.area(shapely.difference(np.asarray(land["buildings"].geometry.array), own))
    assert cut.max() < 1.0
    assert_seamless(atoms, land)


def test_lanes_split_a_full_block_before_anything_else_and_are_carried_on_to_its_edge():
    land = street_town(
        "a a a a\na a a a",
        640,
        between=None,
        buildings_per_cell=2,
        streets=[("footway", [(-0.5, 1), (3.7, 1)]), ("footway", [(2, -0.5), (2, 0.6)])],
    )
    atoms = build(land)
    assert atoms.graph.n_atoms == 3
    assert sorted(atoms.graph.households.tolist()) == [160, 160, 320]
    assert {c for _, c, _ in edges(atoms).values()} <= {"ALLEY", "OPEN"}
    assert_seamless(atoms, land)


def test_paths_do_not_split_a_block_that_fits():
    land = street_town("a a", 240, between=None, streets=[("footway", [(1, -0.5), (1, 1.5)])])
    assert build(land).graph.n_atoms == 1
    assert build(land, finer=["C"]).graph.n_atoms == 2


def test_a_building_over_the_band_stays_one_atom_and_says_so():
    land = street_town("a a a", {"a": 3}, between=None)
    buildings = land["buildings"].copy()
    buildings["households"] = [700, 20, 30]
    atoms = build(land.with_layers(buildings=buildings))
    big = atoms.building_atom[0]
    assert atoms.graph.households[big] == atoms.graph.largest_building[big] == 700


def test_the_strip_between_two_carriageways_joins_a_block():
    land = street_town(
        "a a a a\nb b b b",
        100,
        between=None,
        streets=[("primary", [(-1, 0.95), (5, 0.95)]), ("primary", [(-1, 1.05), (5, 1.05)])],
    )
    report = QualityReport()
    atoms = build(land, report=report)
    assert atoms.graph.n_atoms == 2
    assert codes(report) == ["note_slivers_joined"]
    assert list(edges(atoms).values()) == [(200.0, "ARTERIAL", True)]
    assert_seamless(atoms, land)


def test_empty_land_is_kept_and_a_pond_joins_the_block_around_it():
    land = street_town(
        "a a b b\na a b b",
        {"a": 60},
        barrier_areas=[("water", [(0.7, 0.7), (1.3, 0.7), (1.3, 1.3), (0.7, 1.3)])],
    )
    atoms = build(land)
    assert atoms.graph.households.tolist() == [60, 0]
    assert_seamless(atoms, land)


def test_a_building_outside_every_community_goes_to_the_nearest_atom_and_is_reported():
    land = street_town("a b", 50)
    buildings = land["buildings"].copy()
    buildings.loc[0, "geometry"] = shapely.transform(buildings.geometry.iloc[0], lambda xy: xy - [100, 0])
    report = QualityReport()
    atoms = build(land.with_layers(buildings=buildings), report=report)
    assert atoms.building_atom.tolist() == [0, 1]
    assert codes(report) == ["note_building_outside"]


def test_units_and_blocks_live_side_by_side_with_one_border():
    land = street_town(
        "a a u v\nb b u v",
        {"a": 50, "b": 60, "u": 70, "v": 80},
        communities={"W": "ab", "E": "uv"},
        units={"u": "E", "v": "E"},
        streets=[("residential", [(-1, 0.5), (6, 0.5)])],
    )
    atoms = build(land)
    g = atoms.graph
    assert g.atom_ids == ("W-0001", "W-0002", "W-0003", "u", "v")
    assert g.households[-2:].tolist() == [70, 80]
    assert_seamless(atoms, land)
    assert edges(atoms)[frozenset("uv")] == (100.0, "STREET", True)  # this border runs along a street


def test_a_community_without_streets_or_buildings_is_one_atom():
    land = street_town("a a b b", 0, communities={"A": "a", "B": "b"})
    bare = Territory.of({"communities": land["communities"]})
    atoms = build(bare)
    assert atoms.graph.atom_ids == ("A-0001", "B-0001")
    assert atoms.graph.households.tolist() == [0, 0]
    assert len(atoms.building_atom) == len(atoms.unit_atom) == 0


def test_a_separate_part_of_a_community_is_tied_to_the_nearest():
    land = street_town("a b . c", 50)
    assert edges(build(land)) == {
        frozenset(("C-0001", "C-0002")): (50.0, "STREET", True),
        frozenset(("C-0002", "C-0003")): (0.0, "EXCLAVE", True),
    }
