"""Union of a coverage by groups."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.dissolve import dissolve
from gis.errors import GridwrightError


def squares(n: int) -> np.ndarray:
    column, row = np.meshgrid(np.arange(n), np.arange(n))
    return shapely.box(column.ravel(), row.ravel(), column.ravel() + 1, row.ravel() + 1)


def test_groups_are_united_exactly():
    united = dissolve(squares(4), np.repeat(np.arange(4), 4).astype(np.int32), 4)
    assert [shape.geom_type for shape in united] == ["Polygon"] * 4
    assert shapely.area(united).tolist() == [4.0] * 4
    assert shapely.coverage_is_valid(united)


def test_pieces_without_a_group_are_left_out_and_an_empty_group_is_empty():
    united = dissolve(squares(2), np.array([0, -1, 2, 2], np.int32), 3)
    assert shapely.area(united).tolist() == [1.0, 0.0, 2.0]


def test_holes_and_separate_parts_survive():
    group = np.zeros(9, np.int32)
    group[4] = 1
    ring, middle = dissolve(squares(3), group, 2)
    assert len(ring.interiors) == 1
    assert middle.area == 1
    apart = dissolve(squares(3), np.array([0, -1, 0, -1, -1, -1, -1, -1, -1], np.int32), 1)
    assert apart[0].geom_type == "MultiPolygon"


def test_a_missing_vertex_on_one_side_is_mended():
    shapes = np.array([shapely.box(0, 0, 2, 1), shapely.box(0, 1, 1, 2), shapely.box(1, 1, 2, 2)], dtype=object)
    united = dissolve(shapes, np.zeros(3, np.int32), 1)
    assert united[0].geom_type == "Polygon"
    assert united[0].area == 4.0


def test_an_overlap_is_an_error_not_a_wrong_union():
    shapes = np.array([shapely.box(0, 0, 2, 1), shapely.box(1.5, 0, 3, 1)], dtype=object)
    with pytest.raises(GridwrightError) as caught:
        dissolve(shapes, np.zeros(2, np.int32), 1)
    assert caught.value.code == "dissolve_area_differs"
    assert caught.value.facts["measured"] == pytest.approx(0.5)


def test_the_order_of_the_pieces_changes_nothing():
    shapes = squares(6)
    group = (np.arange(36) // 7).astype(np.int32)
    shuffle = np.random.default_rng(4).permutation(36)
    one, two = dissolve(shapes, group, 6), dissolve(shapes[shuffle], group[shuffle], 6)
    assert shapely.to_wkb(one).tolist() == shapely.to_wkb(two).tolist()
