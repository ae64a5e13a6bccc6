"""Sight lines and visibility polygons: walls stop them, exactly where rays find them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.sight import Cameras, Samples, Seen
from gis.sight.see import see
from gis.sight.sweep import visible
from gis.sight.walls import Walls
from tests.sight_kit import cameras, likeness, random_camera, random_scene, seen_by_rays, squared_scene, walls

DISC = math.pi * (30.0**2 - 2.0**2)


def points(x: object, y: object, *, kind: Seen = Seen.STREET, nx: object = 0.0, ny: object = 0.0) -> Samples:
    x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
    n = len(x)
    number = np.zeros(n, np.int32)
    each = [np.broadcast_to(np.asarray(v, float), n).copy() for v in (nx, ny)]
    return Samples(x.copy(), y.copy(), np.full(n, kind), number, np.zeros(n), np.ones(n), number.copy(), *each)


def one(camera: Cameras, land: Walls, range_m: float = 30.0) -> shapely.Geometry:
    return visible(camera, land, np.full(len(camera), range_m))[0]


@pytest.mark.parametrize("seed", range(60))
def test_the_polygon_is_what_rays_find(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    camera = random_camera(rng, scene)
    range_m = float(rng.choice([20.0, 50.0, 114.0]))
    polygon = one(camera, Walls.around(scene), range_m)
    assert polygon.is_valid
    assert likeness(polygon, seen_by_rays(camera, scene, range_m)) >= 0.999


@pytest.mark.parametrize("seed", range(40))
def test_the_polygon_is_what_rays_find_where_walls_are_in_line(seed: int) -> None:
    scene, camera, range_m = squared_scene(np.random.default_rng(seed))
    polygon = one(camera, Walls.around(scene), range_m)
    assert polygon.is_valid
    assert likeness(polygon, seen_by_rays(camera, scene, range_m)) >= 0.999


def test_an_open_field_is_seen_as_a_ring_with_the_blind_zone_cut_out() -> None:
    seen = one(cameras(0, 0), walls())
    assert seen.area == pytest.approx(DISC, rel=1e-4)
    assert len(seen.interiors) == 1
    assert not seen.covers(shapely.Point(0, 0))


@pytest.mark.parametrize("heading", [0.0, 90.0, 217.5])
def test_a_field_of_view_is_a_sector_about_the_heading(heading: float) -> None:
    seen = one(cameras(0, 0, heading=heading, hfov=60.0), walls())
    assert seen.area == pytest.approx(DISC / 6, rel=1e-4)
    turn = math.radians(heading)
    assert seen.covers(shapely.Point(20 * math.sin(turn), 20 * math.cos(turn)))
    assert not seen.covers(shapely.Point(-20 * math.sin(turn), -20 * math.cos(turn)))


def test_a_wall_hides_what_is_behind_it_and_nothing_else() -> None:
    seen = one(cameras(0, 0), walls(shapely.box(10, -5, 12, 5)))
    corner = math.atan2(5, 10)
    shadow = corner * 30.0**2 - 100 * math.tan(corner)
    assert seen.area == pytest.approx(DISC - shadow, rel=1e-4)
    assert seen.covers(shapely.Point(9.99, 0))
    assert not seen.intersects(shapely.Point(12.5, 0))


def test_a_wall_inside_the_blind_zone_still_hides_what_is_behind_it() -> None:
    seen = one(cameras(0, 0, near=5.0), walls(shapely.box(3, -2, 4, 2)))
    assert not seen.intersects(shapely.Point(20, 0))
    assert seen.covers(shapely.Point(-20, 0))
    assert seen.is_valid


def test_a_wall_that_touches_the_blind_zone_is_seen_on_both_sides_of_the_touch() -> None:
    house = shapely.box(-3, 5, 3, 8)
    camera = cameras(0, 0, near=5.0)
    seen = one(camera, walls(house))
    assert seen.is_valid
    assert likeness(seen, seen_by_rays(camera, np.array([house], dtype=object), 30.0)) >= 0.9999
    assert seen.covers(shapely.Point(2.8, 4.9))


def test_a_camera_closed_in_sees_its_courtyard_alone() -> None:
    court = shapely.box(-20, -20, 20, 20).difference(shapely.box(-8, -8, 8, 8))
    seen = one(cameras(0, 0, near=1.0), walls(court), 100.0)
    assert seen.area == pytest.approx(256 - math.pi, rel=1e-4)


def test_a_camera_whose_blind_zone_reaches_its_range_sees_nothing() -> None:
    assert one(cameras(0, 0, near=31.0), walls()).is_empty
    assert one(cameras(0, 0, far=0.0), walls()).is_empty
    assert visible(cameras([], []), walls(), np.zeros(0)).tolist() == []


def test_walls_round_the_blind_zone_leave_several_parts() -> None:
    posts = [shapely.box(x - 3, y - 3, x + 3, y + 3) for x, y in ((4, 0), (-4, 0), (0, 4.5), (0, -4.5))]
    seen = one(cameras(0, 0, near=6.0), walls(shapely.union_all(posts[:2]), *posts[2:]))
    assert seen.is_valid
    assert not seen.intersects(shapely.Point(20, 0))


def test_the_polygon_of_a_range_lies_in_that_of_a_longer_one() -> None:
    rng = np.random.default_rng(5)
    scene = random_scene(rng)
    camera = random_camera(rng, scene)
    land = Walls.around(scene)
    near, far = one(camera, land, 40.0), one(camera, land, 90.0)
    assert shapely.difference(near, far).area < 1e-3 * near.area


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_a_point_is_seen_exactly_where_the_polygon_has_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    camera = random_camera(rng, scene)
    land = Walls.around(scene)
    polygon = one(camera, land, 60.0)
    samples = points(*rng.uniform(0, 160, (2, 400)))
    seen = np.zeros(len(samples), bool)
    seen[see(camera, samples, land, float(camera.focal_px[0]) / 60.0).point] = True
    spots = shapely.points(samples.x, samples.y)
    clear = shapely.distance(polygon.boundary, spots) > 0.05
    assert (seen == shapely.covers(polygon, spots))[clear].all()


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_a_wall_stands_between_two_points_as_shapely_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng)
    land, mass = Walls.around(scene), shapely.union_all(scene)
    for x0, y0, x1, y1 in rng.uniform(0, 160, (50, 4)):
        inside = shapely.intersection(shapely.LineString([(x0, y0), (x1, y1)]), mass).length
        if inside == 0.0 or inside > 1e-6:
            whole = shapely.covers(mass, shapely.LineString([(x0, y0), (x1, y1)]))
            # Within one building there may be party walls, and there may be none.
            assert whole or land.hides(x0, y0, x1, y1) == (inside > 0.0)


def test_pixel_density_is_focal_length_over_distance() -> None:
    seen = see(cameras(0, 0, focal_px=1000.0), points([10.0, 40.0, 41.0], [0.0, 0.0, 0.0]), walls(), 25.0)
    assert seen.point.tolist() == [0, 1]
    assert seen.px_per_m.tolist() == [100.0, 25.0]
    assert seen.count(25.0).tolist() == [1, 1, 0]
    assert seen.count(26.0).tolist() == [1, 0, 0]
    assert seen.finest().tolist() == [100.0, 25.0, 0.0]


def test_a_point_in_the_blind_zone_or_beyond_the_stated_range_is_not_seen() -> None:
    seen = see(cameras(0, 0, near=7.0, far=20.0), points([6.9, 7.1, 19.9, 20.1], [0.0] * 4), walls(), 25.0)
    assert seen.point.tolist() == [1, 2]


def test_sights_are_by_camera_with_points_ascending() -> None:
    rng = np.random.default_rng(1)
    many = cameras(*rng.uniform(0, 300, (2, 20)))
    seen = see(many, points(*rng.uniform(0, 300, (2, 3000))), walls(shapely.box(100, 100, 200, 200)), 25.0)
    assert seen.n_cameras == 20
    for a, b in zip(seen.start, seen.start[1:]):
        assert (np.diff(seen.point[a:b]) > 0).all()
        assert b > a


def test_a_diagonal_through_corners_does_not_slip_through() -> None:
    house = shapely.box(10, 10, 20, 20)
    assert see(cameras(0, 0), points(25.0, 25.0), walls(house), 25.0).point.tolist() == []


def test_windows_are_seen_from_outside_and_not_from_behind() -> None:
    house = shapely.box(10, -5, 20, 5)
    front = points([10.0, 20.0, 15.0], [0.0, 0.0, 5.0], kind=Seen.FRONTAGE, nx=[-1.0, 1.0, 0.0], ny=[0.0, 0.0, 1.0])
    assert see(cameras(0, 0), front, walls(house), 25.0).point.tolist() == [0]
    assert see(cameras(15, 20), front, walls(house), 25.0).point.tolist() == [2]
    assert see(cameras(30, 0), front, walls(house), 25.0).point.tolist() == [1]


def test_windows_are_hidden_by_other_houses_and_not_by_their_own_wall() -> None:
    house, other = shapely.box(10, -5, 20, 5), shapely.box(5, -1, 6, 1)
    front = points([10.0], [0.0], kind=Seen.FRONTAGE, nx=-1.0)
    assert see(cameras(0, 0), front, walls(house, other), 25.0).point.tolist() == []
    assert see(cameras(0, 0), front, walls(house), 25.0).point.tolist() == [0]


def test_nothing_to_see_and_nobody_to_see_it() -> None:
    assert see(cameras([], []), points(1.0, 1.0), walls(), 25.0).start.tolist() == [0]
    alone = see(cameras(0, 0), points([], []), walls(), 25.0)
    assert alone.start.tolist() == [0, 0]
    assert alone.finest().tolist() == []


def test_far_from_all_walls_and_across_them_alike() -> None:
    land = walls(shapely.box(0, 0, 10, 10))
    assert not land.hides(-500.0, 20.0, 500.0, 20.0)
    assert land.hides(-500.0, 5.0, 500.0, 5.0)
    assert not land.hides(-500.0, -500.0, -400.0, -400.0)
    assert not walls().hides(0.0, 0.0, 1.0, 1.0)


def test_a_range_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        visible(cameras(0, 0), walls(), np.array([np.inf]))
    with pytest.raises(ValueError, match="above 0"):
        see(cameras(0, 0), points(1.0, 1.0), walls(), 0.0)
