"""Geometry mended by structure, coverages made exact, both measured."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from gis.repair import is_finite, make_cover_exact, mend, overlapping_pairs, single_points


def shapes(*geometries: object) -> np.ndarray:
    out = np.empty(len(geometries), dtype=object)
    out[:] = geometries
    return out


def test_valid_shapes_are_left_alone() -> None:
    given_shapes = shapes(box(0, 0, 1, 1), shapely.Point(3, 3), None)
    mended = mend(given_shapes)
    assert len(mended.index) == 0
    assert mended.geometry is given_shapes


def test_a_spike_goes_and_the_change_is_small() -> None:
    spiked = Polygon([(0, 0), (100, 0), (100, 100), (100, 150), (100, 100), (0, 100)])
    mended = mend(shapes(box(0, 0, 1, 1), spiked))
    assert mended.index.tolist() == [1]
    assert mended.geometry[1].equals(box(0, 0, 100, 100))
    assert mended.change_frac[0] == pytest.approx(0.0, abs=1e-12)


def test_a_bow_tie_changes_its_area() -> None:
    mended = mend(shapes(Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])))
    assert mended.geometry[0].is_valid
    assert mended.change_frac[0] > 0.9


def test_a_collapsed_ring_leaves_nothing() -> None:
    mended = mend(shapes(Polygon([(0, 0), (1, 0), (2, 0)])))
    assert mended.geometry[0].is_empty
    assert mended.change_frac[0] == 1.0


def test_coordinates_that_are_not_numbers_are_found() -> None:
    bad = shapes(Polygon([(0, 0), (1, np.nan), (1, 1)]), box(0, 0, 1, 1), None, shapely.Point(np.inf, 0))
    assert is_finite(bad).tolist() == [False, True, True, False]


def test_multipoints_of_one_point_become_that_point() -> None:
    out = single_points(shapes(shapely.MultiPoint([(1, 2)]), shapely.MultiPoint([(1, 2), (3, 4)])))
    assert [g.geom_type for g in out] == ["Point", "MultiPoint"]


def test_overlapping_pairs_name_both_and_the_area() -> None:
    a, b, m2 = overlapping_pairs(shapes(box(0, 0, 10, 10), box(9, 0, 20, 10), box(20, 0, 30, 10)))
    assert (a.tolist(), b.tolist(), m2.tolist()) == ([0], [1], [10.0])


def test_slits_and_overlaps_are_closed_and_told() -> None:
    cover = make_cover_exact(shapes(box(0, 0, 10, 10), box(9.99, 0, 20, 10), box(20.01, 0, 30, 10)), gap_width_m=1.0)
    assert shapely.coverage_is_valid(cover.geometry, gap_width=1.0)
    assert cover.overlap_m2 == pytest.approx(0.1)
    assert cover.gap_m2 == pytest.approx(0.1)
    assert shapely.union_all(cover.geometry).area == pytest.approx(300)


def test_an_exact_coverage_comes_back_untouched() -> None:
    pieces = shapes(box(0, 0, 10, 10), box(10, 0, 20, 10))
    cover = make_cover_exact(pieces, gap_width_m=1.0)
    assert cover.geometry is pieces
    assert not cover.changed.any()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)), min_size=16, max_size=16))
def test_a_jittered_mesh_becomes_one_coverage_of_the_same_size(jitter: list[tuple[float, float]]) -> None:
    pieces = [box(10 * (k % 4) + dx, 10 * (k // 4) + dy, 10 * (k % 4 + 1) + dx, 10 * (k // 4 + 1) + dy)
              for k, (dx, dy) in enumerate(jitter)]  # fmt: skip
    cover = make_cover_exact(shapes(*pieces), gap_width_m=1.0)
    assert shapely.coverage_is_valid(cover.geometry)
    total = shapely.area(cover.geometry).sum()
    assert total == pytest.approx(shapely.union_all(cover.geometry).area, rel=1e-9)
    assert abs(total - 1600) < 20
