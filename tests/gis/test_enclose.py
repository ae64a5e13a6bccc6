"""Lines and the faces they enclose."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.atoms.split import bisect, carry_on, cell_lines
from gis.enclose import arrange, as_lines, boundary_lines, locate
from gis.graph import EdgeClass
from tests.street_towns import street_town


def test_lines_that_cross_without_a_common_vertex_enclose_faces():
    lines = shapely.linestrings([[(0, 0), (10, 0)], [(9, -1), (9, 10)], [(10, 9), (-1, 9)], [(1, 10), (1, -1)]])
    faces = arrange(lines)
    assert shapely.area(faces).tolist() == [72.0]


def test_loose_ends_and_single_lines_enclose_nothing():
    assert len(arrange(np.zeros(0, dtype=object))) == 0
    assert len(arrange(shapely.linestrings([[(0, 0), (10, 0)], [(5, -5), (5, 5)]]))) == 0


def test_faces_side_by_side_share_every_vertex():
    random = np.random.default_rng(5)
    lines = shapely.linestrings(random.uniform(0, 1000, (60, 2, 2)) + 4e6)
    faces = arrange(lines)
    assert len(faces) > 100
    assert shapely.coverage_is_valid(faces)
    assert shapely.area(faces).sum() == pytest.approx(shapely.union_all(faces).area)


def test_rings_of_polygons_and_parts_of_lines_become_single_lines():
    ring = shapely.difference(shapely.box(0, 0, 9, 9), shapely.box(3, 3, 6, 6))
    many = shapely.multilinestrings([[(0, 0), (1, 1)], [(2, 2), (3, 3)]])
    single, row = as_lines(np.array([ring, many, shapely.Point(0, 0), shapely.LineString()], dtype=object))
    assert row.tolist() == [0, 0, 1, 1]
    assert shapely.length(single[:2]).tolist() == [36.0, 12.0]


def test_a_point_on_a_border_belongs_to_the_lower_polygon():
    boxes = shapely.box(np.array([1, 0, 5]), 0, np.array([2, 1, 6]), 1)
    points = shapely.points([(1, 0.5), (0.5, 0.5), (5.5, 0.5), (9, 9)])
    assert locate(points, boxes).tolist() == [0, 1, 2, -1]


def test_planned_and_demolished_streets_do_not_count():
    land = street_town(
        "a a",
        between=None,
        streets=[("construction", [(1, -1), (1, 2)]), ("path", [(0.5, -1), (0.5, 2)])],
        barriers=[("river", [(0, 0.5), (2, 0.5)]), ("wall", [(0, 0.7), (2, 0.7)])],
        estates=[("park", [(0.1, 0.1), (0.4, 0.1), (0.4, 0.4)])],
    )
    lines = boundary_lines(land)
    assert [EdgeClass(c).name for c in lines.edge_class] == ["ALLEY", "WATER", "WALL", "WALL"]
    assert lines.is_barrier.tolist() == [False, True, False, False]
    assert lines.is_inner.tolist() == [True, False, True, False]
    assert len(boundary_lines(land, estates=False)) == 3


def test_halving_groups_neighbours_and_respects_the_limit():
    column, row = np.meshgrid(np.arange(20), np.arange(6))
    xy = np.stack([column.ravel(), row.ravel()], axis=1) * 10.0
    w = np.full(120, 7)
    label = bisect(xy, w, 100)
    totals = np.bincount(label, weights=w)
    assert totals.max() <= 100
    assert totals.min() >= 60
    spread = [np.ptp(xy[label == k], axis=0).max() for k in range(len(totals))]
    assert max(spread) <= 60


def test_halving_leaves_a_giant_alone_and_is_not_moved_by_the_origin():
    random = np.random.default_rng(2)
    xy = random.uniform(0, 100, (40, 2))
    w = random.integers(0, 30, 40)
    w[7] = 900
    label = bisect(xy, w, 120)
    assert w[label == label[7]].sum() == 900
    assert (bisect(xy + 512.0, w, 120) == label).all()


def test_cells_run_between_footprints_and_never_through_one():
    face = shapely.box(0, 0, 120, 60)
    x, y = np.meshgrid(np.arange(6) * 20.0, np.arange(3) * 20.0)
    footprints = shapely.box(x.ravel() + 4, y.ravel() + 4, x.ravel() + 16, y.ravel() + 16)
    lines = cell_lines(face, footprints, np.full(18, 50), 300)
    assert len(lines) >= 2
    assert shapely.length(shapely.intersection(lines[:, None], footprints[None, :])).max() == 0
    assert shapely.distance(lines[:, None], footprints[None, :]).min() > 2


def test_party_walls_and_points_in_one_place_do_not_stop_the_split():
    face = shapely.box(0, 0, 100, 20)
    rows = shapely.box(np.arange(10) * 10.0, 5, np.arange(10) * 10.0 + 10, 15)
    pieces = arrange(np.append(cell_lines(face, rows, np.full(10, 100), 250), shapely.boundary(face)))
    assert len(pieces) >= 4
    towers = np.repeat(shapely.points([(20, 10), (80, 10)]), 3)
    assert len(cell_lines(face, towers, np.full(6, 100), 300)) == 1


def test_a_lane_is_carried_straight_on_to_the_border_unless_a_building_is_in_the_way():
    block = shapely.box(0, 0, 100, 100)
    border = shapely.get_parts(shapely.boundary(block))
    lane = shapely.linestrings([[(50, 0), (50, 80)]])
    free = carry_on(lane, border, np.array([shapely.box(10, 10, 20, 20)], dtype=object))
    assert [round(float(m), 1) for m in shapely.length(free)] == [20.0]
    in_the_way = np.array([shapely.box(45, 85, 55, 95)], dtype=object)
    assert len(carry_on(lane, border, in_the_way)) == 0
    short = shapely.linestrings([[(50, 0), (50, 60)]])
    assert len(carry_on(short, border, np.array([shapely.box(10, 10, 20, 20)], dtype=object))) == 0
