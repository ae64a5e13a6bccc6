"""The test kit itself: drawn towns and the published values of the mesh instances."""

from __future__ import annotations

import numpy as np
import pytest

from gis.graph import EdgeClass
from tests.towns import mesh, mesh_territory, territory, town

TOWN = """
a a b b
a c c b
d c c e
"""


@pytest.mark.parametrize(
    ("arguments", "total", "first", "metres"),
    [
        ((60, 1, 40, 0.6, 280, 0), 141_001, [70, 31, 21, 13, 18, 44], 436030.659),
        ((24, 1, 90, 1.0, 480, 0.15), 43_034, [238, 92, 32, 32, 0, 0], 68009.920),
        ((20, 1, 40, 0.6, 280, 0), 15_861, [46, 22, 79, 34, 83, 76], 46836.630),
        ((316, 1, 40, 0.6, 280, 0), 3_980_301, [28, 12, 38, 37, 39, 96], 12263381.111),
        ((10, 7, 120, 0.6, 280, 0), 11_278, [42, 76, 157, 95, 105, 84], 11070.261),
        ((8, 5, 130, 1.0, 480, 0), 9_517, [147, 31, 25, 89, 39, 42], 6912.077),
        ((12, 5, 150, 1.0, 480, 0), 20_487, [45, 45, 87, 65, 217, 24], 16295.985),
    ],
)
def test_a_mesh_has_the_published_values(arguments, total, first, metres):
    graph = mesh(*arguments)
    assert graph.households.sum() == total
    assert graph.households[:6].tolist() == first
    assert graph.edge_length_m.sum() == pytest.approx(metres, abs=5e-4)
    assert (np.diff(graph.edge_a) >= 0).all()


def test_a_drawn_town_counts_shared_metres_and_ignores_corners():
    graph = town(TOWN, {"a": 120, "b": 90})
    edges = {
        (graph.atom_ids[a], graph.atom_ids[b]): m for a, b, m in zip(graph.edge_a, graph.edge_b, graph.edge_length_m)
    }
    assert edges == {
        ("a", "b"): 50,
        ("a", "c"): 100,
        ("a", "d"): 50,
        ("b", "c"): 100,
        ("b", "e"): 50,
        ("c", "d"): 50,
        ("c", "e"): 50,
    }
    assert graph.households.tolist() == [120, 90, 0, 0, 0]
    assert graph.area_m2.tolist() == [7500, 7500, 10000, 2500, 2500]


def test_barriers_classes_estates_and_communities_can_be_drawn():
    graph = town(
        TOWN,
        10,
        communities={"N": "ab", "S": "cde"},
        rural=["S"],
        estates={"E": "c"},
        classes={"ab": EdgeClass.ARTERIAL},
        barriers={"cd": EdgeClass.WATER},
    )
    rows = [
        (graph.atom_ids[a], graph.atom_ids[b], EdgeClass(c).name, bool(p))
        for a, b, c, p in zip(graph.edge_a, graph.edge_b, graph.edge_class, graph.edge_passable)
    ]
    assert rows == [("a", "b", "ARTERIAL", True), ("c", "d", "WATER", False), ("c", "e", "STREET", True)]
    assert graph.community_is_rural.tolist() == [False, True]
    assert graph.estate_index.tolist() == [-1, -1, 0, -1, -1]


def test_an_exclave_is_tied_to_the_nearest_part():
    graph = town("a . b . . c", 10)
    rows = [
        (graph.atom_ids[a], graph.atom_ids[b], EdgeClass(c).name)
        for a, b, c in zip(graph.edge_a, graph.edge_b, graph.edge_class)
    ]
    assert rows == [("a", "b", "EXCLAVE"), ("b", "c", "EXCLAVE")]


def test_a_drawn_territory_has_units_that_tile_its_communities():
    land = territory(TOWN, 10, communities={"N": "ab", "S": "cde"}, estates={"E": "c"})
    assert land["units"].area.sum() == pytest.approx(land["communities"].area.sum())
    assert land["estates"].area.iloc[0] == pytest.approx(10_000)
    assert mesh_territory(6, 7, 100)["units"]["households"].sum() == mesh(6, 7, 100).households.sum()
