"""Point to polygon: whatever the polygons, the points and the scale, the answer of `shapely.intersects`."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.locate import PolygonIndex
from tests.gis.test_locate import assert_equal_to_shapely, assert_one_by_one_too, corners_and_middles, prepared

# Coordinates on a coarse lattice, so that borders, corners and points meet; scales that are no powers of two as well.
whole = st.integers(0, 12)
spot = st.tuples(whole, whole)
scales = st.sampled_from([1.0, 0.1, 1 / 3, 1e-5, 1e4])
starts = st.sampled_from([0.0, -3.7, 112.95, 3_121_052.378, 1e9])


@st.composite
def polygons(draw):
    """A box, a triangle, a ring of any corners (often not valid), with holes, in one part or several, or nothing."""
    parts = []
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["box", "any", "hole"]))
        if kind == "any":
            parts.append(shapely.Polygon(draw(st.lists(spot, min_size=3, max_size=8))))
            continue
        (x, y), w, h = draw(spot), draw(st.integers(1, 8)), draw(st.integers(1, 8))
        holes = []
        if kind == "hole":
            (u, v), p, q = draw(spot), draw(st.integers(1, 5)), draw(st.integers(1, 5))
            holes = [list(shapely.box(x + u, y + v, x + u + p, y + v + q).exterior.coords)]
        parts.append(shapely.Polygon(shapely.box(x, y, x + w, y + h).exterior.coords, holes))
    if not parts:
        return draw(st.sampled_from([None, shapely.Polygon(), shapely.MultiPolygon()]))
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


@given(st.lists(polygons(), min_size=1, max_size=8), scales, starts, st.booleans())
def test_every_corner_middle_and_lattice_point_is_answered_as_by_shapely(shapes, scale, start, is_turned) -> None:
    turn = np.array([[0.8, -0.6], [0.6, 0.8]]) if is_turned else np.eye(2)
    outlines = shapely.transform(np.array(shapes, dtype=object), lambda xy: scale * (xy @ turn) + start)
    lattice = np.stack(np.meshgrid(np.arange(-1, 22, 0.5), np.arange(-1, 22, 0.5)), axis=-1).reshape(-1, 2)
    points = np.concatenate([scale * (lattice @ turn) + start, corners_and_middles(outlines)])
    points = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    assert_equal_to_shapely(prepared(outlines), outlines, *points.T)
    assert_equal_to_shapely(PolygonIndex(outlines), outlines, *points.T)
    some = points[:: max(1, len(points) // 200)]
    assert_one_by_one_too(outlines, *some.T)


@given(st.lists(polygons(), min_size=1, max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_filter_gives_what_an_index_of_the_allowed_ones_gives(shapes, allowed) -> None:
    outlines = np.array(shapes, dtype=object)
    mask = np.array(allowed[: len(shapes)])
    x, y = (part.ravel() for part in np.meshgrid(np.arange(-1, 22, 0.5), np.arange(-1, 22, 0.5)))
    alone = np.where(mask, outlines, None)
    for index, other in ((PolygonIndex(outlines), PolygonIndex(alone)), (prepared(outlines), prepared(alone))):
        for found, wanted in zip(index.find_many(x, y, mask), other.find_many(x, y)):
            assert np.array_equal(found, wanted)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), scales)
def test_voronoi_cells_are_answered_as_by_shapely_and_leave_no_gap(seed, n, scale) -> None:
    random = np.random.default_rng(seed)
    seeds = shapely.MultiPoint(random.uniform(0, 100 * scale, (n, 2)))
    cells = np.array(shapely.get_parts(shapely.voronoi_polygons(seeds)), dtype=object)
    if not len(cells):
        return
    index = prepared(cells)
    points = np.concatenate([random.uniform(0, 100 * scale, (500, 2)), corners_and_middles(cells)])
    assert_equal_to_shapely(index, cells, *points.T)
    corners = shapely.get_coordinates(cells)
    assert (index.find_many(*corners.T)[0] >= 0).all()
