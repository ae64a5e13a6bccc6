"""Point to polygon: always the answer of `shapely.intersects`, the lowest row first, whichever way it is found."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
import shapely

import gis.locate
from gis.locate import NOWHERE, PolygonIndex
from gis.locate.raster import build_raster
from tests.jagged import jagged_cover

ROOMY = 2**24


def prepared(outlines) -> PolygonIndex:
    index = PolygonIndex(np.asarray(outlines, dtype=object))
    index.prepare()
    return index


def by_shapely(outlines, x, y) -> tuple[np.ndarray, np.ndarray]:
    """The plain way: every pair that intersects."""
    point, row = shapely.STRtree(outlines).query(shapely.points(x, y), predicate="intersects")
    first = np.full(len(x), len(outlines), dtype=int)
    np.minimum.at(first, point, row)
    count = np.bincount(point, minlength=len(x))
    return np.where(count > 0, first, NOWHERE), count > 1


def assert_equal_to_shapely(index: PolygonIndex, outlines, x, y) -> None:
    row, is_several = index.find_many(x, y)
    wanted_row, wanted_several = by_shapely(outlines, x, y)
    assert np.array_equal(row, wanted_row)
    assert np.array_equal(is_several, wanted_several)


def assert_one_by_one_too(outlines, x, y) -> None:
    index = PolygonIndex(outlines)
    found = [index.find(*point) for point in zip(x.tolist(), y.tolist())]
    assert found == list(zip(*(part.tolist() for part in by_shapely(outlines, x, y))))


def corners_and_middles(outlines) -> np.ndarray:
    corners, shape = shapely.get_coordinates(outlines, return_index=True)
    is_edge = shape[1:] == shape[:-1]
    return np.concatenate([corners, ((corners[1:] + corners[:-1]) / 2)[is_edge]])


def in_degrees(outlines):
    """The cover as if it lay near Changsha."""
    return shapely.transform(outlines, lambda xy: xy * [1.02e-5, 9.0e-6] + [112.95, 28.2])


@pytest.mark.parametrize("place", [lambda shapes: shapes, in_degrees], ids=["metres", "degrees"])
def test_a_cover_is_answered_as_by_shapely_on_its_borders_too(place) -> None:
    cover = place(jagged_cover(30))
    assert shapely.is_valid(cover).all()
    index = prepared(cover)
    west, south, east, north = shapely.total_bounds(cover)
    random = np.random.default_rng(3)
    x, y = random.uniform(west, east, 100_000), random.uniform(south, north, 100_000)
    assert_equal_to_shapely(index, cover, x, y)
    on_borders = corners_and_middles(cover)
    assert_equal_to_shapely(index, cover, *on_borders.T)
    corners = shapely.get_coordinates(cover)
    row, is_several = index.find_many(*corners.T)
    home = shapely.get_coordinates(cover, return_index=True)[1]
    assert (row >= 0).all()
    assert (row <= home).all()
    assert is_several.mean() > 0.9


def test_most_points_are_answered_by_one_read_and_memory_is_as_it_should_be() -> None:
    raster = build_raster(jagged_cover(40))
    assert raster.whole_frac > 0.75
    assert 500 * 1_600 < np.prod(raster.shape) < 1_000 * 1_600
    assert raster.nbytes < 12e6


def test_the_order_of_points_and_the_way_change_no_answer(monkeypatch) -> None:
    cover = jagged_cover(12)
    points = np.concatenate([corners_and_middles(cover), np.random.default_rng(1).uniform(0, 6_000, (5_000, 2))])
    few, many = PolygonIndex(cover), prepared(cover)
    by_tree, by_raster = few.find_many(*points.T), many.find_many(*points.T)
    one_by_one = [few.find(*point) for point in points.tolist()]
    turned = many.find_many(*points[::-1].T)
    for k in range(2):
        assert np.array_equal(by_tree[k], by_raster[k])
        assert np.array_equal(by_tree[k], [found[k] for found in one_by_one])
        assert np.array_equal(by_tree[k], turned[k][::-1])


def test_a_raster_is_built_once_it_pays(monkeypatch) -> None:
    built = []
    monkeypatch.setattr(gis.locate, "_WORTH_A_RASTER", 1_000)
    monkeypatch.setattr("gis.locate.raster.build_raster", lambda outlines: built.append(1) or build_raster(outlines))
    index = PolygonIndex(jagged_cover(5))
    x = np.linspace(-100, 2_600, 300)
    first = index.find_many(x, x)
    for _ in range(2):
        index.find_many(x, x)
    assert not built
    for _ in range(3):
        again = index.find_many(x, x)
    assert built == [1]
    assert all(np.array_equal(a, b) for a, b in zip(first, again))


def test_many_threads_build_one_raster(monkeypatch) -> None:
    built = []
    monkeypatch.setattr("gis.locate.raster.build_raster", lambda outlines: built.append(1) or build_raster(outlines))
    index = PolygonIndex(jagged_cover(5))
    threads = [threading.Thread(target=index.prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1]


def test_few_points_load_no_compiler() -> None:
    code = (
        "import sys, numpy as np, shapely\nfrom gis.locate import PolygonIndex\n"
        "index = PolygonIndex(np.array([shapely.box(0, 0, 1, 1)]))\n"
        "assert index.find(0.5, 0.5) == (0, False)\n"
        "assert index.find_many(np.full(10_000, 0.5), np.full(10_000, 0.5))[0].tolist() == [0] * 10_000\n"
        "print('numba' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


SHAPES = [
    *shapely.from_wkt(
        [
            "POLYGON ((0 0, 30 0, 30 30, 0 30, 0 0), (10 10, 20 10, 20 20, 10 20, 10 10))",
            "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))",
            "MULTIPOLYGON (((40 0, 50 0, 50 10, 40 10, 40 0)), ((50 10, 60 10, 60 20, 50 20, 50 10)), EMPTY)",
            "POLYGON EMPTY",
            "MULTIPOLYGON EMPTY",
            "POLYGON ((45 5, 55 5, 55 15, 45 15, 45 5))",
            "POLYGON ((0 0, 30 0, 30 30, 0 30, 0 0))",
        ]
    ),
    None,
]


def test_holes_parts_overlaps_and_missing_shapes_are_as_shapely_has_them() -> None:
    shapes = np.array(SHAPES, dtype=object)
    index = prepared(shapes)
    x, y = (part.ravel() for part in np.meshgrid(np.arange(-2.5, 63), np.arange(-2.5, 33)))
    for step in (0.0, 0.5):
        assert_equal_to_shapely(index, shapes, x + step, y + step)
        assert_one_by_one_too(shapes, x + step, y + step)
    assert index.find(15, 15) == (1, True)
    assert index.find(10, 15) == (0, True)
    assert index.find(50, 10) == (2, True)
    assert index.find(41, 1) == (2, False)


def test_only_polygons_that_are_allowed_count() -> None:
    shapes = np.array(SHAPES, dtype=object)
    allowed = np.array([False, True, True, True, True, True, True, True])
    for index in (PolygonIndex(shapes), prepared(shapes)):
        row, is_several = index.find_many([5, 15, 45, 41, 61], [5, 15, 5, 1, 1], allowed)
        assert row.tolist() == [6, 1, 2, 2, NOWHERE]
        assert is_several.tolist() == [False, True, True, False, False]
        assert index.find_many([5, 41], [5, 1], np.zeros(8, dtype=bool))[0].tolist() == [NOWHERE] * 2


@pytest.mark.parametrize("make", [PolygonIndex, prepared])
def test_points_that_are_no_points_lie_nowhere(make) -> None:
    index = make(np.array([shapely.box(-1, -1, 1, 1)]))
    x = [np.nan, np.inf, -np.inf, 0, 0, 0, 1e308, 0]
    y = [0, 0, 0, np.nan, np.inf, -np.inf, 1e308, 0]
    assert index.find_many(x, y)[0].tolist() == [NOWHERE] * 7 + [0]
    assert [index.find(*point)[0] for point in zip(x, y)] == [NOWHERE] * 7 + [0]


@pytest.mark.parametrize("make", [PolygonIndex, prepared])
@pytest.mark.parametrize("shapes", [[], [None], [shapely.Polygon()], [shapely.Polygon([(0, 0), (1, np.nan), (1, 1)])]])
def test_where_no_polygon_has_a_place_no_point_is_found(make, shapes) -> None:
    index = make(np.array(shapes, dtype=object))
    assert len(index) == len(shapes)
    assert index.find(0.5, 0.5) == (NOWHERE, False)
    assert index.find_many([0.0, 0.9], [0.0, 0.1])[0].tolist() == [NOWHERE] * 2
    row, is_several = index.find_many([], [])
    assert (row.dtype, len(row), len(is_several)) == (np.dtype(np.int32), 0, 0)


@pytest.mark.parametrize("wkt", ["POINT (1 1)", "LINESTRING (0 0, 1 1)", "GEOMETRYCOLLECTION (POINT (1 1))"])
def test_other_shapes_are_refused(wkt) -> None:
    with pytest.raises(ValueError, match="no polygon"):
        PolygonIndex(np.array([shapely.box(0, 0, 1, 1), shapely.from_wkt(wkt)]))


def test_the_shapes_given_are_left_as_they_were() -> None:
    shapes = np.array([shapely.Polygon([(0, 0), (1, np.nan), (1, 1)]), shapely.box(0, 0, 1, 1)])
    index = prepared(shapes)
    assert shapes[0] is not None
    assert index.find(0.5, 0.5) == (1, False)


@pytest.mark.parametrize("distance", [1e5, 1e7, 1e12, 1e100])
def test_towns_far_apart_take_no_more_memory(distance) -> None:
    town = jagged_cover(10)
    shapes = np.concatenate([town, shapely.transform(town, lambda xy: xy + distance)])
    raster = build_raster(shapes)
    assert np.prod(raster.shape) <= ROOMY
    assert raster.nbytes < 4 * ROOMY + 30e6
    index = prepared(shapes)
    points = corners_and_middles(shapes[[0, 55, 99, 100, 155, 199]])
    assert_equal_to_shapely(index, shapes, *points.T)


def test_a_long_and_narrow_cover_keeps_cells_across() -> None:
    strip = shapely.box(np.arange(2_000) * 5e4, 0, np.arange(2_000) * 5e4 + 5e4, 5.0)
    raster = build_raster(np.concatenate([strip, shapely.box([0], [0], [1e8], [0.01])]))
    assert np.prod(raster.shape) <= ROOMY
    assert raster.shape[0] >= 20


def test_polygons_of_very_different_size_on_each_other_take_bounded_memory() -> None:
    random = np.random.default_rng(2)
    x, y = random.uniform(0, 1e5, (2, 3_000))
    size = np.where(np.arange(3_000) % 3 == 0, 8e4, 10.0)
    shapes = shapely.box(x, y, x + size, y + size)
    raster = build_raster(shapes)
    assert raster.nbytes < 300e6
    index = prepared(shapes)
    points = np.concatenate([corners_and_middles(shapes[:300]), random.uniform(0, 2e5, (300, 2))])
    assert_equal_to_shapely(index, shapes, *points.T)


@pytest.mark.parametrize("size", [1e-300, 1e-12, 1.0, 1e140, 1e160, 1e300])
@pytest.mark.parametrize("start", [0.0, -1.0, 1e9])
def test_no_size_and_no_place_of_a_polygon_leads_astray(size, start) -> None:
    shapes = np.array([shapely.box(start, start, start + size, start + 2 * size), shapely.box(-size, 0, size, size)])
    index = prepared(shapes)
    steps = np.array([-1, -0.5, 0, 0.25, 0.5, 1, 1.5, 2, 3])
    x, y = (part.ravel() for part in np.meshgrid(start + steps * size, start + steps * size))
    assert_equal_to_shapely(index, shapes, x, y)
    wanted = by_shapely(shapes, x, y)
    assert [index.find(*point) for point in zip(x.tolist(), y.tolist())] == list(
        zip(*(part.tolist() for part in wanted))
    )


def test_a_point_that_rounding_leaves_in_doubt_gets_the_exact_answer() -> None:
    shapes = np.array([shapely.Polygon([(0, 0), (3, 1), (0, 1)]), shapely.Polygon([(0, 0), (3, 0), (3, 1)])])
    x = np.linspace(0, 3, 3_001)
    index = prepared(shapes)
    assert len(index._raster.find_many(x, x / 3)[2]) > 1_000
    for nudge in (0, 1, -1):
        y = x / 3
        y = np.nextafter(y, y + nudge)
        assert_equal_to_shapely(index, shapes, x, y)


INVALID = {
    "overlapping parts": "MULTIPOLYGON (((0 0, 4 0, 4 4, 0 4, 0 0)), ((2 0, 6 0, 6 4, 2 4, 2 0)))",
    "overlapping holes": "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 5 1, 5 5, 1 5, 1 1), (3 1, 8 1, 8 5, 3 5, 3 1))",
    "a hole outside": "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0), (3 1, 8 1, 8 5, 3 5, 3 1))",
    "a hole partly outside": "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (3 1, 8 1, 8 3, 3 3, 3 1))",
    "a bow": "POLYGON ((0 0, 4 4, 4 0, 0 4, 0 0))",
    "twice round": "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0, 4 0, 4 4, 0 4, 0 0))",
    "a line": "POLYGON ((0 0, 4 4, 8 8, 0 0))",
    "a point": "POLYGON ((3 3, 3 3, 3 3, 3 3))",
}


@pytest.mark.parametrize("wkt", INVALID.values(), ids=INVALID)
def test_shapes_that_are_not_valid_are_taken_as_shapely_takes_them(wkt) -> None:
    shapes = np.array([shapely.from_wkt(wkt), shapely.box(1, 1, 3, 9)])
    index = prepared(shapes)
    x, y = (part.ravel() for part in np.meshgrid(np.arange(-1, 11, 0.25), np.arange(-1, 11, 0.25)))
    assert_equal_to_shapely(index, shapes, x, y)
    wanted = by_shapely(shapes, x, y)
    assert [index.find(*point) for point in zip(x.tolist(), y.tolist())] == list(
        zip(*(part.tolist() for part in wanted))
    )
