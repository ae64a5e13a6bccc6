"""Contacts: metres, what a border runs along, what can be passed."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.adjacency import OUTSIDE, border_segments, border_share_on_lines, parts_of, tie_exclaves
from gis.atoms import build_atoms
from gis.enclose import crossing_points, street_class
from gis.graph import EdgeClass
from tests.street_towns import at, street_town

BLOCKS = "a a b b\na a b b"


def contacts_of(**drawing):
    land = street_town(BLOCKS, 100, between=None, **drawing)
    graph = build_atoms(land, max_households=500, estate_cap=500).graph
    return [
        (round(float(m)), EdgeClass(c).name, bool(p))
        for m, c, p in zip(graph.edge_length_m, graph.edge_class, graph.edge_passable)
    ]


def test_every_segment_of_a_coverage_is_found_once_with_both_sides():
    shapes = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(2, 1, 3, 2)], dtype=object)
    segments = border_segments(shapes)
    assert len(segments.a) == 11
    shared = segments.take(np.flatnonzero(segments.a != OUTSIDE))
    assert list(zip(shared.a, shared.b)) == [(0, 1)]
    assert shared.length_m.tolist() == [1.0]
    assert (segments.a < segments.b).all()


def test_a_hole_has_its_border_counted():
    ring = shapely.difference(shapely.box(0, 0, 3, 3), shapely.box(1, 1, 2, 2))
    segments = border_segments(np.array([ring, shapely.box(1, 1, 2, 2)], dtype=object))
    assert segments.length_m[segments.a == 0].sum() == 4.0


@pytest.mark.parametrize(
    ("highway", "name"),
    [
        ("motorway_link", "ARTERIAL"),
        ("tertiary", "ARTERIAL"),
        ("residential", "STREET"),
        ("living_street", "STREET"),
        ("service", "ALLEY"),
        (None, "STREET"),
    ],
)
def test_streets_have_the_class_of_their_highway_value(highway, name):
    assert EdgeClass(street_class([highway])[0]).name == name
    if highway is not None:
        assert contacts_of(streets=[(highway, [(2, -1), (2, 3)])]) == [(100, name, True)]


def test_the_longest_part_names_the_border():
    lower = ("residential", [(2, 0.8), (2, 3)])
    assert contacts_of(streets=[("primary", [(2, -1), (2, 0.8)]), lower]) == [(100, "STREET", True)]
    assert contacts_of(streets=[("primary", [(2, -1), (2, 1.2)]), lower]) == [(100, "ARTERIAL", True)]


@pytest.mark.parametrize(("kind", "name"), [("river", "WATER"), ("railway", "RAIL"), ("motorway", "ARTERIAL")])
def test_a_barrier_without_a_crossing_cannot_be_passed(kind, name):
    line = [(2, -1), (2, 3)]
    assert contacts_of(barriers=[(kind, line)]) == [(100, name, False)]
    reaches = ("residential", [(0.5, 1), (2, 1)])
    assert contacts_of(barriers=[(kind, line)], streets=[reaches]) == [(100, name, False)]


@pytest.mark.parametrize("kind", ["river", "railway", "motorway"])
def test_a_street_across_a_barrier_makes_it_passable(kind):
    line = [(2, -1), (2, 3)]
    over = ("footway", [(1.5, 1), (2.5, 1)])
    assert contacts_of(barriers=[(kind, line)], streets=[over])[0][2]
    halves = [("footway", [(1.5, 1), (2, 1)]), ("footway", [(2, 1), (2.5, 1)])]
    assert contacts_of(barriers=[(kind, line)], streets=halves)[0][2]


def test_a_bridge_connects_all_four_blocks_at_its_ends():
    land = street_town(
        BLOCKS, 400, between=None, barriers=[("river", [(-1, 1), (5, 1)])], streets=[("primary", [(2, -1), (2, 3)])]
    )
    graph = build_atoms(land, max_households=500, estate_cap=500).graph
    assert graph.n_atoms == 4
    assert sorted(EdgeClass(c).name for c in graph.edge_class) == ["ARTERIAL", "ARTERIAL", "WATER", "WATER"]
    assert graph.edge_passable.all()


def test_a_motorway_is_a_barrier_even_where_only_the_street_layer_has_it():
    assert contacts_of(streets=[("motorway", [(2, -1), (2, 3)])]) == [(100, "ARTERIAL", False)]
    link = ("motorway_link", [(1.5, 1), (2.5, 1.5)])
    assert not contacts_of(streets=[("motorway", [(2, -1), (2, 3)]), link])[0][2]


def test_a_wall_can_be_passed_and_only_splits_full_blocks():
    wall = [("wall", [(2, -1), (2, 3)])]
    assert contacts_of(barriers=wall) == []
    land = street_town(BLOCKS, 200, between=None, barriers=wall)
    graph = build_atoms(land, max_households=500, estate_cap=500).graph
    assert [(EdgeClass(c).name, bool(p)) for c, p in zip(graph.edge_class, graph.edge_passable)] == [("WALL", True)]


def test_a_river_as_an_area_hangs_on_one_bank_and_is_no_bridge():
    land = street_town(
        "a a b b\na a b b\na a b b",
        100,
        between=None,
        barrier_areas=[("river", [(1.7, -1), (2.3, -1), (2.3, 4), (1.7, 4)])],
    )
    graph = build_atoms(land, max_households=500, estate_cap=500).graph
    assert graph.households.tolist() == [100, 0, 100]
    assert sorted(graph.edge_passable.tolist()) == [False, True]
    parts = parts_of(3, graph.edge_a[graph.edge_passable], graph.edge_b[graph.edge_passable])
    assert len(set(parts.tolist())) == 2


def test_crossing_points_leave_out_streets_that_end_at_the_barrier():
    river = [("river", [(2, -1), (2, 3)])]
    land = street_town(
        BLOCKS,
        streets=[("residential", [(1, 0.5), (2, 0.5)]), ("residential", [(1, 1.5), (3, 1.5)])],
        between=None,
        barriers=river,
    )
    points = crossing_points(land)
    assert shapely.get_coordinates(points) == pytest.approx(at([(2, 1.5)]))


def test_parts_are_numbered_by_their_lowest_member():
    assert parts_of(6, np.array([1, 3]), np.array([5, 4])).tolist() == [0, 1, 2, 3, 3, 1]


def test_exclaves_are_tied_nearest_first_within_their_community():
    shapes = shapely.box(np.array([0.0, 10, 30, 12]), 0, np.array([1.0, 11, 31, 13]), 1)
    low, high = tie_exclaves(shapes, np.array([0, 0, 0, 1]), np.zeros(0, int), np.zeros(0, int))
    assert list(zip(low, high)) == [(0, 1), (1, 2)]


def test_border_share_counts_what_runs_along_lines_and_leaves_out_community_borders():
    land = street_town(
        "a a b b\na a b b",
        100,
        communities={"W": "a", "E": "b"},
        between=None,
        streets=[("primary", [(-1, 1), (2, 1)])],
    )
    cells = np.array(
        [shapely.polygons(at([(c, r), (c + 2, r), (c + 2, r + 1), (c, r + 1)])) for r in (0, 1) for c in (0, 2)],
        dtype=object,
    )
    inner, along, off = border_share_on_lines(cells, land)
    assert inner == pytest.approx(200)
    assert along == pytest.approx(100, abs=5.1)
    assert shapely.length(off).sum() == pytest.approx(inner - along)
    assert border_share_on_lines(cells[:1], land)[0] == 0
